"""Token metrics of real LoadGen runs: what the logs state is in the results, and both logs agree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from franca.mlperf.inference.results import Tokens, read_performance
from franca.mlperf.inference.scenarios import Scenario
from franca.mlperf.logs.detail import read_detail
from franca.mlperf.logs.summary import read_summary

PROGRAM = Path(__file__).with_name("token_run.py")


def run(scenario: str, folder: Path, *more: str) -> Path:
    argv = [sys.executable, str(PROGRAM), scenario, str(folder), *more]
    subprocess.run(argv, check=True, timeout=120, capture_output=True)
    return folder


@pytest.mark.parametrize("scenario", [Scenario.SERVER, Scenario.SINGLE_STREAM])
def test_first_and_later_tokens_are_read_as_loadgen_states_them(tmp_path, scenario) -> None:
    run(scenario.value, tmp_path)
    log = read_detail(str(tmp_path / "mlperf_log_detail.txt"))
    tokens = read_performance(str(tmp_path), scenario).tokens
    assert tokens.per_second == log.number("result_completed_tokens_per_second") > 0
    assert tokens.first.percentiles["99.00"] == log.number("result_first_token_99.00_percentile_latency_ns")
    assert tokens.each.percentiles["99.00"] == log.number("result_time_per_output_token_99.00_percentile_ns")
    for latency in (tokens.first, tokens.each):
        assert 0 < latency.minimum <= latency.percentiles["50.00"] <= latency.percentiles["99.90"] <= latency.maximum
    bounds = (20_000.0, 5_000.0) if scenario is Scenario.SERVER else (None, None)
    assert (tokens.first_bound_ms, tokens.each_bound_ms) == bounds
    summary = read_summary(str(tmp_path / "mlperf_log_summary.txt"))
    assert int(summary.stats["99.00 percentile first token latency (ns)"]) == tokens.first.percentiles["99.00"]
    assert int(summary.stats["99.00 percentile time to output token (ns)"]) == tokens.each.percentiles["99.00"]
    assert {"TTFT Early Stopping Result", "TPOT Early Stopping Result"} & set(summary.tokens)


@pytest.mark.parametrize(("scenario", "part"), [(Scenario.SERVER, "completed_"), (Scenario.OFFLINE, "")])
def test_rates_that_loadgen_infers_are_read(tmp_path, scenario, part) -> None:
    run(scenario.value, tmp_path, "inferred")
    tokens = read_performance(str(tmp_path), scenario).tokens
    stated = read_detail(str(tmp_path / "mlperf_log_detail.txt")).number(f"result_inferred_{part}tokens_per_second")
    assert tokens == Tokens(stated, None, None, None, None) and stated > 0


def test_early_stopping_of_tokens_is_among_the_reasons(tmp_path) -> None:
    run("Server", tmp_path)
    flags = {flag.name: flag.reason for flag in read_performance(str(tmp_path), Scenario.SERVER).flags}
    assert flags["Early stopping"].startswith("further tokens: Run unsuccessful; Processed 70 queries")


def test_offline_states_only_the_rate(tmp_path) -> None:
    run("Offline", tmp_path)
    log = read_detail(str(tmp_path / "mlperf_log_detail.txt"))
    tokens = read_performance(str(tmp_path), Scenario.OFFLINE).tokens
    assert tokens.per_second == log.number("result_tokens_per_second") > 0
    assert tokens.first is None and tokens.each is None
    summary = read_summary(str(tmp_path / "mlperf_log_summary.txt"))
    assert float(summary.tokens["Tokens per second"]) == pytest.approx(tokens.per_second, rel=1e-3)
