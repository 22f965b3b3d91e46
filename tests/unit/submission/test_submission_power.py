"""Power measurements: the real one passes all eleven checks, each damage of it fails the check meant for it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from franca.errors import MalformedFile
from franca.mlperf.logs.detail import read_detail
from franca.mlperf.submission.context import Result, System
from franca.mlperf.submission.index import index_tree
from franca.mlperf.submission.output import to_csv
from franca.mlperf.submission.power_checks import CHECKS, RECORDED, deep_checks, power_metric, read_records
from franca.mlperf.submission.power_records import Sample, mean_watts, read_samples, read_session
from franca.mlperf.submission.tables import load_round
from tests.unit.submission.submission_trees import (
    DATA,
    POWERED,
    RUN,
    Damage,
    broken_rules,
    check,
    copy,
    drop_key,
    replace,
    set_fields,
    set_value,
)

PERFORMANCE = f"{POWERED}/performance"
BASELINE = {"B3", "C1"}
"""What the sample tree is refused for anyway: scenarios and compliance that were not copied."""


def power_tree(tmp_path: Path) -> Path:
    return copy("v3.0-power", tmp_path / "tree")


def session(side: str, change: Callable[[dict[str, Any]], object]) -> Damage:
    def damage(tree: Path) -> None:
        path = tree / PERFORMANCE / "power" / f"{side}.json"
        raw = json.loads(path.read_text())
        change(raw)
        path.write_text(json.dumps(raw))

    return damage


def put(*keys: Any, to: Any) -> Callable[[dict[str, Any]], object]:
    def change(raw: dict[str, Any]) -> None:
        for key in keys[:-1]:
            raw = raw[key]
        raw[keys[-1]] = to

    return change


def recorded(name: str, change: Callable[[Path], object]) -> Damage:
    """Change a recorded file and its digest on both sides, so that only its content is wrong."""

    def damage(tree: Path) -> None:
        path = tree / PERFORMANCE / name
        change(path)
        digest = hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
        for side in ("client", "server"):
            record = tree / PERFORMANCE / "power" / f"{side}.json"
            raw = json.loads(record.read_text())
            if name in raw["results"]:
                raw["results"][name] = digest
                record.write_text(json.dumps(raw))

    return damage


def daemon(old: str, new: str) -> Damage:
    return recorded("power/ptd_logs.txt", lambda path: replace(path, old, new))


def ptd(number: int, reply: str) -> Damage:
    return session("server", put("ptd_messages", number, "reply", to=reply))


def command_at(start: str, nth: int) -> int:
    raw = json.loads((DATA / "v3.0-power" / PERFORMANCE / "power/server.json").read_text())
    return [n for n, m in enumerate(raw["ptd_messages"]) if m["cmd"].startswith(start)][nth]


def halve_watts(path: Path) -> None:
    text = re.sub(r"Watts,([\d.]+)", lambda m: f"Watts,{float(m.group(1)) / 2:.6f}", path.read_text())
    path.write_text(text)


def usb(path: Path) -> None:
    path.write_text(path.read_text() + "\n03-03-2023 06:40:00.000: ERROR: USB.\n")


UNCERTAIN = "Uncertainty 1.20%, which is above 1.00% limit for the last sample!"
DEEP: list[tuple[int, str, Damage]] = [
    (0, "client sources changed", session("client", put("sources", "client.py", to="0" * 40))),
    (1, "server sources changed", session("server", put("sources", "server.py", to="0" * 40))),
    (2, "daemon of another version", session("server", put(
        "ptd_messages", command_at("Identify", 0), "reply", to="YokogawaWT310,version=1.9.1-x"))),
    (2, "unknown meter", session("server", put(
        "ptd_messages", command_at("Identify", 0), "reply", to="Multimeter,version=1.10.0-x"))),
    (2, "range not changed", ptd(command_at("SR,A", 1), "Error")),
    (2, "measurement not started", ptd(command_at("Go,1000", 0), "Starting")),
    (2, "third stop stops something", ptd(command_at("Stop", 2), "Stopping untimed measurement")),
    (2, "range not restored", session("server", put("ptd_messages", command_at("SR,V", 2), "cmd", to="SR,V,300"))),
    (3, "another client", session("server", put("uuid", "client", to="00000000-0000-0000-0000-000000000000"))),
    (4, "another session", session("client", put("session_name", to="2023-03-02_22-20-29_other"))),
    (5, "clocks half a second apart", session("client", put("phases", "testing", 1, 0, to=1677825299.0))),
    (5, "a phase time missing", session("client", lambda raw: raw["phases"]["testing"].pop())),
    (5, "run outside its phase", lambda t: [
        set_value(t / POWERED / RUN, "power_begin", "03-03-2023 09:38:16.866"),
        set_value(t / POWERED / RUN, "power_end", "03-03-2023 09:48:16.867")]),
    (5, "testing draws half the power", recorded("run_1/spl.txt", halve_watts)),
    (6, "a message is missing", session("client", lambda raw: raw["messages"].pop())),
    (6, "another reply", session("client", put("messages", 1, "reply", to="no"))),
    (6, "versions differ", lambda t: [session(s, put("messages", 0, "reply", to="mlcommons/power server v2"))(t)
                                      for s in ("client", "server")]),
    (7, "samples edited", lambda t: replace(t / PERFORMANCE / "run_1/spl.txt", "Watts,5.959000", "Watts,1.959000")),
    (7, "ranging log edited", lambda t: replace(t / PERFORMANCE / "ranging/mlperf_log_summary.txt", "VALID", "valid")),
    (7, "digest not recorded", session("server", lambda raw: raw["results"].pop("run_1/spl.txt"))),
    (8, "no ranging period", daemon("_ranging'", "_other'")),
    (8, "uncertainty not watched", daemon("Uncertainty checking for Yokogawa", "Checking for ")),
    (8, "error while testing", recorded("power/ptd_logs.txt", lambda p: p.write_text(
        p.read_text() + "\n03-03-2023 06:40:00.000: ERROR: Lost connection\n"))),
    (8, "uncertain sample while testing", recorded("power/ptd_logs.txt", lambda p: p.write_text(
        p.read_text() + f"\n03-03-2023 06:40:00.000: WARNING: {UNCERTAIN}\n"))),
    (9, "unknown device type", session("server", put("ptd_config", "device_type", to=7))),
    (9, "multichannel device with one channel", session("server", put("ptd_config", "device_type", to=77))),
    (9, "no analyser", session("server", put("ptd_config", to=[]))),
    (10, "debug mode", session("server", put("debug", to=True))),
]  # fmt: skip


def test_real_measurement_passes_all_eleven_checks() -> None:
    verdict = check(DATA / "v3.0-power")
    assert broken_rules(verdict) == BASELINE
    assert len(CHECKS) == 11
    assert verdict.records[0].power == 15.285569636160059


@pytest.mark.parametrize("case", DEEP, ids=lambda c: f"{CHECKS[c[0]]}-{c[1]}")
def test_each_deep_check_fails_by_what_it_is_for(tmp_path: Path, case: tuple[int, str, Damage]) -> None:
    tree = power_tree(tmp_path)
    case[2](tree)
    verdict = check(tree, round="v3.0")
    failed = {f.message.split(":")[0] for f in verdict.findings if f.rule == "W3" and f.severity == "error"}
    assert CHECKS[case[0]] in failed
    # an edit of a recorded log also breaks its digest; another session name loses the ranging period
    assert failed <= {CHECKS[case[0]], CHECKS[7], CHECKS[8]}
    assert broken_rules(verdict) >= {"W3", *BASELINE}


def test_deep_checks_can_be_skipped_and_lenient_rounds_only_warn(tmp_path: Path) -> None:
    tree = power_tree(tmp_path)
    session("server", put("debug", to=True))(tree)
    assert broken_rules(check(tree, skip=("power-check",))) == BASELINE
    assert broken_rules(check(tree, lenient="v3.0")) == BASELINE


def test_usb_error_is_tolerated_as_a_warning(tmp_path: Path) -> None:
    tree = power_tree(tmp_path)
    recorded("power/ptd_logs.txt", usb)(tree)
    verdict = check(tree)
    assert broken_rules(verdict) == BASELINE
    assert [f.severity for f in verdict.findings if "USB." in f.message] == ["warning"]


def test_clock_shifted_by_one_hour_is_tolerated(tmp_path: Path) -> None:
    tree = power_tree(tmp_path)
    path = tree / POWERED / RUN
    text = path.read_text().replace("03-03-2023 06:38:16.866", "03-03-2023 07:38:16.866")
    path.write_text(text.replace("03-03-2023 06:48:16.867", "03-03-2023 07:48:16.867"))
    messages = [f.message for f in check(tree).findings if f.rule == "W3"]
    assert not any("outside the testing phase" in message for message in messages)


@pytest.mark.parametrize(
    ("rule", "damage"),
    [
        ("W1", lambda t: (t / PERFORMANCE / "power/client.log").unlink()),
        ("W1", lambda t: (t / PERFORMANCE / "run_1/spl.txt").unlink()),
        ("W1", lambda t: shutil.rmtree(t / PERFORMANCE / "ranging")),
        ("W1", lambda t: (t / PERFORMANCE / "power/notes.txt").write_text("x")),
        ("W1", lambda t: shutil.rmtree(t / PERFORMANCE / "power")),
        ("W2", lambda t: drop_key(t / POWERED / RUN, "power_begin")),
        ("W2", lambda t: (t / PERFORMANCE / "run_1/spl.txt").write_text("nothing\n")),
        ("W2", lambda t: replace(t / PERFORMANCE / "run_1/spl.txt", "Time,03-03-2023", "Time,03-04-2023")),
        ("W2", lambda t: replace(t / PERFORMANCE / "run_1/spl.txt", "Watts,5.9", "Watts,nan5.9")),
        ("W3", lambda t: (t / PERFORMANCE / "power/server.json").write_text("{}")),
        ("W3", lambda t: (t / PERFORMANCE / "power/client.json").write_bytes(b"\xff")),
        ("W3", lambda t: (t / PERFORMANCE / "power/ptd_logs.txt").write_bytes(b"\xff" * 10)),
        ("W5", session("server", put("simulated", to=True))),
    ],
)
def test_incomplete_or_broken_measurement_is_refused(tmp_path: Path, rule: str, damage: Damage) -> None:
    tree = power_tree(tmp_path)
    damage(tree)
    assert rule in broken_rules(check(tree, round="v3.0"))


def test_analyzer_settings_and_power_fields_are_asked_for_from_v3_1(tmp_path: Path) -> None:
    tree = power_tree(tmp_path)
    found = {f.rule: f.severity for f in check(tree, round="v3.0").findings}
    assert found["W4"] == "warning"
    found = {f.rule: f.severity for f in check(tree, round="v3.1").findings}
    assert found["W4"] == "error"
    above = tree / "closed/SiMa/measurements/davinci_dualm2/power_settings.txt"
    above.write_text("as found")
    assert "W4" not in {f.rule for f in check(tree, round="v3.1").findings}
    set_fields(tree / "closed/SiMa/systems/davinci_dualm2.json", filesystem=None)
    assert "S7" in broken_rules(check(tree, round="v3.1"))


def test_mean_is_taken_strictly_inside_the_window() -> None:
    samples = read_samples(str(DATA / "v3.0-power" / PERFORMANCE / "run_1/spl.txt"))
    first, third = samples[0].time, samples[2].time
    assert mean_watts(samples, first, third, "v3.0") == samples[1].watts
    assert mean_watts(samples, third, first, "v3.0") is None


def test_recorded_files_are_the_nine_of_the_rules() -> None:
    assert len(RECORDED) == 9
    top = index_tree(str(DATA / "v3.0-power" / PERFORMANCE))
    assert all(top.file(name) for name in RECORDED)


@pytest.mark.parametrize("side", ["client", "server"])
def test_session_record_with_a_wrong_type_names_the_key(tmp_path: Path, side: str) -> None:
    source = json.loads((DATA / "v3.0-power" / PERFORMANCE / f"power/{side}.json").read_text())
    source["messages"][0]["cmd"] = 7
    (tmp_path / "s.json").write_text(json.dumps(source))
    with pytest.raises(MalformedFile, match=r"messages\[0\]\.cmd|messages\[\.\.\.\]\.cmd"):
        read_session(str(tmp_path / "s.json"))


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["power/client.json", "power/server.json", "power/ptd_logs.txt", "run_1/spl.txt"]), st.data())
def test_mutated_records_never_crash_the_checker(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    tree = tmp_path_factory.getbasetemp() / "fuzzed-power"
    if not tree.exists():
        copy("v3.0-power", tree)
    path = tree / PERFORMANCE / name
    original = path.read_bytes()
    raw = bytearray(original)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=6))
    path.write_bytes(raw)
    try:
        verdict = check(tree, round="v3.0")
    finally:
        path.write_bytes(original)
    assert broken_rules(verdict) >= BASELINE
    if name in RECORDED and bytes(raw) != original:
        assert "W3" in broken_rules(verdict)


@pytest.mark.parametrize(
    ("round_name", "mean"), [("v3.0", 20.0), ("v4.1", 20.0), ("v5.1", 20.0), ("v6.0", 30.0), ("v6.1", 30.0)]
)
def test_samples_of_no_power_are_left_out_since_v6(round_name: str, mean: float) -> None:
    start = datetime(2026, 1, 1)
    samples = [
        Sample(start + timedelta(seconds=n), watts, 230.0, 1.0, 1.0, "") for n, watts in enumerate((99, 30, 0, 30, 99))
    ]
    assert mean_watts(samples, samples[0].time, samples[-1].time, round_name) == mean


@pytest.mark.parametrize(("round_name", "dropped"), [("v5.1", True), ("v6.1", False)])
def test_the_deep_checks_count_samples_as_the_metric_does(tmp_path: Path, round_name: str, dropped: bool) -> None:
    tree = power_tree(tmp_path)
    path = tree / PERFORMANCE / "run_1/spl.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(re.sub("Watts,[^,]*", "Watts,0.0", x) if n % 5 == 0 else x for n, x in enumerate(lines)))
    records = read_records(str(tree), index_tree(str(tree)).directory(PERFORMANCE))  # type: ignore[arg-type]
    found = [problem.message for problem in deep_checks(records, round_name)["Check time difference"]]
    assert ("testing drew more than 5 % less power than ranging" in found) is dropped


def test_lines_that_do_not_start_with_a_time_are_no_samples(tmp_path: Path) -> None:
    path = tmp_path / "spl.txt"
    path.write_text("NOTE,meter ready\nTime,01-01-2026 00:00:00.000,Watts,5,Volts,230,Amps,1,PF,1,Mark,a\n\n")
    assert [sample.watts for sample in read_samples(str(path))] == [5.0]


MEAN_W, QUERIES, SECONDS = 12.8997, 506349, 600.001
"""Of the sample: mean of spl.txt inside the window, queries of the log, length of the window."""


@pytest.mark.parametrize(
    ("scenario", "inferred", "expected"),
    [
        ("Offline", False, MEAN_W),
        ("Offline", True, MEAN_W),
        ("Server", False, MEAN_W),
        ("Interactive", False, MEAN_W),
        ("SingleStream", False, MEAN_W * SECONDS * 1000 / QUERIES),
        ("MultiStream", False, MEAN_W * SECONDS * 1000 / QUERIES),
        ("MultiStream", True, MEAN_W * SECONDS * 1000 / QUERIES * 8),
    ],
)
def test_the_metric_is_watts_or_millijoules_a_query(scenario: str, inferred: bool, expected: float) -> None:
    log = read_detail(str(DATA / "v3.0-power" / POWERED / RUN))
    rules = load_round("v3.0").models["resnet"]
    system = System("s", {}, "edge")
    result = Result("p", "closed", "x", system, "resnet50", "resnet", scenario, rules, inferred=inferred)
    found = power_metric(result, log, MEAN_W, SECONDS)
    assert found == pytest.approx(expected)
    assert (15 < expected < 16) == (scenario == "SingleStream" or (scenario == "MultiStream" and not inferred))


@pytest.mark.parametrize(
    ("scenario", "power", "unit"), [("MultiStream", 8 * 15.28557, "millijoules"), ("Offline", 12.8997, "Watts")]
)
def test_inferred_results_carry_their_power_with_its_unit(
    tmp_path: Path, scenario: str, power: float, unit: str
) -> None:
    tree = power_tree(tmp_path)
    for part in ("results", "measurements"):
        place = tree / POWERED.replace("results", part)
        if place.is_dir():
            place.rename(place.with_name(scenario))
    (record,) = check(tree, round="v3.0").records
    assert record.inferred and record.scenario == scenario
    assert (record.power, record.power_unit) == (pytest.approx(power, rel=1e-4), unit)
    plain, second = csv.DictReader(io.StringIO(to_csv(check(tree, round="v3.0"))))
    assert (second["Units"], float(second["Result"])) == (unit, pytest.approx(power, rel=1e-4))
    assert plain["Units"] != unit
