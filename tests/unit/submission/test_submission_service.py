"""Results of the service form of v6.1: accepted, measured, imported; broken in every way and refused with the rule."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from franca.mlperf.submission.checker import Options
from franca.mlperf.submission.importing import import_tree
from franca.mlperf.submission.output import to_csv
from franca.mlperf.submission.rules import RULES
from tests.unit.submission.service_trees import RESULTS, SUBMITTER, add_result, change, service_tree
from tests.unit.submission.submission_trees import Damage, broken_rules, check, set_fields

LLAMA, QWEN = f"{RESULTS}/llama3.1-8b", f"{RESULTS}/qwen3-vl-235b-a22b"
CONFIG, SUMMARY, SCORES = "config.yaml", "performance/result_summary.json", "accuracy/accuracy_results.json"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return service_tree(tmp_path / "tree")


def test_a_tree_of_services_is_accepted_and_summarised(tree: Path) -> None:
    verdict = check(tree)
    assert verdict.ok and verdict.round == "v6.1", [f.line() for f in verdict.findings]
    rate = 20_000 / 610
    found = {(r.model, r.scenario): (r.result, r.unit) for r in verdict.records}
    assert found == {
        ("llama3.1-8b", "Offline"): (pytest.approx(rate * 130), "Tokens/s"),
        ("llama3.1-8b", "Server"): (pytest.approx(rate * 130), "Tokens/s"),
        ("llama3.1-8b", "Interactive"): (pytest.approx(rate * 130), "Tokens/s"),
        ("qwen3-vl-235b-a22b", "Offline"): (pytest.approx(rate), "Samples/s"),
        ("qwen3-vl-235b-a22b", "Server"): (pytest.approx(rate), "Queries/s"),
    }
    rows = {(row["Model"], row["Scenario"]): row for row in csv.DictReader(io.StringIO(to_csv(verdict)))}
    assert rows["qwen3-vl-235b-a22b", "Server"]["Accuracy"] == "F1_HIERARCHICAL: 0.79"
    assert "rouge1: 38.8" in rows["llama3.1-8b", "Offline"]["Accuracy"]
    assert rows["llama3.1-8b", "Server"]["inferred"] == "0"


def test_imported_services_have_their_settings_and_derived_metrics(tree: Path) -> None:
    done = import_tree(str(tree), Options())
    rows = [entry.row for entry in done.entries]
    server = next(row for row in rows if (row["Model"], row["Scenario"]) == ("qwen3-vl-235b-a22b", "Server"))
    assert server["settings.effective_target_qps"] == 33
    assert server["settings.test_datetime"] == "2026-06-01T10:00:00Z"
    assert server["settings.effective_schedule_rng_seed"] == 16159082839903944936
    assert server["latency_p99_ms"] == 1000 and server["queries"] == 20_000
    assert server["samples_per_second_per_accelerator"] == pytest.approx(20_000 / 610 / 8)
    assert server["Result_Units"] == "Queries/s"


def test_a_language_model_without_tokens_a_second_is_told_in_samples(tree: Path) -> None:
    change(tree / LLAMA / "Offline" / SUMMARY, "tps", to=None)
    record = next(r for r in check(tree).records if (r.model, r.scenario) == ("llama3.1-8b", "Offline"))
    assert (record.result, record.unit) == (pytest.approx(20_000 / 610), "Samples/s")


def edge(tree: Path, model: str, scenario: str) -> Path:
    set_fields(tree / SUBMITTER / "systems/box.json", system_type="edge")
    shutil.rmtree(tree / RESULTS)
    shutil.rmtree(tree / SUBMITTER / "src")
    return add_result(tree, model, scenario, "online")


@pytest.mark.parametrize(("model", "latency_ms"), [("qwen3.6-27b", 550), ("llama3.1-8b-edge", 750)])
def test_streams_are_a_latency(tree: Path, model: str, latency_ms: float) -> None:
    edge(tree, model, "SingleStream")
    [record] = check(tree).records
    assert (record.result, record.unit) == (pytest.approx(latency_ms), "Latency (ms)")


def test_open_results_may_be_called_online_and_closed_ones_may_not(tree: Path) -> None:
    (tree / QWEN / "Server").rename(tree / QWEN / "online")
    assert "B2" in broken_rules(check(tree))
    (tree / "closed").rename(tree / "open")
    set_fields(tree / "open/Acme/systems/box.json", division="open")
    verdict = check(tree)
    assert verdict.ok, [f.line() for f in verdict.findings]
    assert ("qwen3-vl-235b-a22b", "Server") in {(r.model, r.scenario) for r in verdict.records}


def test_one_of_server_and_interactive_is_enough_and_none_is_not(tree: Path) -> None:
    shutil.rmtree(tree / LLAMA / "Server")
    assert check(tree).ok
    shutil.rmtree(tree / LLAMA / "Interactive")
    verdict = check(tree)
    assert [f.message for f in verdict.findings if f.rule == "B3"] == ["one of Server and Interactive is missing"]
    assert verdict.missing == 1


def record_of(test: str, name: str, *, passed: object = True, said: str = "") -> Damage:
    def damage(tree: Path) -> None:
        folder = tree / LLAMA / "Server/audit"
        folder.mkdir()
        (folder / f"audit_{name}.json").write_text(json.dumps({"test": said or name, "passed": passed}))

    return damage


def test_a_record_of_a_test_that_passed_belongs_to_the_tree(tree: Path) -> None:
    record_of("TEST06", "consistency_output_test")(tree)
    assert check(tree).ok


@pytest.mark.parametrize("passed", [False, "false", 1, None])
def test_a_record_must_say_that_the_test_passed(tree: Path, passed: object) -> None:
    record_of("TEST06", "consistency_output_test", passed=passed)(tree)
    assert broken_rules(check(tree)) >= {"E10"}


def with_model(tree: Path, model: str, *scenarios: str) -> Path:
    """The place of the last of these results."""
    return [add_result(tree, model, scenario) for scenario in scenarios][-1]


def test_the_length_of_answers_is_bounded_in_the_run_itself(tree: Path) -> None:
    place = with_model(tree, "gpt-oss-120b", "Offline", "Server")
    assert check(tree).ok
    for mean in (1150.37, 1406.03, None):
        change(place / SUMMARY, "output_sequence_lengths", "avg", to=mean)
        assert broken_rules(check(tree)) == {"E10", "B3"}
        change(place / SUMMARY, "output_sequence_lengths", to={"avg": 1200})


def test_the_record_of_a_test_that_services_can_run_must_be_there(tree: Path) -> None:
    place = with_model(tree, "wan-2.2-t2v-a14b", "Offline")
    path = f"{RESULTS}/wan-2.2-t2v-a14b/{place.name}/audit/audit_output_caching_test.json"
    assert path in {f.path for f in check(tree).findings if f.rule == "E10"}
    (tree / path).parent.mkdir()
    (tree / path).write_text(json.dumps({"test": "output_caching_test", "passed": True}))
    assert path not in {f.path for f in check(tree).findings if f.rule == "E10"}


def link(path: Path) -> None:
    path.rename(path.with_suffix(".kept"))
    path.symlink_to(path.with_suffix(".kept").name)


def giant(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.truncate(9 << 20)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def deep(path: Path) -> None:
    path.write_text("[" * 100_000 + "]" * 100_000)


def bombs(path: Path) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    path.write_text("\n".join([*lines, "type: *a39", "settings: {runtime: {min_duration_ms: *a39}}"]) + "\n")


FAULTS: list[tuple[str, str, Damage]] = [
    *((
        "E1", f"{what} {name}", lambda t, name=name, how=how: how(t / QWEN / "Server" / name))
        for what, how in (
            ("no", Path.unlink), ("a link for", link), ("a giant", giant), ("a pipe for", pipe),
            ("a directory for", lambda p: (p.unlink(), p.mkdir(), (p / "x").write_text("x"))),
            ("half of", lambda p: p.write_text(p.read_text()[:30] + "\n}: [")),
            ("no mapping in", lambda p: p.write_text("[1, 2]")), ("nothing in", lambda p: p.write_text("")),
            ("bytes in", lambda p: p.write_bytes(b"\xff\xfe\x00{")), ("depths in", deep),
        )
        for name in (CONFIG, SUMMARY, SCORES)),
    ("E2", "a benchmark that is no service", lambda t: (
        (t / QWEN).rename(t / RESULTS / "rgat"),
        (t / SUBMITTER / "src/qwen3-vl-235b-a22b").rename(t / SUBMITTER / "src/rgat"))),
    ("E3", "an offline run in Server", lambda t: change(t / QWEN / "Server" / CONFIG, "type", to="offline")),
    ("E3", "an online run in Offline", lambda t: change(t / QWEN / "Offline" / CONFIG, "type", to="online")),
    ("E3", "an offline run in Interactive", lambda t: change(t / LLAMA / "Interactive" / CONFIG, "type", to="offline")),
    ("E3", "no scenario", lambda t: change(t / QWEN / "Server" / CONFIG, "type", to=None)),
    ("E3", "a scenario that is a number", lambda t: change(t / QWEN / "Server" / CONFIG, "type", to=7)),
    *(("E4", f"{name} {seed}", lambda t, name=name, seed=seed: change(
        t / QWEN / "Server" / CONFIG, "settings", "runtime", name, to=seed))
      for name in ("dataloader_random_seed", "scheduler_random_seed")
      for seed in (42, None, "x", 1.5, True, -1, 10**400)),
    ("E5", "short", lambda t: change(t / QWEN / "Server" / CONFIG, "settings", "runtime", "min_duration_ms", to=6e4)),
    ("E5", "no duration", lambda t: change(t / QWEN / "Server" / CONFIG, "settings", to={"runtime": {}})),
    ("E5", "endless", lambda t: change(t / QWEN / "Server" / SUMMARY, "min_duration_ms", to=float("inf"))),
    ("E6", "slow", lambda t: change(
        t / QWEN / "Server" / SUMMARY, "latency", "early_stopping_percentiles", "99.0", to=12_000_000_001)),
    ("E6", "no latency", lambda t: change(t / QWEN / "Server" / SUMMARY, "latency", to=None)),
    ("E6", "slow first token", lambda t: change(
        t / LLAMA / "Server" / SUMMARY, "ttft", "early_stopping_percentiles", "99.0", to=2_000_000_000)),
    ("E6", "slow in Interactive only", lambda t: change(
        t / LLAMA / "Interactive" / SUMMARY, "tpot", "early_stopping_percentiles", "99.0", to=30_000_000)),
    ("E6", "no tokens", lambda t: change(t / LLAMA / "Server" / SUMMARY, "tpot", to=None)),
    ("E6", "NaN", lambda t: change(
        t / QWEN / "Server" / SUMMARY, "latency", "early_stopping_percentiles", "99.0", to=float("nan"))),
    ("E7", "failed samples", lambda t: change(t / QWEN / "Server" / SUMMARY, "n_samples_failed", to=1)),
    ("E7", "more than was asked", lambda t: change(t / QWEN / "Server" / SUMMARY, "n_samples_completed", to=20_001)),
    ("E7", "failed accuracy samples", lambda t: change(t / QWEN / "Server" / SCORES, "n_samples_failed", to=1)),
    ("P15", "no rate", lambda t: (change(t / QWEN / "Server" / SUMMARY, "qps", to=None),
                                  change(t / QWEN / "Server" / SUMMARY, "duration_ns", to=None))),
    ("P15", "a rate of 0", lambda t: change(t / QWEN / "Server" / SUMMARY, "qps", to=0)),
    ("P15", "a rate below 0", lambda t: change(t / QWEN / "Server" / SUMMARY, "qps", to=-3.0)),
    ("P15", "a rate in words", lambda t: change(t / QWEN / "Server" / SUMMARY, "qps", to="fast")),
    ("P15", "a rate of true", lambda t: change(t / QWEN / "Server" / SUMMARY, "qps", to=True)),
    ("P15", "no time", lambda t: change(t / QWEN / "Offline" / SUMMARY, "duration_ns", to=0)),
    ("E8", "no score", lambda t: change(t / QWEN / "Server" / SCORES, "accuracy_scores", to=[])),
    ("E8", "a score of null", lambda t: change(
        t / QWEN / "Server" / SCORES, "accuracy_scores", to=[{"total_samples": 48289, "score": None}])),
    ("E8", "a score of NaN", lambda t: change(
        t / QWEN / "Server" / SCORES, "accuracy_scores", "0", "score", to=float("nan"))),
    ("E8", "scores in words", lambda t: change(t / QWEN / "Server" / SCORES, "accuracy_scores", to="good")),
    ("E8", "below target", lambda t: change(t / QWEN / "Server" / SCORES, "accuracy_scores", "0", "score", to=0.78)),
    ("E8", "below target by name", lambda t: change(
        t / LLAMA / "Server" / SCORES, "accuracy_scores", "0", "score", "rouge2", to=15.7)),
    ("E8", "above the limit", lambda t: change(
        t / LLAMA / "Server" / SCORES, "accuracy_scores", "0", "score", "gen_len", to=9e6)),
    ("E9", "half the data", lambda t: change(
        t / QWEN / "Server" / SCORES, "accuracy_scores", "0", "total_samples", to=24_000)),
    ("E9", "unknown data", lambda t: change(
        t / QWEN / "Server" / SCORES, "accuracy_scores", "0", "total_samples", to=None)),
    ("E10", "a test that failed", record_of("TEST06", "consistency_output_test", passed=False)),
    ("E10", "a record of another test", record_of("TEST06", "consistency_output_test", said="output_caching_test")),
    ("P1", "a stray directory", lambda t: (t / QWEN / "Server/logs").mkdir()),
    ("M1", "no measurements", lambda t: (t / QWEN / "Server/measurements.json").unlink()),
    ("M1", "no README", lambda t: (t / QWEN / "Server/README.md").unlink()),
    ("S6", "a networked system", lambda t: set_fields(t / SUBMITTER / "systems/box.json", is_network="true")),
]  # fmt: skip


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: f"{case[0]}-{case[1]}")
def test_a_fault_of_a_service_is_refused_with_its_rule(tree: Path, case: tuple[str, str, Damage]) -> None:
    case[2](tree)
    verdict = check(tree, round="v6.1")
    assert not verdict.ok
    assert case[0] in broken_rules(verdict), [f.line() for f in verdict.findings]
    found = [f for f in verdict.findings if f.rule == case[0]]
    assert all(f.path and f.message and f.remedy for f in found)
    assert "Traceback" not in str(found)


def test_every_rule_of_services_has_a_fault() -> None:
    assert {rule.id for rule in RULES if rule.id.startswith("E")} == {case[0] for case in FAULTS if case[0][0] == "E"}


def test_yaml_that_grows_when_it_is_read_is_no_danger(tree: Path) -> None:
    bombs(tree / QWEN / "Server" / CONFIG)
    verdict = check(tree, round="v6.1")
    assert not verdict.ok
    assert all(len(f.line()) < 2000 for f in verdict.findings)


def test_services_exist_since_v6_1(tree: Path) -> None:
    assert {"P1", "A1"} <= broken_rules(check(tree, round="v6.0"))


def test_short_runs_of_a_service_are_for_trying_out(tree: Path) -> None:
    for place in (tree / RESULTS).glob("*/*"):
        change(place / CONFIG, "settings", "runtime", "min_duration_ms", to=6000)
        change(place / SCORES, "accuracy_scores", "0", "total_samples", to=10)
    assert broken_rules(check(tree)) == {"E5", "E9", "B3"}
    assert check(tree, short=True).ok


PLACES = [
    (CONFIG, ("type",)), (CONFIG, ("settings",)), (CONFIG, ("settings", "runtime")),
    (CONFIG, ("settings", "runtime", "min_duration_ms")), (CONFIG, ("settings", "runtime", "scheduler_random_seed")),
    (CONFIG, ("settings", "load_pattern", "target_qps")), (CONFIG, ("version",)),
    (SUMMARY, ("latency",)), (SUMMARY, ("latency", "early_stopping_percentiles")), (SUMMARY, ("qps",)),
    (SUMMARY, ("n_samples_issued",)), (SUMMARY, ("duration_ns",)), (SUMMARY, ("test_started_at",)),
    (SCORES, ("accuracy_scores",)), (SCORES, ("accuracy_scores", "0", "score")), (SCORES, ("n_samples_failed",)),
    (SCORES, ("accuracy_scores", "0", "total_samples")),
]  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(10**17, 10**400), st.floats(), st.text(max_size=8)
)
VALUES = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=4), below, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(PLACES), value=VALUES)
def test_no_value_in_any_place_stops_the_checker(tree: Path, place, value) -> None:
    name, keys = place
    path = tree / QWEN / "Server" / name
    kept = path.read_bytes()
    try:
        change(path, *keys, to=value)
        verdict = check(tree, round="v6.1")
        to_csv(verdict)
        assert len(verdict.records) in (4, 5)
    finally:
        path.write_bytes(kept)
