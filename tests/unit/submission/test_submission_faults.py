"""Each fault of a tree is refused with the id of its rule, and with that one where only one is hurt."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from pathlib import Path

import pytest

from franca.mlperf.submission.checker import Options, check_tree
from franca.mlperf.submission.findings import Findings
from franca.mlperf.submission.rules import BY_ID, RULES
from franca.mlperf.submission.tables import load_round
from tests.unit.submission.submission_trees import (
    DATA,
    MEASURED,
    MULTI,
    OFFLINE,
    POWERED,
    REBELLIONS,
    RUN,
    SERVER,
    SINGLE,
    SUMMARY,
    SYSTEM,
    TESTS,
    Damage,
    add_entry,
    broken_rules,
    check,
    copy,
    drop_key,
    replace,
    set_fields,
    set_value,
    swap,
)

GIGABYTE = 1024**3
LOG = f"{SINGLE}/accuracy/mlperf_log_accuracy.json"


def sparse(path: Path, size: int = GIGABYTE) -> None:
    with path.open("ab") as stream:
        stream.truncate(size)


DIGEST = f"hash={'0' * 64}\n"


def accuracy(text: str, digest: str = DIGEST) -> Damage:
    return lambda tree: (tree / SINGLE / "accuracy" / "accuracy.txt").write_text(text + digest)


def log_value(key: str, value: object, place: str = SINGLE) -> Damage:
    return lambda tree: set_value(tree / place / RUN, key, value)


def edited(key: str, value: object, line: str, new: str, place: str = SINGLE) -> Damage:
    """The same lie in both logs of a run."""

    def damage(tree: Path) -> None:
        set_value(tree / place / RUN, key, value)
        replace(tree / place / SUMMARY, line, new)

    return damage


def rename(old: str, new: str) -> Damage:
    return lambda tree: (tree / old).rename(tree / new)


def remove(path: str) -> Damage:
    return lambda tree: shutil.rmtree(tree / path) if (tree / path).is_dir() else (tree / path).unlink()


def write(path: str, content: str | bytes = "x") -> Damage:
    def damage(tree: Path) -> None:
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(content.encode() if isinstance(content, str) else content)

    return damage


def link(path: str, target: str) -> Damage:
    def damage(tree: Path) -> None:
        (tree / path).unlink(missing_ok=True)
        (tree / path).symlink_to(target)

    return damage


def both(*damages: Damage) -> Damage:
    def damage(tree: Path) -> None:
        for one in damages:
            one(tree)

    return damage


def swap_in(one: str, other: str) -> Damage:
    return lambda tree: swap(tree / one, tree / other)


# rule, name, damage. Refusing a closed result also breaks B3 (a required scenario), never anything else.
FAULTS: list[tuple[str, str, Damage]] = [
    ("F1", "blank in a name", write(f"{REBELLIONS}/code/resnet50/two words.md")),
    ("F1", "hidden file", write(f"{REBELLIONS}/code/resnet50/.secret")),
    ("F1", "python cache", write(f"{REBELLIONS}/code/resnet50/__pycache__/a.txt")),
    ("F1", "empty directory", lambda t: (t / REBELLIONS / "code/resnet50/empty").mkdir()),
    ("F1", "file over 50 MB", lambda t: sparse(t / REBELLIONS / "code/resnet50/README.md", 51 * 1024**2)),
    ("F1", "link in place of a file nobody needs", link(f"{REBELLIONS}/code/resnet50/more.md", "/etc/passwd")),
    ("F1", "link to a directory", link(f"{REBELLIONS}/code/more", "..")),
    ("F1", "link to itself", link(f"{REBELLIONS}/code/loop", "loop")),
    ("F1", "name that is not UTF-8", lambda t: Path(os.fsdecode(bytes(t) + b"/closed/rebellions/code/x\xff")).touch()),
    ("F1", "control characters in a name", write(f"{REBELLIONS}/code/a\x1b[31mb")),
    ("F1", "named pipe", lambda t: os.mkfifo(t / REBELLIONS / "code" / "pipe")),
    ("F2", "stray file in the root", write("results.zip")),
    ("F2", "stray file in a division", write("closed/notes.txt")),
    ("F3", "unknown division", rename("closed", "clsoed")),
    ("F4", "no source directory", remove(f"{REBELLIONS}/code")),
    ("F6", "description without results", lambda t: shutil.copy(t / SYSTEM, t / REBELLIONS / "systems/other.json")),
    ("S1", "description missing", remove(SYSTEM)),
    ("S1", "description is not JSON", write(SYSTEM, "{")),
    ("S1", "description is a list", write(SYSTEM, "[]")),
    ("S1", "description is not UTF-8", write(SYSTEM, b'{"a": "\xff"}')),
    ("S1", "description nested without end", write(SYSTEM, "[" * 200_000)),
    ("S1", "description of a gigabyte", lambda t: sparse(t / SYSTEM)),
    ("S2", "field missing", lambda t: set_fields(t / SYSTEM, cooling=None)),
    ("S2", "field is a list", lambda t: set_fields(t / SYSTEM, cooling=["air"])),
    ("S4", "unknown status", lambda t: set_fields(t / SYSTEM, status="soon")),
    ("S4", "unknown system type", lambda t: set_fields(t / SYSTEM, system_type="cloud")),
    ("S5", "wrong division", lambda t: set_fields(t / SYSTEM, division="open")),
    ("S5", "wrong submitter", lambda t: set_fields(t / SYSTEM, submitter="someone")),
    ("S6", "networked system in closed", lambda t: set_fields(t / SYSTEM, is_network="true")),
    ("M1", "no measurement directory", remove(MEASURED)),
    ("M1", "no user.conf", remove(f"{MEASURED}/user.conf")),
    ("M1", "no README", remove(f"{MEASURED}/README.md")),
    ("M1", "no mlperf.conf", remove(f"{MEASURED}/mlperf.conf")),
    ("M1", "no measurements JSON", remove(f"{MEASURED}/ATOM_RBLN_Offline.json")),
    ("M2", "field missing", lambda t: set_fields(t / MEASURED / "ATOM_RBLN_Offline.json", retraining=None)),
    ("M2", "not JSON", write(f"{MEASURED}/ATOM_RBLN_Offline.json", "no")),
    ("B1", "unknown model in closed", rename(f"{REBELLIONS}/results/ATOM/resnet50", f"{REBELLIONS}/results/ATOM/net")),
    ("B2", "scenario of another category", lambda t: set_fields(t / SYSTEM, system_type="datacenter")),
    ("B2", "directory that is no scenario", rename(SINGLE, SINGLE + "s")),
    ("B3", "required scenario missing", remove(SINGLE)),
    ("A1", "accuracy directory missing", remove(f"{SINGLE}/accuracy")),
    ("A1", "accuracy.txt missing", remove(f"{SINGLE}/accuracy/accuracy.txt")),
    ("A1", "accuracy summary missing", remove(f"{SINGLE}/accuracy/mlperf_log_summary.txt")),
    ("A1", "accuracy detail log missing", remove(f"{SINGLE}/accuracy/mlperf_log_detail.txt")),
    ("A1", "accuracy log missing", remove(f"{SINGLE}/accuracy/mlperf_log_accuracy.json")),
    ("A1", "extra file", write(f"{SINGLE}/accuracy/core.1234")),
    ("A1", "accuracy.txt is a directory", both(remove(f"{SINGLE}/accuracy/accuracy.txt"),
                                               write(f"{SINGLE}/accuracy/accuracy.txt/a"))),
    ("A2", "below the target", accuracy("accuracy=75.694%, good=37847, total=50000\n")),
    ("A2", "no metric line", accuracy("all went well\n")),
    ("A2", "metric in another unit", accuracy("accuracy=0.76\n")),
    ("A2", "accuracy.txt of another task", lambda t: shutil.copy(
        next((t / "network").rglob("results/**/server/accuracy/accuracy.txt")), t / SINGLE / "accuracy/accuracy.txt")),
    ("A2", "accuracy.txt is not UTF-8", write(f"{SINGLE}/accuracy/accuracy.txt", b"accuracy=76.0\xff\nhash=1\n")),
    ("A2", "accuracy.txt of a gigabyte", lambda t: sparse(t / SINGLE / "accuracy/accuracy.txt")),
    ("A2", "accuracy.txt is a number with two points", accuracy("accuracy=76.0.0%\n")),
    ("A3", "no digest", accuracy("accuracy=76.000%, good=38000, total=50000\n", "")),
    ("A3", "accuracy log not truncated", lambda t: sparse(t / LOG, 20_000)),
    ("A3", "accuracy log of a gigabyte", lambda t: sparse(t / LOG)),
    ("A4", "error in the accuracy run", lambda t: add_entry(
        t / SINGLE / "accuracy/mlperf_log_detail.txt", "error_runtime", "out of memory", is_error=True)),
    ("A5", "part of the data set", lambda t: set_value(
        t / SINGLE / "accuracy/mlperf_log_detail.txt", "qsl_reported_total_count", 500)),
    ("A6", "accuracy directories of two scenarios swapped", swap_in(f"{SINGLE}/accuracy", f"{OFFLINE}/accuracy")),
    ("A6", "performance log in its place", lambda t: shutil.copy(
        t / SINGLE / RUN, t / SINGLE / "accuracy/mlperf_log_detail.txt")),
    ("A7", "percentage edited", accuracy("accuracy=76.500%, good=38000, total=50000\n")),
    ("A7", "digest of another log", both(
        write(LOG, '[\n{ "seq_id" : 0, "qsl_idx" : 0, "data" : "00" }\n]\n'))),
    ("P1", "no run", remove(f"{SINGLE}/performance")),
    ("P1", "no detail log", remove(f"{SINGLE}/{RUN}")),
    ("P1", "no summary", remove(f"{SINGLE}/{SUMMARY}")),
    ("P1", "extra file", write(f"{SINGLE}/performance/run_1/notes.txt")),
    ("P1", "second run", lambda t: shutil.copytree(t / SINGLE / "performance/run_1", t / SINGLE / "performance/run_2")),
    ("P1", "extra directory", write(f"{SINGLE}/old/a")),
    ("P1", "link to a log", link(f"{SINGLE}/{SUMMARY}", "../../accuracy/mlperf_log_summary.txt")),
    ("P2", "line cut in the middle", lambda t: os.truncate(t / SINGLE / RUN, (t / SINGLE / RUN).stat().st_size - 40)),
    ("P2", "end of the log missing", lambda t: (t / SINGLE / RUN).write_text(
        "".join((t / SINGLE / RUN).read_text().splitlines(keepends=True)[:40]))),
    ("P2", "empty log", write(f"{SINGLE}/{RUN}", "")),
    ("P2", "log is not UTF-8", lambda t: (t / SINGLE / RUN).write_bytes((t / SINGLE / RUN).read_bytes() + b"\xff\n")),
    ("P2", "line of a gigabyte", lambda t: sparse(t / SINGLE / RUN)),
    ("P2", "summary is not UTF-8", lambda t: (t / SINGLE / SUMMARY).write_bytes(b"\xfe\xff")),
    ("P2", "summary of a gigabyte", lambda t: sparse(t / SINGLE / SUMMARY)),
    ("P2", "result is a text", log_value("early_stopping_latency_ss", "fast")),
    ("P2", "a seed is missing", lambda t: drop_key(t / SINGLE / RUN, "effective_schedule_rng_seed")),
    ("P2", "validity is missing", lambda t: drop_key(t / SINGLE / RUN, "result_validity")),
    ("P2", "scenario is a list", log_value("effective_scenario", ["SingleStream"])),
    ("P3", "INVALID", edited("result_validity", "INVALID", "Result is : VALID", "Result is : INVALID")),
    ("P3", "a flag is false", log_value("result_min_duration_met", False)),
    ("P4", "error entry", lambda t: add_entry(t / SINGLE / RUN, "error_runtime", "Ran out of queries", is_error=True)),
    ("P5", "seed of another round", edited("effective_qsl_rng_seed", 148687905518835231,
                                           "10003631887983097364", "148687905518835231")),
    ("P5", "schedule seed", log_value("effective_schedule_rng_seed", 1)),
    ("P6", "too few samples loaded", log_value("effective_performance_sample_count", 1023)),
    ("P7", "short minimum duration", log_value("effective_min_duration_ms", 599999)),
    ("P7", "run of one minute", log_value("power_end", "02-23-2023 03:42:00.972")),
    ("P8", "few samples of Offline", log_value("effective_samples_per_query", 24575, OFFLINE)),
    ("P9", "early stopping not met", log_value("early_stopping_met", False)),
    ("P10", "generous Server bound", log_value("effective_target_latency_ns", 15000001, SERVER)),
    ("P11", "no query", log_value("effective_min_query_count", 0, OFFLINE)),
    ("P12", "runs of two scenarios swapped", swap_in(f"{SINGLE}/performance", f"{OFFLINE}/performance")),
    ("P15", "result is zero", log_value("early_stopping_latency_ss", 0)),
    ("P15", "rate is zero", log_value("result_samples_per_second", 0, OFFLINE)),
    ("P15", "result is not a number", log_value("early_stopping_latency_ss", float("nan"))),
    ("P16", "negative latency", log_value("result_50.00_percentile_latency_ns", -5)),
    ("P17", "errors counted but removed", lambda t: add_entry(t / SINGLE / RUN, "num_errors", 3)),
    ("P18", "window ends before it begins", log_value("power_end", "02-23-2023 03:31:00.972")),
    ("P18", "entries from another time", lambda t: replace(
        t / SINGLE / RUN, '"time_ms": 601795.917182', '"time_ms": 999999.0')),
    ("P19", "accuracy run in its place", log_value("effective_test_mode", "AccuracyOnly")),
    ("P20", "audit configuration in a normal run", lambda t: add_entry(
        t / SINGLE / RUN, "warning_generic_message", "Found Audit Config file (audit.config).", is_warning=True)),
    ("P21", "two runs in one log", lambda t: (t / SINGLE / RUN).write_text((t / SINGLE / RUN).read_text() * 2)),
    ("P22", "summaries of two scenarios swapped", swap_in(f"{SINGLE}/{SUMMARY}", f"{OFFLINE}/{SUMMARY}")),
    ("P22", "result edited in the summary", lambda t: replace(t / SINGLE / SUMMARY, "(ns) : 238829", "(ns) : 138829")),
    ("P22", "accuracy summary in its place", lambda t: shutil.copy(
        t / SINGLE / "accuracy/mlperf_log_summary.txt", t / SINGLE / SUMMARY)),
    ("P23", "result edited below its percentile", log_value("early_stopping_latency_ss", 138835)),
    ("P23", "rate edited", edited("result_samples_per_second", 9245.87, "7245.87", "9245.87", OFFLINE)),
    ("P23", "percentiles out of order", log_value("result_95.00_percentile_latency_ns", 100)),
    ("P23", "result in the wrong unit", log_value("early_stopping_latency_ss", 0.238835)),
    ("P24", "percentile of SingleStream lowered", log_value("effective_target_latency_percentile", 0.5)),
    ("P24", "percentile of MultiStream lowered", log_value("effective_target_latency_percentile", 0.9, MULTI)),
    ("P24", "percentile of Server lowered", log_value("effective_target_latency_percentile", 0.97, SERVER)),
    ("P24", "four samples a query", log_value("effective_samples_per_query", 4, MULTI)),
    ("P24", "several streams at once", log_value("effective_max_async_queries", 2)),
    ("P24", "outstanding queries of Server limited", log_value("effective_max_async_queries", 64, SERVER)),
    ("P24", "no sample twice", log_value("effective_performance_issue_unique", True, OFFLINE)),
    ("C3", "percentile of a test lowered", log_value(
        "effective_target_latency_percentile", 0.5, f"{TESTS}/SingleStream/TEST01")),
    ("C1", "no compliance directory", remove(f"{TESTS}/SingleStream")),
    ("C1", "a test is missing", remove(f"{TESTS}/SingleStream/TEST05")),
    ("C2", "test failed", lambda t: replace(t / TESTS / "Offline/TEST04/verify_performance.txt", "PASS", "FAIL")),
    ("C2", "verification missing", remove(f"{TESTS}/Offline/TEST04/verify_performance.txt")),
    ("C2", "performance run faster than its test", both(
        edited("result_samples_per_second", 8500.5, "7246.08", "8500.5", f"{TESTS}/Offline/TEST01"),
        log_value("result_max_latency_ns", 543497441176, f"{TESTS}/Offline/TEST01"))),
    ("C3", "run of the test missing", remove(f"{TESTS}/Offline/TEST04/performance")),
    ("C3", "extra file", write(f"{TESTS}/Offline/TEST04/performance/run_1/a")),
    ("C3", "test is INVALID", edited("result_validity", "INVALID", "Result is : VALID", "Result is : INVALID",
                                     f"{TESTS}/Offline/TEST04")),
    ("C3", "TEST05 with the usual seeds", lambda t: [shutil.copy(
        t / OFFLINE / "performance/run_1" / n, t / TESTS / "Offline/TEST05/performance/run_1" / n)
        for n in ("mlperf_log_detail.txt", "mlperf_log_summary.txt")]),
    ("C3", "short test", log_value("effective_min_duration_ms", 60000, f"{TESTS}/Offline/TEST04")),
    ("C3", "normal run in place of TEST04", lambda t: [shutil.copy(
        t / OFFLINE / "performance/run_1" / n, t / TESTS / "Offline/TEST04/performance/run_1" / n)
        for n in ("mlperf_log_detail.txt", "mlperf_log_summary.txt")]),
    ("C3", "normal run in place of TEST01", lambda t: [shutil.copy(
        t / OFFLINE / "performance/run_1" / n, t / TESTS / "Offline/TEST01/performance/run_1" / n)
        for n in ("mlperf_log_detail.txt", "mlperf_log_summary.txt")]),
    ("P20", "TEST04 run in place of the normal one", lambda t: [shutil.copy(
        t / TESTS / "Offline/TEST04/performance/run_1" / n, t / OFFLINE / "performance/run_1" / n)
        for n in ("mlperf_log_detail.txt", "mlperf_log_summary.txt")]),
    ("C4", "no accuracy verification", remove(f"{TESTS}/Offline/TEST01/verify_accuracy.txt")),
    ("C4", "payloads differ and no scores", lambda t: replace(
        t / TESTS / "Offline/TEST01/verify_accuracy.txt", "TEST PASS", "TEST FAIL")),
    ("C5", "no accuracy directory", remove(f"{TESTS}/Offline/TEST01/accuracy")),
    ("C5", "log not truncated", lambda t: sparse(
        t / TESTS / "Offline/TEST01/accuracy/mlperf_log_accuracy.json", 11_000)),
    ("C5", "no digest", write(f"{TESTS}/Offline/TEST01/accuracy/accuracy.txt", "accuracy=1\n")),
    ("C5", "extra file", write(f"{TESTS}/Offline/TEST01/accuracy/a")),
    ("W1", "spl.txt without power", lambda t: shutil.copy(
        DATA / "v3.0-power" / POWERED / "performance/run_1/spl.txt", t / SINGLE / "performance/run_1/spl.txt")),
]  # fmt: skip
ALONG = {
    # what breaks with a fault by its nature, besides the required scenario
    "F3": {"F6"}, "B2": {"F6"}, "S1": {"F6"}, "P2": {"P12", "P22"}, "P1": {"P2", "W1"}, "A1": {"F1"},
    "P15": {"P23", "P16", "P22"}, "P16": {"P23"}, "P3": {"P22"}, "P4": {"P22"}, "P7": {"P23"},
    "P12": {"A6", "P8", "P23"},
    "P22": {"P2"}, "P18": {"P21"}, "A2": {"A7"}, "A3": {"A7"}, "A6": {"P12", "A4"}, "P19": {"P22"},
    "P5": {"P22"}, "A5": {"A7"}, "P23": {"P16", "C2"}, "P21": {"P18"}, "C3": {"C2"}, "C5": {"A7", "C4"}, "C4": {"C5"},
    "P11": {"P8"}, "W1": {"P1"}, "P8": {"P23"}, "C2": {"C3"}, "S6": {"C3"}, "P9": {"P3"},
}  # fmt: skip


def case_id(case: tuple[str, str, Damage]) -> str:
    return f"{case[0]}-{case[1]}"


@pytest.mark.parametrize("case", FAULTS, ids=case_id)
def test_fault_is_refused_with_its_rule(tmp_path: Path, case: tuple[str, str, Damage]) -> None:
    rule, name, damage = case
    only = (REBELLIONS,)
    if SERVER in str(damage.__closure__ or "") or "Server" in name:
        only = ("closed/cTuning",)
    if "another task" in name:
        only = (REBELLIONS, "network/HPE")
    tree = copy("v3.0", tmp_path / "tree", only)
    damage(tree)
    verdict = check(tree, round="v3.0")
    assert not verdict.ok
    broken = broken_rules(verdict)
    assert rule in broken, verdict.findings
    assert broken <= {rule, "B3", "F1", "P2", *ALONG.get(rule, set())}
    mine = [f for f in verdict.findings if f.rule == rule and f.severity == "error"]
    assert all(f.path and f.message and f.remedy == BY_ID[rule].remedy for f in mine)
    assert "Traceback" not in str(mine)


def test_every_rule_of_runs_files_and_compliance_has_a_fault() -> None:
    covered = {case[0] for case in FAULTS} | COVERED_ELSEWHERE
    assert {rule.id for rule in RULES} - covered == set()


COVERED_ELSEWHERE = {
    # rounds later than v3.0, open or power trees: tested below and in test_submission_power.py
    "F5", "S3", "S7", "S8", "M3", "A8", "P13", "P14", "C6", "W2", "W3", "W4", "W5", "W6",
    *(f"E{n}" for n in range(1, 11)),  # test_submission_service.py
}  # fmt: skip
PLACE = "open/Franca/results/digits-host/digits-cnn"


def digits(tmp_path: Path) -> Path:
    return copy("digits-v6.1", tmp_path / "tree")


LATER: list[tuple[str, str, Damage]] = [
    ("S2", "field that v3.1 added", lambda t: set_fields(
        t / "open/Franca/systems/digits-host.json", system_type_detail=None)),
    ("S3", "empty field", lambda t: set_fields(t / "open/Franca/systems/digits-host.json", framework=" ")),
    ("M1", "empty README", write(f"{PLACE}/Offline/README.md", "")),
    ("M1", "no measurements", remove(f"{PLACE}/Offline/measurements.json")),
    ("M2", "empty field", lambda t: set_fields(t / PLACE / "Offline/measurements.json", retraining="")),
    ("F4", "no source directory", remove("open/Franca/src")),
    ("B1", "model without a mapping", remove("open/Franca/model_mapping.json")),
    ("A3", "empty accuracy log", write(f"{PLACE}/Offline/accuracy/mlperf_log_accuracy.json", "")),
    ("A4", "empty accuracy summary", write(f"{PLACE}/Offline/accuracy/mlperf_log_summary.txt", "")),
    ("P22", "errors told in the summary only", lambda t: replace(
        t / PLACE / "Offline" / SUMMARY, "No errors encountered", "2 ERRORS encountered. No errors encountered")),
    ("B1", "mapping to no benchmark", write("open/Franca/model_mapping.json", '{"digits-cnn": "alexnet"}')),
    ("B1", "mapping is no JSON", write("open/Franca/model_mapping.json", "{")),
    ("B1", "mapping to a number", write("open/Franca/model_mapping.json", '{"digits-cnn": 7}')),
    ("P5", "seeds of the round before", lambda t: set_value(
        t / PLACE / "Offline" / RUN, "effective_sample_index_rng_seed", 14276810075590677512)),
    ("P17", "errors counted but removed", lambda t: set_value(t / PLACE / "Offline" / RUN, "num_errors", 2)),
    ("A3", "no digest in open either", write(f"{PLACE}/Offline/accuracy/accuracy.txt", "accuracy=96.777%\n")),
]  # fmt: skip


@pytest.mark.parametrize("case", LATER, ids=case_id)
def test_fault_of_a_merged_tree_of_v6_1_is_refused_with_its_rule(tmp_path: Path, case: tuple[str, str, Damage]) -> None:
    tree = digits(tmp_path)
    case[2](tree)
    verdict = check(tree, round="v6.1", skip=("dataset-size-check",))
    assert not verdict.ok
    assert case[0] in broken_rules(verdict)


def test_open_results_may_miss_targets_and_tests_but_nothing_else(tmp_path: Path) -> None:
    tree = digits(tmp_path)
    text = tree / PLACE / "Offline/accuracy/accuracy.txt"
    text.write_text("accuracy=12.500%, good=128, total=1024\n" + DIGEST)
    assert check(tree, skip=("dataset-size-check",)).ok
    set_value(tree / PLACE / "Offline" / RUN, "result_validity", "INVALID")
    assert broken_rules(check(tree, skip=("dataset-size-check",))) == {"P3", "P22"}


def test_open_offline_may_issue_fewer_samples_since_v5(tmp_path: Path) -> None:
    tree = digits(tmp_path)
    set_value(tree / PLACE / "Offline" / RUN, "effective_samples_per_query", 10)
    assert check(tree, skip=("dataset-size-check",)).ok


def test_moving_closed_to_open_needs_no_compliance_and_no_other_scenario(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    (tree / "closed").rename(tree / "open")
    place = tree / "open/rebellions"
    set_fields(place / "systems/ATOM.json", division="open")
    shutil.rmtree(place / "compliance")
    shutil.rmtree(place / "results/ATOM/resnet50/Offline")
    verdict = check(tree)
    assert verdict.ok and len(verdict.records) == 2


def test_calibration_document_is_asked_for_from_v5_1_in_closed(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    for round_name, severity in (("v3.0", "warning"), ("v5.1", "error")):
        found = [f.severity for f in check(tree, round=round_name).findings if f.rule == "F5"]
        assert found == [severity]
    (tree / REBELLIONS / "calibration.md").write_text("none")
    assert "F5" not in {f.rule for f in check(tree, round="v5.1").findings}


@pytest.mark.parametrize(("delta", "accepted"), [(0.5, True), (0.99, True), (1.5, False)])
def test_payload_differences_pass_when_both_scores_agree_within_one_percent(
    tmp_path: Path, delta: float, accepted: bool
) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    test = tree / TESTS / "Offline/TEST01"
    replace(test / "verify_accuracy.txt", "TEST PASS", "TEST FAIL")
    (test / "accuracy/baseline_accuracy.txt").write_text(f"accuracy={76 * (1 - delta / 100):.3f}%, good=1, total=1\n")
    (test / "accuracy/compliance_accuracy.txt").write_text("accuracy=76.000%, good=1, total=1\n")
    verdict = check(tree)
    assert verdict.ok is accepted
    assert broken_rules(verdict) == (set() if accepted else {"C4", "B3"})


def test_edge_results_may_be_inferred_datacenter_ones_not(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    for part in ("performance", "accuracy"):
        shutil.rmtree(tree / MULTI / part)
        shutil.copytree(tree / SINGLE / part, tree / MULTI / part)
    verdict = check(tree)
    record = next(r for r in verdict.records if r.scenario == "MultiStream")
    assert record.inferred
    assert record.result == pytest.approx(8 * 255156 / 1e6)  # early_stopping_latency_ms of the log
    set_value(tree / MULTI / RUN, "early_stopping_latency_ms", 0)
    assert "P15" in broken_rules(check(tree))


def test_missing_scenarios_are_counted(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    shutil.rmtree(tree / SINGLE)
    (tree / OFFLINE / RUN).unlink()
    verdict = check(tree)
    assert verdict.summary == "REFUSED: Results=1, NoResults=2, round v3.0"


@pytest.mark.parametrize("make", ["empty", "file", "nothing"])
def test_tree_without_results_is_refused(tmp_path: Path, make: str) -> None:
    from franca.errors import NotFound

    tree = tmp_path / "tree"
    if make == "empty":
        tree.mkdir()
        assert broken_rules(check(tree)) == {"F3"}
        return
    if make == "file":
        tree.write_text("x")
    with pytest.raises(NotFound):
        check(tree)


def accuracy_text(old: str, new: str) -> Damage:
    return lambda tree: replace(tree / MERGED_OFFLINE / "accuracy" / "accuracy.txt", old, new)


MERGED_OFFLINE = "open/Franca/results/digits-host/digits-cnn/Offline"
MERGED_RUN = f"{MERGED_OFFLINE}/{RUN}"


def scenario_as_a_file(tree: Path) -> None:
    shutil.rmtree(tree / MERGED_OFFLINE)
    (tree / MERGED_OFFLINE).write_text("x")


@pytest.mark.parametrize(
    ("rule", "said", "damage"),
    [
        ("A3", "the digest is no SHA-256", accuracy_text("hash=", "hash=x")),
        ("A7", "total is not the number", accuracy_text("96.777%, good=991, total=1024", "50.000%, good=1, total=2")),
        ("B2", "is no directory", scenario_as_a_file),
        ("P2", "is empty", write(MERGED_RUN, b"")),
        ("P2", "holds no entry of LoadGen", write(MERGED_RUN, bytes(1000))),
        ("P1", "is a directory, not a file", lambda tree: ((tree / MERGED_RUN).unlink(), (tree / MERGED_RUN).mkdir())),
        ("P1", "is a device or a pipe, not a file", lambda t: ((t / MERGED_RUN).unlink(), os.mkfifo(t / MERGED_RUN))),
        ("P3", "says no to result_min_duration_met", log_value("result_min_duration_met", False, MERGED_OFFLINE)),
    ],
)  # fmt: skip
def test_a_fault_is_told_once_in_words_that_fit_it(tmp_path: Path, rule: str, said: str, damage: Damage) -> None:
    tree = copy("digits-v6.1", tmp_path / "tree")
    damage(tree)
    found = [f for f in check(tree, skip=("dataset-size-check",)).findings if f.rule not in ("F1", "S8", "F4")]
    assert [(f.rule, said in f.message) for f in found] == [(rule, True)]


def test_one_bad_value_that_several_checks_need_is_told_once(tmp_path: Path) -> None:
    tree = copy("digits-v6.1", tmp_path / "tree")
    set_value(tree / MERGED_RUN, "result_samples_per_second", "fast")
    assert broken_rules(check(tree, skip=("dataset-size-check",))) == {"P2"}


def test_a_finding_shows_only_what_it_knows() -> None:
    findings = Findings("v6.1")
    findings.add("F3", "weird", "is no division", expected="closed, open or network")
    findings.add("P2", "log", "is odd", found="this")
    findings.add("P2", "log", "is odd", expected="x", found="y")  # said before
    findings.add("P4", "log", "errors")
    assert [f.line() for f in findings.all] == [
        "error: F3 weird: is no division (expected closed, open or network)",
        "error: P2 log: is odd (found this)",
        "error: P4 log: errors",
    ]


def test_skips_leave_rules_out_and_say_so(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    shutil.rmtree(tree / REBELLIONS / "compliance")
    assert broken_rules(check(tree)) == {"C1", "B3"}
    verdict = check(tree, skip=("compliance",))
    assert verdict.ok and "OK with exceptions (skipped: compliance)" in verdict.summary


TOKENS = {
    "requested_use_token_latencies": True,
    "result_first_token_99.00_percentile_latency_ns": 1_900_000_000,
    "result_time_per_output_token_99.00_percentile_ns": 190_000_000,
    "effective_sample_concatenate_permutation": True,
}


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({}, set()),
        ({"requested_use_token_latencies": False}, {"P13"}),
        ({"result_first_token_99.00_percentile_latency_ns": 2_000_000_000}, {"P13"}),
        ({"result_time_per_output_token_99.00_percentile_ns": 200_000_001}, {"P13"}),
        ({"effective_sample_concatenate_permutation": False}, {"P14"}),
    ],
)
def test_token_latencies_and_equal_issue_of_a_language_model(
    tmp_path: Path, change: dict[str, object], rules: set[str]
) -> None:
    tree = copy("v3.0", tmp_path / "tree", ("closed/cTuning",))
    place = tree / SERVER
    target = place.parent.parent / "llama2-70b-99" / "server"
    target.parent.mkdir()
    place.rename(target)
    for key, value in {**TOKENS, **change}.items():
        add_entry(target / RUN, key, value)
    found = {f.rule for f in check(tree, round="v4.1").findings if f.path.startswith(str(target.relative_to(tree)))}
    assert found & {"P13", "P14"} == rules


def test_token_verification_of_test06(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    old, new = "resnet50", "llama2-70b-99"
    set_fields(tree / SYSTEM, system_type="datacenter")
    for place in ("results", "compliance", "measurements"):
        (tree / REBELLIONS / place / "ATOM" / old).rename(tree / REBELLIONS / place / "ATOM" / new)
    verify = tree / TESTS.replace(old, new) / "Offline/TEST06/verify_accuracy.txt"
    verify.parent.mkdir()
    lines = ["First token check pass: Skipped", "EOS check pass: True", "Sample length check pass: True"]
    for number in range(4):
        verify.write_text("\n".join(line for n, line in enumerate(lines) if n != number) + "\n")
        found = [f for f in check(tree, round="v4.1").findings if f.rule == "C6" and "Offline" in f.path]
        assert len(found) == (0 if number == 3 else 1)


def test_unknown_field_and_missing_code_are_only_warnings(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    set_fields(tree / SYSTEM, colour="blue")
    verdict = check(tree)
    assert verdict.ok
    assert {"S8", "M3"} <= {f.rule for f in verdict.findings}


def test_findings_of_one_rule_are_bounded_and_counted(tmp_path: Path) -> None:
    from franca.mlperf.submission.findings import MAX_PER_RULE
    from franca.mlperf.submission.output import to_text

    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    for number in range(MAX_PER_RULE + 20):
        (tree / REBELLIONS / "code" / f"a {number}").touch()
    verdict = check(tree)
    assert sum(f.rule == "F1" for f in verdict.findings) == MAX_PER_RULE
    assert "F1: 20 more" in to_text(verdict)


def test_messages_do_not_pass_on_control_characters(tmp_path: Path) -> None:
    from franca.mlperf.submission.output import to_json, to_text

    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    (tree / REBELLIONS / "code" / "a\x1b]0;evil\x07").touch()
    set_value(tree / SINGLE / RUN, "sut_name", "b\x1b[2J")
    set_fields(tree / SYSTEM, status="c\x1b[2J")
    verdict = check(tree)
    assert "\x1b" not in to_text(verdict)
    assert json.loads(to_json(verdict))["ok"] is False


@pytest.mark.parametrize(("said", "refused"), [("50.86", False), ("50.88", True)])
def test_a_summary_rounds_low_rates_of_server_to_two_decimals(tmp_path: Path, said: str, refused: bool) -> None:
    tree = copy("v3.0", tmp_path / "tree", ("closed/cTuning",))
    set_value(tree / SERVER / RUN, "result_scheduled_samples_per_sec", 50.857)
    replace(tree / SERVER / SUMMARY, "Scheduled samples per second : 3298.77", f"Scheduled samples per second : {said}")
    found = [f for f in check(tree).findings if f.rule == "P22" and "per second" in f.message]
    assert bool(found) == refused


def test_a_scenario_that_is_not_demanded_makes_it_a_verdict_with_exceptions(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    for place in ("results", "measurements", "compliance"):
        shutil.rmtree(tree / REBELLIONS / place / "ATOM/resnet50/MultiStream")
    assert broken_rules(check(tree)) == {"B3"}
    verdict = check(tree, scenarios_to_skip=("MultiStream",))
    assert verdict.ok and verdict.summary.startswith("OK with exceptions (skipped: scenario MultiStream)")
    assert broken_rules(check(tree, scenarios_to_skip=("Offline",))) == {"B3"}


def test_the_private_id_of_a_system_is_a_column_of_later_rounds(tmp_path: Path) -> None:
    from franca.mlperf.submission.output import to_csv

    tree = copy("digits-v6.1", tmp_path / "tree")
    path = tree / "open/Franca/results/digits-host/privateid.json"
    path.write_text('{"digits-host": "calm-fern-0a1b", "other": "x"}')
    verdict = check(tree, skip=("dataset-size-check",))
    assert verdict.ok
    rows = list(csv.DictReader(io.StringIO(to_csv(verdict))))
    assert [row["PrivateID"] for row in rows] == ["calm-fern-0a1b"] * 3
    for wrong in ("[", '{"digits-host": 7}', "[1]"):
        path.write_text(wrong)
        assert all(r.private_id == "" for r in check(tree, skip=("dataset-size-check",)).records)


def test_an_accuracy_of_another_submitter_is_refused(tmp_path) -> None:
    tree = copy("v3.0", tmp_path)
    taken = next((tree / "closed/cTuning/results").glob("*/resnet50/offline/accuracy/accuracy.txt"))
    shutil.copy(taken, tree / OFFLINE / "accuracy/accuracy.txt")
    findings = [one for one in check_tree(str(tree), Options(round="v3.0")).findings if one.rule == "A7"]
    assert len(findings) == 1 and "another result's accuracy log" in findings[0].message


def test_settings_of_loadgen_are_free_in_open(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", ("open/cTuning",))
    log = next(tree.glob(f"open/cTuning/results/*/*/singlestream/{RUN}"))
    set_value(log, "effective_target_latency_percentile", 0.5)
    set_value(log, "effective_performance_issue_unique", True)
    assert check(tree).ok


@pytest.mark.parametrize("round_name", ["v5.0", "v5.1", "v6.0"])
def test_the_one_benchmark_with_another_percentile_has_it(round_name: str) -> None:
    assert load_round(round_name).models["pointpainting"].latency_percentile == {"SingleStream": 0.999}


def test_pictures_and_videos_that_a_benchmark_asks_for(tmp_path: Path) -> None:
    tree = digits(tmp_path)
    set_fields(tree / "open/Franca/model_mapping.json", **{"digits-cnn": "wan-2.2-t2v-a14b"})
    assert "A8" in broken_rules(check(tree))
    assert "A8" not in broken_rules(check(tree, skip=("extra-accuracy-files-check",)))
    for scenario in ("SingleStream", "MultiStream", "Offline"):
        folder = tree / PLACE / scenario / "accuracy/videos"
        folder.mkdir()
        for number in (130, 106, 84, 59, 12, 123, 43, 22, 238, 32):
            (folder / f"{number}.mp4").write_bytes(b"film")
    assert "A8" not in broken_rules(check(tree))
    (tree / PLACE / "Offline/accuracy/videos/43.mp4").unlink()
    assert [f.path for f in check(tree).findings if f.rule == "A8"] == [f"{PLACE}/Offline/accuracy/videos/43.*"]
