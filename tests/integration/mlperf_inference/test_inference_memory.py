"""What LoadGen makes in advance is as many queries, and at most as much memory, as was predicted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from franca.errors import Unavailable
from franca.mlperf.inference import measure, targets
from franca.mlperf.inference.campaign import run
from franca.mlperf.inference.config import format_config
from franca.mlperf.inference.job import Job, PartSpec
from franca.mlperf.inference.profiles import SHORT, Length
from franca.mlperf.inference.runner import Interpreter, run_job
from franca.mlperf.inference.scenarios import Scenario
from franca.mlperf.logs.detail import read_detail
from tests.integration.mlperf_inference.inference_cases import request

# (target, keys that end the run long before its queries do)
SIZES = {
    Scenario.SINGLE_STREAM: 0.005,
    Scenario.MULTI_STREAM: 0.01,
    Scenario.SERVER: 150_000.0,
    Scenario.OFFLINE: 600_000.0,
}


def peak_bytes(parts: Path, folder: Path, scenario: Scenario, target: float) -> tuple[targets.Plan, int, int]:
    """The plan, the queries in the log (samples in Offline), the peak memory of the process."""
    folder.mkdir()
    profile = SHORT._replace(lengths={scenario: Length(1000, 100, None, 1)})
    plan = targets.plan(scenario, profile, targets.Choice(target, ""), 1000.0, [], "*")
    (folder / "user.conf").write_text(format_config(plan.entries), "utf-8")
    job = Job(
        "loadgen", str(folder), PartSpec("onnxruntime", {"model": str(parts / "model.onnx")}),
        PartSpec("digits", {"path": str(parts)}), PartSpec("label"), PartSpec(""), scenario.value, "PerformanceOnly",
        user_conf=str(folder / "user.conf"), audit_conf=str(folder / "none"), max_batchsize=256,
    )  # fmt: skip
    answer = run_job(job, Interpreter(sys.executable), limit_s=120).answer
    log = read_detail(str(folder / "mlperf_log_detail.txt"))
    count = log.number("generated_query_count")
    if scenario is Scenario.OFFLINE:
        count *= log.number("generated_samples_per_query")
    return plan, int(count), int(answer["peak_memory_bytes"])


@pytest.mark.parametrize("scenario", list(SIZES), ids=lambda one: one.value)
def test_predicted_and_made(parts, tmp_path, scenario) -> None:
    small = peak_bytes(parts, tmp_path / "small", scenario, SIZES[scenario] * (1000 if scenario.is_stream else 0.001))
    plan, made, memory = peak_bytes(parts, tmp_path / "large", scenario, SIZES[scenario])
    assert made == pytest.approx(plan.queries, rel=0.02)
    # Predicted with the upper figures per query, so that no run takes more; a tenth is for what runs have of their own.
    assert memory - small[2] <= 1.1 * plan.memory_bytes
    assert memory - small[2] >= 0.2 * plan.memory_bytes, "the prediction would frighten without need"


def test_what_does_not_fit_is_refused_before_the_run_and_what_is_large_is_told(parts, tmp_path, monkeypatch) -> None:
    spec = request(parts, tmp_path / "r", scenarios=["SingleStream"], modes=["performance"])
    said: list[str] = []
    monkeypatch.setattr(measure, "MEMORY_TOLD", 1.0)
    monkeypatch.setattr(measure.system, "available_memory", lambda: 1_000)
    with pytest.raises(Unavailable, match=r"queries in advance, about .* GB of memory; 0.0 GB are free"):
        run(spec, said.append)
    assert not any("SingleStream performance" in line for line in said)
    monkeypatch.setattr(measure.system, "available_memory", lambda: 1 << 40)
    assert run(spec, said.append).scenarios[0].performance.valid
    assert len([line for line in said if "queries in advance" in line]) == 1
