"""What the C++ harness is asked: its configuration file, and the samples for engines inside it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from franca.mlperf.inference.backends.ort import usual_threads
from franca.mlperf.inference.job import Job
from franca.mlperf.inference.plugs import PlugError
from franca.mlperf.inference.predictor import payload_bytes

CONFIG = "harness.conf"
ROWS = "rows.f32"  #: removed after the run
CHUNK = 256  #: samples that are pre-processed at once
PAYLOADS = {"label": "argmax", "none": "first"}  #: what the engines inside the harness can make of an output
SUT_NAMES = {"null": "Franca C++ null", "bridge": "Franca C++ bridge"}
MAX_SAMPLES = 1 << 32


class Rows(NamedTuple):
    """Pre-processed samples in a file: float32, one sample after the other."""

    path: str
    shape: tuple[int, ...]  #: of one sample


def config_text(job: Job, dataset: Any, metric: Any, rows: Rows | None, descriptors: Sequence[int] = ()) -> str:
    """The configuration file, but for the descriptor that the caller adds.

    Raises:
        PlugError: a part cannot be used by the C++ harness.
    """
    if dataset.count >= MAX_SAMPLES:
        raise PlugError(f"{dataset.count} samples are more than the C++ harness counts")
    values: dict[str, Any] = {
        "engine": job.engine,
        "sut_name": SUT_NAMES.get(job.engine, f"Franca C++ {job.engine}"),
        "scenario": job.scenario,
        "mode": job.mode,
        "model_key": job.model_key,
        "user_conf": job.user_conf,
        "audit_conf": job.audit_conf,
        "outdir": job.outdir,
        "seeds": " ".join(str(seed) for seed in job.seeds),
        "coalesce": int(job.coalesce),
        "per_query": int(job.scenario == "Server"),
        "sample_count": dataset.count,
        "performance_count": dataset.performance_count,
        "max_batch": largest_batch(job),
        "batch_timeout_us": int(job.batch_timeout_ms * 1000) if job.scenario == "Server" else 0,
        "workers": job.workers,
        "item_bytes": payload_bytes(metric),
        "worker_fds": " ".join(str(one) for one in descriptors),
        "whole_batches": int(not job.sut.name),
        **_engine_values(job, rows),
    }
    return "".join(f"{key} {_line(str(value))}\n" for key, value in values.items())


def largest_batch(job: Job) -> int:
    """A stream's query is one batch."""
    return {"SingleStream": 1, "MultiStream": job.samples_per_query}.get(job.scenario, job.max_batchsize)


def _engine_values(job: Job, rows: Rows | None) -> dict[str, Any]:
    if rows is None:
        return {}
    if job.metric.name not in PAYLOADS:
        raise PlugError(f"engine {job.engine} cannot make the answers of metric {job.metric.name!r}; use the bridge")
    if job.sut.name:
        raise PlugError(f"engine {job.engine} runs no plug-in system under test; use the bridge")
    options = job.backend.options
    if str(options.get("device") or "cpu") != "cpu":
        raise PlugError(f"engine {job.engine} runs on the CPU, not on {options['device']}")
    if job.engine == "libtorch" and str(options.get("mode") or "torchscript") != "torchscript":
        raise PlugError(f"engine libtorch runs TorchScript files, not mode {options['mode']}; use the bridge")
    return {
        "library": job.library,
        "model": options.get("model", ""),
        "output": options.get("output", ""),
        "threads": int(options.get("threads") or 0) or _usual_threads(job),
        "payload": PAYLOADS[job.metric.name],
        "rows": rows.path,
        "row_shape": " ".join(str(size) for size in rows.shape),
    }


def _usual_threads(job: Job) -> int:
    """As the Python backends choose; 0 = the runtime's own choice."""
    return usual_threads(str(job.backend.options["model"])) if job.engine == "onnxruntime" else 0


def _line(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise PlugError(f"the C++ harness takes no line breaks in {text!r}")
    return text


def _one_array(job: Job, batch: Any) -> Any:
    """The float32 array of a batch, which may have a name."""
    arrays = list(batch.values()) if isinstance(batch, dict) else [batch]
    kinds = [str(getattr(array, "dtype", type(array).__name__)) for array in arrays]
    if kinds != ["float32"]:
        raise PlugError(
            f"engine {job.engine} takes one float32 array per batch; this data set gives {', '.join(kinds)}; "
            "use the bridge"
        )
    return arrays[0]


def write_rows(job: Job, dataset: Any) -> Rows:
    """Every sample, pre-processed, into a file beside the logs."""
    import numpy as np

    path = os.path.join(job.outdir, ROWS)
    shape: tuple[int, ...] = ()
    with open(path, "wb") as out:
        for at in range(0, dataset.count, CHUNK):
            chosen = list(range(at, min(at + CHUNK, dataset.count)))
            dataset.load(chosen)
            batch = _one_array(job, dataset.batch(chosen))
            shape = batch.shape[1:]
            out.write(np.ascontiguousarray(batch))
            dataset.unload(chosen)
    return Rows(path, shape)
