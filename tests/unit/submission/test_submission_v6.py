"""Closed submissions in the merged layout of v6."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest

from franca.mlperf.submission.output import to_csv
from franca.mlperf.submission.truncate import plan_truncation
from tests.unit.submission.submission_trees import (
    REBELLIONS,
    RUN,
    Damage,
    add_entry,
    broken_rules,
    check,
    closed_v6,
    replace,
    set_fields,
    set_value,
)

PLACE = f"{REBELLIONS}/results/ATOM/resnet50"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return closed_v6(tmp_path / "tree")


def test_closed_tree_of_v6_1_is_accepted(tree: Path) -> None:
    verdict = check(tree)
    assert verdict.round == "v6.1"
    assert verdict.ok, [f.line() for f in verdict.findings]
    assert {r.scenario: r.result for r in verdict.records} == {
        "SingleStream": 0.238835, "MultiStream": 1.336096, "Offline": 7245.87,
    }  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(to_csv(verdict))))
    assert {row["compliance"] for row in rows} == {"closed"}
    assert {row["total_accelerators"] for row in rows} == {"1"}


FAULTS: list[tuple[str, str, Damage]] = [
    ("F4", "no source directory", lambda t: shutil.rmtree(t / REBELLIONS / "src")),
    ("F5", "no calibration document", lambda t: (t / REBELLIONS / "documentation/calibration.md").rename(
        t / REBELLIONS / "documentation/other.md")),
    ("S3", "empty field", lambda t: set_fields(t / REBELLIONS / "systems/ATOM.json", cooling="")),
    ("M1", "no measurements", lambda t: (t / PLACE / "Offline/measurements.json").unlink()),
    ("A5", "part of the data set", lambda t: set_value(
        t / PLACE / "Offline/accuracy/mlperf_log_detail.txt", "qsl_reported_total_count", 49999)),
    ("C1", "test missing", lambda t: shutil.rmtree(t / PLACE / "Offline/TEST04")),
    ("C2", "test failed", lambda t: replace(t / PLACE / "Offline/TEST01/verify_performance.txt", "PASS", "FAIL")),
    ("C3", "test with the seeds of a former round", lambda t: set_value(
        t / PLACE / "Offline/TEST04" / RUN, "effective_qsl_rng_seed", 2465351861681999779)),
    ("C4", "payloads differ", lambda t: replace(
        t / PLACE / "Offline/TEST01/verify_accuracy.txt", "TEST PASS", "TEST FAIL")),
    ("C5", "no accuracy directory", lambda t: shutil.rmtree(t / PLACE / "Offline/TEST01/accuracy")),
    ("P1", "directory of no part", lambda t: (t / PLACE / "Offline/logs").mkdir()),
    ("B2", "Server on an edge system", lambda t: shutil.copytree(t / PLACE / "Offline", t / PLACE / "Server")),
]  # fmt: skip


@pytest.mark.parametrize("case", FAULTS, ids=lambda c: f"{c[0]}-{c[1]}")
def test_fault_of_a_closed_v6_tree_is_refused_with_its_rule(tree: Path, case: tuple[str, str, Damage]) -> None:
    case[2](tree)
    verdict = check(tree)
    assert not verdict.ok
    assert case[0] in broken_rules(verdict)


def test_truncation_finds_results_and_tests_of_the_merged_layout(tree: Path) -> None:
    from franca.mlperf.submission.index import index_tree

    logs = sorted(tree.rglob("accuracy/mlperf_log_accuracy.json"))
    for log in logs:
        log.write_text("[\n" + ",\n".join(["{}"] * 9000) + "\n]\n")
    found = {item.directory for item in plan_truncation(str(tree), index_tree(str(tree)))}
    assert found == {str(log.parent.relative_to(tree)) for log in logs}
    assert len(found) == 6


def test_interactive_runs_are_logged_as_server(tree: Path) -> None:
    """The token models of v6.1 have an Interactive scenario; LoadGen calls it Server."""
    set_fields(tree / REBELLIONS / "systems/ATOM.json", system_type="datacenter")
    place = tree / REBELLIONS / "results/ATOM/llama3.1-8b/interactive"
    shutil.copytree(tree / PLACE / "Offline", place)
    set_value(place / RUN, "effective_scenario", "Server")
    for key, value in {
        "requested_use_token_latencies": True,
        "result_completed_tokens_per_second": 1234.5,
        "result_first_token_99.00_percentile_latency_ns": 499_999_999,
        "result_time_per_output_token_99.00_percentile_ns": 29_999_999,
        "effective_performance_sample_count": 13368,
    }.items():
        add_entry(place / RUN, key, value)
    said = {f.rule for f in check(tree).findings if f.path.endswith(f"llama3.1-8b/interactive/{RUN}")}
    assert not said & {"P12", "P13", "P15"}
    set_value(place / RUN, "result_time_per_output_token_99.00_percentile_ns", 30_000_000)
    said = {f.rule for f in check(tree).findings if f.path.endswith(f"llama3.1-8b/interactive/{RUN}")}
    assert "P13" in said
