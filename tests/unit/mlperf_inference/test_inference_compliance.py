"""Compliance tests: audit entries, thresholds, and the comparison of logs (mlperf-inference section 9)."""

from __future__ import annotations

import json

import pytest

from franca.mlperf.inference.compliance import audit_entries, compare_logs, comparison_lines, verify_performance
from franca.mlperf.inference.config import format_config, parse_config
from franca.mlperf.inference.results import Latency, Performance
from franca.mlperf.inference.scenarios import FACTS, Scenario


def performance(scenario: Scenario, value: float) -> Performance:
    facts = FACTS[scenario]
    return Performance(
        metric=facts.metric_key, title=facts.title, unit=facts.unit, value=value, samples_per_second=0.0, valid=True,
        flags=[], errors=[], warnings=[], queries=1, samples=1, dataset_samples=1, duration_s=600.0,
        min_duration_s=600.0, latency=Latency(1, 1, 1, {}),
    )  # fmt: skip


THRESHOLDS = [
    # test, scenario, reference, score, pass; rates in samples/s, latencies in ms
    ("TEST01", Scenario.OFFLINE, 1000, 1099, True),
    ("TEST01", Scenario.OFFLINE, 1000, 1101, False),
    ("TEST01", Scenario.OFFLINE, 1000, 899, False),
    ("TEST05", Scenario.SERVER, 1000, 901, True),
    ("TEST04", Scenario.OFFLINE, 1000, 1099, True),
    ("TEST04", Scenario.OFFLINE, 1000, 1100.1, False),
    ("TEST04", Scenario.OFFLINE, 1000, 10, True),
    ("TEST04", Scenario.SINGLE_STREAM, 10, 9.2, True),
    ("TEST04", Scenario.SINGLE_STREAM, 10, 9.0, False),
    ("TEST01", Scenario.SINGLE_STREAM, 10, 11.2, False),
    ("TEST01", Scenario.SINGLE_STREAM, 0.2, 0.24, True),
    ("TEST01", Scenario.MULTI_STREAM, 1.6, 1.9, True),
    ("TEST01", Scenario.MULTI_STREAM, 1.7, 2.0, False),
]


@pytest.mark.parametrize(("test", "scenario", "reference", "score", "good"), THRESHOLDS)
def test_a_score_passes_within_its_share(test, scenario, reference, score, good) -> None:
    passed, lines = verify_performance(test, scenario, performance(scenario, reference), performance(scenario, score))
    assert passed is good
    assert lines[0] == "Verifying performance." and lines[-1] == ("TEST PASS" if good else "TEST FAIL")
    assert lines[1] == f"reference score = {reference:g}"


def test_audit_files_hold_the_official_entries() -> None:
    first = {entry.name: entry.value for entry in audit_entries("TEST01", Scenario.OFFLINE)}
    assert first == {
        "*.*.mode": "2",
        "*.*.accuracy_log_rng_seed": "720381539243781796",
        "*.*.accuracy_log_sampling_target": "4096",
    }
    fourth = {entry.name: entry.value for entry in audit_entries("TEST04", Scenario.SERVER)}
    assert fourth == {
        "*.*.mode": "2",
        "*.Server.performance_issue_unique": "0",
        "*.Server.performance_issue_same": "1",
        "*.Server.performance_issue_same_index": "3",
    }
    for test in ("TEST01", "TEST04", "TEST05"):
        parse_config(format_config(audit_entries(test, Scenario.OFFLINE)), "audit.config")


def log(path, answers: dict[int, str]) -> str:
    entries = [{"seq_id": n, "qsl_idx": index, "data": data} for n, (index, data) in enumerate(answers.items())]
    path.write_text("[\n" + ",\n".join(json.dumps(e) for e in entries) + "\n]\n", "utf-8")
    return str(path)


CASES = [
    ({0: "AA", 2: "CC"}, (0, 0), True),
    ({0: "AB"}, (1, 0), False),
    ({0: "AA", 7: "AA"}, (0, 1), False),
    ({}, (0, 0), False),
]


@pytest.mark.parametrize(("sampled", "counts", "equal"), CASES)
def test_sampled_responses_must_be_those_of_the_accuracy_run(tmp_path, sampled, counts, equal) -> None:
    whole = log(tmp_path / "whole.json", {0: "AA", 1: "BB", 2: "CC"})
    found = compare_logs(whole, log(tmp_path / "sampled.json", sampled))
    assert (found.mismatches, found.missing) == counts
    assert found.equal is equal and found.accuracy_entries == 3
    lines = comparison_lines(found)
    assert lines[0] == "num_acc_log_entries = 3" and lines[-1] == ("TEST PASS" if equal else "TEST FAIL")
