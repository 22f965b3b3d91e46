"""Figures of all tasks in the table and the report: units, counts, tokens."""

from __future__ import annotations

import msgspec
import pytest

from franca.mlperf.inference import results as written
from franca.mlperf.inference import table
from franca.publish.report.inference import render
from franca.publish.report.records import Results

LATENCY = written.Latency(1e6, 2e6, 9e6, {"50.00": 2e6, "99.00": 8e6})
TOKENS = written.Tokens(1234.5, LATENCY, written.Latency(1e5, 2e5, 9e5, {"99.00": 7e5}), 2000.0, 200.0)


def result(name: str, value: float, line: str, good: int = 0) -> written.BenchmarkResult:
    accuracy = written.Accuracy(
        name=name, value=value, good=good, total=40, line=line, equals_direct=True, direct=value
    )  # fmt: skip
    performance = written.Performance(
        metric="result_completed_samples_per_sec", title="Completed", unit="queries/s", value=100.0,
        samples_per_second=100.0, valid=True, queries=1000, samples=1000, dataset_samples=40, duration_s=3.0,
        min_duration_s=3.0, flags=[], errors=[], warnings=[], latency=LATENCY, tokens=TOKENS,
    )  # fmt: skip
    return written.BenchmarkResult(
        benchmark="tiny", model="m", model_sha256="", dataset="d", dataset_sha256="", samples=40, sut="s",
        profile="short", note="", submission_grade=False, round="", started="2026-01-01T00:00:00Z",
        finished="2026-01-01T00:01:00Z", command="", system={}, software={}, ingredients=[], settings={},
        scenarios=[written.ScenarioResult("Server", performance, accuracy)], loadgen_seconds=1.0,
        franca_seconds=1.0, folder="",
    )  # fmt: skip


DICE = result("DICE", 0.8617, "Accuracy: mean = 0.86170, kidney = 0.9347, tumor = 0.7887")
LABELS = result("acc", 97.5, "accuracy=97.500%, good=39, total=40", good=39)


def page(one: written.BenchmarkResult) -> str:
    return render(msgspec.json.decode(msgspec.json.encode(one), type=Results))


@pytest.mark.parametrize(("one", "text"), [(DICE, "86.170%"), (LABELS, "97.500%")])
def test_the_table_states_all_accuracies_in_percent(one, text) -> None:
    assert text in table.render(one)


def test_the_report_states_the_dice_score_as_the_rules_do() -> None:
    html = page(DICE)
    assert "Accuracy 0.86170, equal to direct evaluation" in html and "0.862 %" not in html
    assert "kidney = 0.9347" in html and "of 40 right" not in html
    assert "39 of 40 right" in page(LABELS) and "97.500 %" in page(LABELS)


def test_the_report_states_token_metrics() -> None:
    html = page(LABELS)
    for cell in ("1,234", "First token, 99 %", "8 ms", "Each further token, 99 %", "0.7 ms"):
        assert cell in html, cell


def test_a_share_is_between_0_and_1() -> None:
    assert DICE.scenarios[0].accuracy.share == 0.8617 and LABELS.scenarios[0].accuracy.share == 0.975
