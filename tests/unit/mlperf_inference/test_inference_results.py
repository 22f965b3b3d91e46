"""Results read from official logs: which figure counts, and which runs are none (mlperf-inference 2.4, 3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from franca.errors import MalformedFile, Refused
from franca.mlperf.inference.compliance import effects_of
from franca.mlperf.inference.results import read_performance
from franca.mlperf.inference.scenarios import Scenario
from franca.mlperf.logs.detail import read_detail

HPE = Path(__file__).resolve().parents[2] / "data/mlperf/v3.0/network/HPE"
PLACE = "dl385_q8_std-qaic-v1.8.3.7-aic100/bert-99.9/server"
RUN = HPE / "results" / PLACE / "performance/run_1"
TEST01, TEST05 = (HPE / "compliance" / PLACE / name / "performance/run_1" for name in ("TEST01", "TEST05"))
COMPLETED, SCHEDULED = 2572.91, 2573.2  #: as the summary of the run has them


@pytest.mark.parametrize(
    ("round_name", "value", "title"),
    [
        ("", COMPLETED, "completed queries per second"),
        ("v4.1", COMPLETED, "completed queries per second"),
        ("v4.0", SCHEDULED, "scheduled queries per second"),
        ("v3.0", SCHEDULED, "scheduled queries per second"),
    ],
)
def test_the_result_of_server_is_the_figure_of_the_round(round_name, value, title) -> None:
    found = read_performance(str(RUN), Scenario.SERVER, round_name)
    assert (found.value, found.samples_per_second, found.title) == (value, value, title)


@pytest.mark.parametrize(("round_name", "fits"), [("", True), ("v4.0", True), ("v5.0", False)])
def test_a_log_of_an_old_loadgen_has_no_completed_queries(tmp_path, round_name, fits) -> None:
    lines = (RUN / "mlperf_log_detail.txt").read_text("utf-8").splitlines(True)
    kept = [line for line in lines if "result_completed_samples_per_sec" not in line]
    assert len(kept) == len(lines) - 1
    (tmp_path / "mlperf_log_detail.txt").write_text("".join(kept), "utf-8")
    if fits:
        assert read_performance(str(tmp_path), Scenario.SERVER, round_name).value == SCHEDULED
        return
    with pytest.raises(MalformedFile, match="result_completed_samples_per_sec"):
        read_performance(str(tmp_path), Scenario.SERVER, round_name)


def test_a_run_under_an_audit_file_is_no_normal_run() -> None:
    with pytest.raises(Refused, match="audit file was in force"):
        read_performance(str(TEST01), Scenario.SERVER)
    assert read_performance(str(TEST01), Scenario.SERVER, audited=True).valid


def test_a_log_of_test05_shows_the_seeds_of_the_test() -> None:
    log = read_detail(str(TEST05 / "mlperf_log_detail.txt"))
    normal = read_detail(str(RUN / "mlperf_log_detail.txt"))
    wanted = effects_of("TEST05", "v3.0")
    assert len(wanted) == 3
    assert all(log.get(key) == value for key, value in wanted.items())
    assert all(normal.get(key) != value for key, value in wanted.items())
