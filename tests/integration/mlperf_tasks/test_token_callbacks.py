"""First tokens and their numbers through the real LoadGen: told right they are in its logs, told wrong it fails."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from franca.errors import StepFailed
from franca.mlperf.inference.job import Job, PartSpec
from franca.mlperf.inference.results import read_performance
from franca.mlperf.inference.runner import Interpreter, run_job
from franca.mlperf.inference.scenarios import Scenario
from franca.mlperf.logs.accuracy import read_accuracy
from franca.mlperf.logs.detail import read_detail

PYTHON = Interpreter(sys.executable, [str(Path(__file__).parent)])
CONF = """*.*.use_token_latencies = 1
*.Server.ttft_latency = 5000
*.Server.tpot_latency = 900
*.Server.target_qps = 300
*.Offline.target_qps = 500
*.*.min_duration = 200
*.SingleStream.target_latency = 0.01
*.*.min_query_count = 100
*.MultiStream.target_latency = 0.02
*.MultiStream.min_query_count = 700
"""


def job(folder: Path, scenario: str = "SingleStream", mode: str = "PerformanceOnly", **changes) -> Job:
    folder.mkdir(exist_ok=True)
    (folder / "user.conf").write_text(CONF, "utf-8")
    parts = {name: PartSpec(f"token_parts:{kind}") for name, kind in (("dataset", "Numbers"), ("metric", "Following"))}
    made = Job(
        "loadgen", str(folder), PartSpec("token_parts:Speaker"), parts["dataset"], parts["metric"], PartSpec(""),
        scenario, mode, user_conf=str(folder / "user.conf"), audit_conf=str(folder / "none"), max_batchsize=4,
    )  # fmt: skip
    return made._replace(**changes)


def run(made: Job) -> dict:
    return run_job(made, PYTHON, limit_s=60).answer


@pytest.mark.parametrize("sut", [PartSpec(""), PartSpec("token_parts:TokenSut")], ids=["own", "plug-in"])
@pytest.mark.parametrize("scenario", list(Scenario), ids=lambda s: s.value)
def test_what_was_told_is_in_the_log(tmp_path, scenario, sut) -> None:
    run(job(tmp_path, scenario.value, sut=sut))
    found = read_performance(str(tmp_path), scenario)
    assert not found.errors
    log = read_detail(str(tmp_path / "mlperf_log_detail.txt"))
    key = "result_tokens_per_second" if scenario is Scenario.OFFLINE else "result_completed_tokens_per_second"
    assert found.tokens.per_second == log.number(key) > 0
    if scenario is Scenario.OFFLINE:
        # Every answer has five tokens.
        assert found.tokens.per_second == pytest.approx(5 * found.value, rel=1e-3)
        assert found.tokens.first is None
        return
    assert found.tokens.first.percentiles["99.00"] == log.number("result_first_token_99.00_percentile_latency_ns")
    assert 0 < found.tokens.first.minimum < found.latency.maximum
    assert found.tokens.each.maximum > 0
    if scenario is Scenario.SERVER:
        assert (found.tokens.first_bound_ms, found.tokens.each_bound_ms) == (5000, 900)
        assert [tail.bound_ms for tail in found.tails] == [5000, 900]
        assert "5000 ms to the first token" in found.flags[0].reason
    if scenario is Scenario.SINGLE_STREAM:  # LoadGen's estimate is that of first tokens here
        assert found.metric == "result_90.00_percentile_latency_ns"
        assert found.value == pytest.approx(log.number(found.metric) / 1e6)


@pytest.mark.parametrize("scenario", ["SingleStream", "Offline"])
def test_an_accuracy_run_logs_first_tokens_and_counts(tmp_path, scenario) -> None:
    answer = run(job(tmp_path, scenario, "AccuracyOnly"))
    assert answer["score"]["value"] == 100.0
    path = tmp_path / "mlperf_log_accuracy.json"
    entries = list(read_accuracy(str(path)))
    assert len(entries) == 40 and {entry.token_count for entry in entries} == {5}
    if scenario != "Offline":
        first = json.loads(path.read_text("utf-8"))[3]
        assert bytes.fromhex(first["token_data"]) == bytes.fromhex(first["data"])[:4]


WRONG = [
    ("silent", "without saying when their first token was there"),
    ("twice", "told twice"),
    ("late", "after the end of its batch"),
    ("elsewhere", "by the thread that generates"),
    ("unknown", "place 1 of a batch of 1"),
    ("mismatched", "2 first tokens were given for 1 samples"),
    ("single", "an answer has 1 tokens"),
    ("empty", "an answer has 0 tokens"),
]


# An accuracy run would crash where a first token is missing.
MODES = [
    *((how, said, "PerformanceOnly") for how, said in WRONG),
    (*WRONG[0], "AccuracyOnly"),
    (*WRONG[-1], "AccuracyOnly"),
]


@pytest.mark.parametrize(("how", "said", "mode"), MODES, ids=[f"{how}-{mode}" for how, _, mode in MODES])
def test_a_backend_that_tells_wrong_fails_by_name(tmp_path, how, said, mode) -> None:
    with pytest.raises(StepFailed, match=said):
        run(job(tmp_path, mode=mode, backend=PartSpec("token_parts:Speaker", {"how": how})))
    assert (tmp_path / "mlperf_log_detail.txt").stat().st_size > 0  # LoadGen came to its end


WRONG_SUT = [
    ("silent", "ended without a first token"),
    ("twice", "told twice"),
    ("late", "has ended or was never asked"),
    ("nobody", "has ended or was never asked"),
    ("elsewhere", "by the same thread"),
    ("none", "an answer has 0 tokens"),
    ("few", "0 numbers of tokens were given for 1 samples"),
    ("words", "'x' is no number of tokens"),
]


@pytest.mark.parametrize(("how", "said"), WRONG_SUT, ids=[how for how, _ in WRONG_SUT])
def test_a_plug_in_that_tells_wrong_fails_by_name(tmp_path, how, said) -> None:
    with pytest.raises(StepFailed, match=said):
        run(job(tmp_path, "Server", sut=PartSpec("token_parts:TokenSut", {"how": how})))


def test_a_plug_in_may_count_its_tokens_itself(tmp_path) -> None:
    run(job(tmp_path, "Offline", sut=PartSpec("token_parts:TokenSut", {"how": "many"})))
    found = read_performance(str(tmp_path), Scenario.OFFLINE)
    assert found.tokens.per_second == pytest.approx(7 * found.value, rel=1e-3)


def test_parts_that_know_no_tokens_are_refused_before_the_run(tmp_path) -> None:
    with pytest.raises(StepFailed, match=r"could not start: token latencies are on, .* it has no generate"):
        run(job(tmp_path / "a", backend=PartSpec("token_parts:Mute")))
    with pytest.raises(StepFailed, match="the metric Uncounted counts no tokens"):
        run(job(tmp_path / "b", metric=PartSpec("token_parts:Uncounted")))
    assert not os.path.exists(tmp_path / "a" / "mlperf_log_detail.txt")


def test_offline_needs_counts_alone(tmp_path) -> None:
    run(job(tmp_path, "Offline", backend=PartSpec("token_parts:Mute")))
    assert read_performance(str(tmp_path), Scenario.OFFLINE).tokens.per_second > 0


def test_the_parts_of_the_guide_run(tmp_path) -> None:
    guide = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "token-latencies.md"
    blocks = re.findall(r"```python\n(.*?)```", guide.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 2
    (tmp_path / "guide_parts.py").write_text("\n\n".join(blocks), "utf-8")
    parts = {"backend": PartSpec("guide_parts:Following"), "sut": PartSpec("guide_parts:OneByOne")}
    python = Interpreter(sys.executable, [str(tmp_path), *PYTHON.python_path])
    assert (
        run_job(job(tmp_path / "run", mode="AccuracyOnly", **parts), python, limit_s=60).answer["score"]["value"] == 100
    )
