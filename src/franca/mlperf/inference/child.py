"""One run in one process: what ``runner`` starts in the interpreter that has LoadGen and the runtime.

Leaves ``child.json`` when the run came to its end,
``failure.json`` when something was caught on the way. Ends when its parent does (standard input closes).
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

from franca.mlperf.inference.accuracy import score_log, score_sampled
from franca.mlperf.inference.guard import CheckedResponder, Failures, guarded
from franca.mlperf.inference.job import ANSWER, FAILURE, Job, job_from_json, write_json
from franca.mlperf.inference.plugs import PlugError, build
from franca.mlperf.inference.sut import InlineSut, Lane, Predictor, QueueSut
from franca.mlperf.power.estimate import EnergyMeter

SETUP_FAILED = 65  #: exit status: nothing was run, failure.json says why


def main(argv: list[str]) -> int:
    threading.Thread(target=_end_with_parent, name="franca-parent", daemon=True).start()
    with open(argv[0], encoding="utf-8") as source:
        job = job_from_json(source.read())
    failures = Failures(os.path.join(job.outdir, FAILURE))
    try:
        answer = KINDS[job.kind](job, failures)
    except Exception as error:
        failures.record("setup", error)
        return SETUP_FAILED
    write_json(os.path.join(job.outdir, ANSWER), answer)
    return 0


def _end_with_parent() -> None:
    """The parent holds the other end of standard input; when it is gone, so are we."""
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    os._exit(66)


def _parts(job: Job) -> tuple[Any, Any, Any, Any]:
    dataset = build("dataset", job.dataset)
    dataset.open()
    backend = build("backend", job.backend)
    capabilities = backend.load()
    return backend, dataset, build("metric", job.metric), capabilities


def _baseline(job: Job, failures: Failures) -> dict[str, Any]:
    from franca.mlperf.inference.baseline import measure

    backend, dataset, metric, capabilities = _parts(job)
    return {
        "capabilities": capabilities._asdict(),
        **measure(backend, dataset, metric, job.baseline_batches, job.baseline_s),
    }


def _subset(job: Job, failures: Failures) -> dict[str, Any]:
    """Scores of an accuracy log and of a sampled one over the samples of the latter (TEST01, section 9.5)."""
    dataset = build("dataset", job.dataset)
    dataset.open()
    whole, sampled = job.compare
    base, test = score_sampled(whole, sampled, dataset, build("metric", job.metric))
    return {"base": base, "test": test}


def _run(job: Job, failures: Failures) -> dict[str, Any]:
    loadgen = _import_loadgen()
    backend, dataset, metric, capabilities = _parts(job)
    settings = _settings(loadgen, job)
    sut, checked = _sut(loadgen, job, backend, dataset, metric, failures)
    handle_qsl = loadgen.ConstructQSL(
        dataset.count,
        dataset.performance_count,
        guarded("load", dataset.load, failures),
        guarded("unload", dataset.unload, failures),
    )
    # The samples that the warm-up uses; LoadGen loads its own set afterwards.
    dataset.load([0])
    sut.start()
    handle_sut = loadgen.ConstructFastSUT(*_callbacks(sut, checked, failures))
    energy = EnergyMeter()
    began, clock = time.time(), time.perf_counter()
    loadgen.StartTestWithLogSettings(handle_sut, handle_qsl, settings, _log_settings(loadgen, job), job.audit_conf)
    seconds = time.perf_counter() - clock
    estimated_power_w = energy.watts()
    sut.stop()
    loadgen.DestroyFastSUT(handle_sut)
    loadgen.DestroyQSL(handle_qsl)
    scored = score_log(job.outdir, dataset, metric) if job.mode == "AccuracyOnly" and not failures.first else {}
    return {
        **scored,
        "histogram": sut.histogram() if hasattr(sut, "histogram") else None,
        "capabilities": capabilities._asdict(),
        "began": began,
        "loadgen_seconds": seconds,
        "estimated_power_w": estimated_power_w,
        "empty_responses": failures.empty_responses,
        "sample_count": dataset.count,
        "performance_count": dataset.performance_count,
        "peak_memory_bytes": _peak_memory(),
        "versions": _versions(),
    }


def _import_loadgen() -> Any:
    """``mlperf_loadgen`` only: importing ``mlcommons_loadgen`` first would replace it (section 1.1)."""
    try:
        import mlperf_loadgen
    except ImportError as error:
        raise PlugError(f"mlperf_loadgen cannot be imported by {sys.executable}: {error}") from error
    return mlperf_loadgen


def _settings(loadgen: Any, job: Job) -> Any:
    """Test settings, ``FromConfig`` called exactly once (section 1.7)."""
    settings = loadgen.TestSettings()
    status = settings.FromConfig(job.user_conf, job.model_key, job.scenario, 1)
    if status:
        raise PlugError(f"LoadGen refused {job.user_conf} (status {status})")
    settings.scenario = getattr(loadgen.TestScenario, job.scenario)
    settings.mode = getattr(loadgen.TestMode, job.mode)
    settings.token_latency_scaling_factor = 1  # left uninitialised by LoadGen (section 1.5)
    if job.coalesce:
        settings.server_coalesce_queries = True
    if job.seeds:
        settings.qsl_rng_seed, settings.sample_index_rng_seed, settings.schedule_rng_seed = job.seeds
    return settings


def _log_settings(loadgen: Any, job: Job) -> Any:
    output = loadgen.LogOutputSettings()
    output.outdir = job.outdir
    output.copy_summary_to_stdout = False
    settings = loadgen.LogSettings()
    settings.enable_trace = False  # on by default, and costs a third of the issue rate (section 1.6)
    settings.log_output = output
    return settings


def _sut(loadgen: Any, job: Job, backend: Any, dataset: Any, metric: Any, failures: Failures) -> tuple[Any, Any]:
    """The system under test, and its watcher when it is a plug-in."""
    predictor = Predictor(backend, dataset, metric)
    if job.sut.name:
        checked = CheckedResponder(loadgen, failures, predictor.buffer(1).nbytes)
        return build("sut", job.sut, predictor=predictor, complete=checked.complete), checked

    def lane(capacity: int) -> Lane:
        return Lane(loadgen, predictor.buffer(capacity))

    if job.scenario in ("SingleStream", "MultiStream"):
        size = 1 if job.scenario == "SingleStream" else 8
        return InlineSut(predictor, lane, failures, size), None
    return (
        QueueSut(
            predictor,
            lane,
            failures,
            max_batchsize=job.max_batchsize,
            workers=job.workers,
            batch_timeout_s=job.batch_timeout_ms / 1000 if job.scenario == "Server" else 0.0,
            per_query=job.scenario == "Server",
        ),
        None,
    )


def _callbacks(sut: Any, checked: CheckedResponder | None, failures: Failures) -> tuple[Any, Any]:
    if checked is None:
        # The harness's own SUTs catch everything themselves; a second wrapper would cost time per query.
        return sut.issue, guarded("flush", sut.flush, failures)

    def issue(ids: list[int], indices: list[int]) -> None:
        checked.issued(ids)
        try:
            sut.issue(ids, indices)
        except BaseException as error:
            failures.record("issue", error, len(ids))
            checked.abandon(ids)

    def flush() -> None:
        try:
            sut.flush()
        except BaseException as error:
            failures.record("flush", error)
            checked.abandon_all()

    return issue, flush


def _peak_memory() -> int:
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)


def _versions() -> dict[str, str]:
    import platform

    import numpy as np

    return {"python": platform.python_version(), "numpy": np.__version__}


KINDS = {"loadgen": _run, "baseline": _baseline, "subset": _subset}


def run_and_exit(argv: list[str]) -> None:
    """The child's whole life."""
    status = main(argv)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # LoadGen's own threads may crash an orderly exit (section 1.8)


if __name__ == "__main__":
    run_and_exit(sys.argv[1:])
