"""Summary files: the real ones agree with their detail logs, broken ones are refused clearly."""

from __future__ import annotations

from pathlib import Path

import pytest

from franca.errors import MalformedFile
from franca.mlperf.logs.detail import read_detail
from franca.mlperf.logs.summary import read_summary

DATA = Path(__file__).resolve().parents[2] / "data" / "mlperf"
REAL = sorted(DATA.rglob("mlperf_log_summary.txt"))
PERFORMANCE = [path for path in REAL if "accuracy" not in path.parts]


@pytest.mark.parametrize("path", PERFORMANCE, ids=lambda p: "/".join(p.parts[-6:-1]))
def test_numbers_equal_those_of_the_detail_log(path: Path) -> None:
    summary, log = read_summary(str(path)), read_detail(str(path.with_name("mlperf_log_detail.txt")))
    keys = {
        "SingleStream": "result_90.00_percentile_latency_ns",
        "MultiStream": "result_99.00_percentile_per_query_latency_ns",
        "Server": "result_scheduled_samples_per_sec",
        "Offline": "result_samples_per_second",
    }
    assert summary.scenario == log.text("effective_scenario")
    assert summary.mode == "PerformanceOnly"
    assert summary.sut_name == log.text("sut_name")
    assert summary.metric == pytest.approx(log.number(keys[summary.scenario]), rel=1e-5)
    assert summary.validity == log.text("result_validity")
    assert summary.flags["Min duration"] == log.flag("result_min_duration_met")
    assert summary.flags["Early stopping"] == log.flag("early_stopping_met")
    assert int(summary.parameters["qsl_rng_seed"]) == log.integer("effective_qsl_rng_seed")
    assert int(summary.stats["Max latency (ns)"]) == log.integer("result_max_latency_ns")
    assert (summary.warnings, summary.errors) == (log.warning_count, log.error_count)


@pytest.mark.parametrize("path", sorted(set(REAL) - set(PERFORMANCE)), ids=lambda p: "/".join(p.parts[-5:-1]))
def test_accuracy_summary_has_only_the_counts(path: Path) -> None:
    summary = read_summary(str(path))
    assert (summary.scenario, summary.metric, summary.errors) == ("", None, 0)
    assert summary.warnings >= 0


INVALID = """\
================================================
MLPerf Results Summary
================================================
SUT name : A : B
Scenario : Server
Mode     : PerformanceOnly
Completed samples per second    : 12.5
Result is : INVALID
  Performance constraints satisfied : NO
  Min duration satisfied : Yes
  Min queries satisfied : NO
  Early stopping satisfied: NO
Recommendations:
 * Reduce target QPS to improve latency.
 * Increase the count.
Early Stopping Result:
 * Run unsuccessful.

1 warning encountered. See detailed log.

3 ERRORS encountered. See detailed log.
"""


def test_invalid_result_with_recommendations(tmp_path: Path) -> None:
    (tmp_path / "s").write_text(INVALID)
    summary = read_summary(str(tmp_path / "s"))
    assert summary.sut_name == "A : B"
    assert (summary.metric_label, summary.metric) == ("Completed samples per second", 12.5)
    assert summary.validity == "INVALID"
    assert summary.flags == {
        "Performance constraints": False, "Min duration": True, "Min queries": False, "Early stopping": False,
    }  # fmt: skip
    assert summary.recommendations == ("Reduce target QPS to improve latency.", "Increase the count.")
    assert summary.early_stopping == ("Run unsuccessful.",)
    assert (summary.warnings, summary.errors) == (1, 3)


@pytest.mark.parametrize(("singular", "count"), [("1 ERROR encountered. See detailed log.", 1)])
def test_one_error(tmp_path: Path, singular: str, count: int) -> None:
    (tmp_path / "s").write_text(singular)
    assert read_summary(str(tmp_path / "s")).errors == count


def test_empty_file_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("")
    summary = read_summary(str(tmp_path / "s"))
    assert (summary.validity, summary.warnings, summary.errors) == ("", -1, -1)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"Samples per second: fast\n", "expected a number"),
        (b"SUT name : \xff\n", "not UTF-8"),
        (b"x" * (2 * 1024 * 1024), "longer than"),
    ],
)
def test_broken_summary_is_refused_with_its_line(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "s").write_bytes(b"Scenario : Offline\n" + content)
    with pytest.raises(MalformedFile, match=says) as caught:
        read_summary(str(tmp_path / "s"))
    assert caught.value.where is not None and caught.value.where.line == 2
