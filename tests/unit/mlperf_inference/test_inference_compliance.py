"""Compliance tests: audit entries, thresholds, and the comparison of logs (mlperf-inference section 9)."""

from __future__ import annotations

import json

import msgspec
import pytest

from franca.mlperf.inference.bench import Baseline, Bench
from franca.mlperf.inference.compliance import (
    ComplianceRun,
    audit_entries,
    compare_logs,
    comparison_lines,
    verify_performance,
)
from franca.mlperf.inference.config import format_config, parse_config
from franca.mlperf.inference.results import Latency, Performance
from franca.mlperf.inference.scenarios import FACTS, Scenario
from franca.mlperf.inference.spec import Part, RunSpec
from franca.mlperf.inference.store import Tree


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


def run_of(test: str, scenario: Scenario = Scenario.OFFLINE, **changes) -> ComplianceRun:
    """One test of a benchmark that is not run."""
    spec = RunSpec(
        benchmark="b", model_file="m.onnx", dataset_name="d", backend=Part("onnxruntime"), dataset=Part("x"),
        metric=Part("y"), output="nowhere", interpreter="python", **{"model": "own", **changes},
    )  # fmt: skip
    bench = Bench(spec, Tree("nowhere", "test", "sut", spec.model), [], lambda line: None)
    return ComplianceRun(bench, Baseline([], 0, {}, "", {}), scenario, test)


@pytest.mark.parametrize(("test", "rate"), [("TEST01", 960.0), ("TEST04", 970.0), ("TEST05", 1000.0)])
def test_server_is_asked_for_a_share_of_the_performance_runs_rate(test: str, rate: float) -> None:
    reference = msgspec.structs.replace(performance(Scenario.SERVER, 1000), target_qps=1000.0)
    assert run_of(test, Scenario.SERVER).choice(reference).value == rate
    offline = msgspec.structs.replace(performance(Scenario.OFFLINE, 1000), target_qps=1000.0)
    assert run_of(test).choice(offline).value == 1000.0


ROUGE = "{{'rouge1': {}, 'rouge2': {}, 'rougeL': 30.0, 'rougeLsum': 40.0, 'gen_len': 4000000, 'gen_num': 100}}"
SCORES = [
    # model, changes, baseline, compliance run, pass: 1 %, and 0.1 % for -99.9
    ("bert-99", {}, '{"exact_match": 80.0, "f1": 90.0}', '{"exact_match": 80.0, "f1": 90.45}', True),
    ("bert-99.9", {}, '{"exact_match": 80.0, "f1": 90.0}', '{"exact_match": 80.0, "f1": 90.45}', False),
    ("bert-99.9", {}, '{"exact_match": 80.0, "f1": 90.0}', '{"exact_match": 80.0, "f1": 90.05}', True),
    ("resnet50", {}, "accuracy=76.0%, good=76, total=100", "accuracy=75.0%, good=75, total=100", False),
    ("gptj-99", {"round": "v4.1"}, ROUGE.format(40.0, 20.0), ROUGE.format(40.0, 21.0), False),
    ("gptj-99", {"round": "v4.1"}, ROUGE.format(40.0, 20.0), ROUGE.format(40.2, 20.1), True),
    ("own", {"official_model": "resnet"}, "accuracy=76.0%, good=1, total=2", "accuracy=75.5%, good=1, total=2", True),
    ("own", {}, "a figure of its own: 5", "a figure of its own: 5.01", True),
    ("own", {}, "a figure of its own: 5", "a figure of its own: 6", False),
]  # fmt: skip


@pytest.mark.parametrize(("model", "changes", "base", "test", "passed"), SCORES)
def test_scores_of_differing_answers_are_judged_by_the_benchmarks_own_share(model, changes, base, test, passed) -> None:
    scores = [{"name": "x", "line": line, "value": float(line.split()[-1].strip("}"))} if "own" in line
              else {"name": "x", "line": line, "value": 50.0} for line in (base, test)]  # fmt: skip
    assert all(gap.small for gap in run_of("TEST01", model=model, **changes).gaps(*scores)) is passed


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
