"""Rules of power measurements: W (specification 10)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import msgspec

from franca.errors import MalformedFile
from franca.mlperf.logs.detail import DetailLog
from franca.mlperf.submission.context import ACCURACY_LOG, DETAIL, SUMMARY, Context, Result
from franca.mlperf.submission.documents import file_digest, join
from franca.mlperf.submission.index import Node
from franca.mlperf.submission.model import Scenario
from franca.mlperf.submission.power_records import (
    DaemonLine,
    Sample,
    Session,
    daemon_versions,
    epoch,
    mean_watts,
    power_table,
    read_daemon_log,
    read_samples,
    read_session,
    tolerance_s,
)
from franca.mlperf.submission.run_checks import measured_window
from franca.results.derived import MULTI_STREAM_SAMPLES

POWER_FILES = ("client.json", "client.log", "ptd_logs.txt", "server.json", "server.log")
RUN_FILES = (SUMMARY, DETAIL, "spl.txt")
RECORDED = (
    "power/client.log", "power/ptd_logs.txt", "power/server.log",
    *(f"{run}/{name}" for run in ("ranging", "run_1") for name in (DETAIL, SUMMARY, "spl.txt")),
)  # fmt: skip
"""The nine files whose digests the two sides record."""

DST_S = 3600.0
"""A shift of one hour between LoadGen's and the phases' clock is tolerated (10.5)."""

POWER_DROP_PERCENT = 5.0

CLIENT_SOURCES = "Check client sources checksum"
CHECKS = (
    CLIENT_SOURCES, "Check server sources checksum", "Check PTD commands and replies", "Check UUID",
    "Check session name", "Check time difference", "Check client server messages", "Check results checksum",
    "Check errors and warnings from PTD logs", "Check PTD configuration",
    "Check debug is disabled on server-side",
)  # fmt: skip
"""The eleven deep checks by the names that reports know them under."""


class Problem(msgspec.Struct, frozen=True):
    """What a deep check found; `warn` for what the rules only want to be looked at."""

    message: str
    expected: object = ""
    found: object = ""
    warn: bool = False


class Records(msgspec.Struct, frozen=True):
    """A power measurement, read."""

    client: Session
    server: Session
    window: tuple[datetime, datetime]
    ranging_window: tuple[datetime, datetime]
    samples: list[Sample]
    ranging_samples: list[Sample]
    daemon: list[DaemonLine]
    digests: dict[str, str]


def check_power(ctx: Context, result: Result, place: Scenario) -> None:
    """All power rules of a result that has a power directory; W1 for power files without one."""
    performance = place.node.directory("performance")
    if performance is None:
        return
    if not result.has_power:
        _check_leftovers(ctx, result, performance)
        return
    _check_files(ctx, result, performance)
    _check_settings(ctx, result, place)
    try:
        _check_metric(ctx, result, performance)
    except MalformedFile as error:
        ctx.findings.refuse("W2", performance.path, error, division=result.division)
    _check_records(ctx, result, performance)


def _check_leftovers(ctx: Context, result: Result, performance: Node) -> None:
    """W1: parts of a power measurement without its records."""
    for name in ("run_1/spl.txt", "ranging"):
        node = performance.get(name)
        if node is not None:
            ctx.findings.add("W1", node.path, "belongs to a power run, but there is no power directory",
                             division=result.division)  # fmt: skip


def _check_files(ctx: Context, result: Result, performance: Node) -> None:
    for name, required in (("power", POWER_FILES), ("ranging", RUN_FILES), ("run_1", RUN_FILES)):
        directory = performance.directory(name)
        if directory is None:
            ctx.findings.add("W1", f"{performance.path}/{name}", "is missing", division=result.division)
        elif name != "run_1":  # P1 looks at run_1, spl.txt included
            ctx.exact_files("W1", directory, required, frozenset({ACCURACY_LOG}), division=result.division)
        elif directory.file("spl.txt") is None:
            ctx.findings.add("W1", f"{directory.path}/spl.txt", "is missing", division=result.division)


def _check_settings(ctx: Context, result: Result, place: Scenario) -> None:
    """W4: analyser and power settings in the measurement directory or up to three levels above."""
    parts = place.measurements_path().split("/")
    above = ["/".join(parts[: len(parts) - up]) for up in range(4) if len(parts) - up >= 2]
    for stem in ("analyzer_table.", "power_settings."):
        nodes = (ctx.top.directory(path) for path in above)
        if not any(name.startswith(stem) for node in nodes if node for name in node.children):
            ctx.findings.add("W4", f"{place.measurements_path()}/{stem}*", "is missing", division=result.division)


def _check_metric(ctx: Context, result: Result, performance: Node) -> None:
    """W2: the power metric of the run (10.4): watts, or millijoules per query."""
    node = performance.file("run_1/spl.txt")
    window = measured_window(result.log) if result.log is not None else None
    if node is None or result.log is None:
        return
    path = node.path
    if window is None:
        ctx.findings.add("W2", path, "the detail log has no power_begin and power_end", division=result.division)
        return
    watts = mean_watts(read_samples(ctx.disk(path)), *window, ctx.table.round)
    if watts is None or watts <= 0:
        ctx.findings.add(
            "W2", path, "no power sample between power_begin and power_end", division=result.division,
            expected=f"{window[0]} to {window[1]}", found=watts if watts is not None else "none",
        )  # fmt: skip
        return
    result.power_watts = watts
    result.power = power_metric(result, result.log, watts, (window[1] - window[0]).total_seconds())


def power_metric(result: Result, log: DetailLog, watts: float, seconds: float) -> float | None:
    """Watts for Offline, Server and Interactive; millijoules per query for the streams (10.4)."""
    if result.scenario not in ("SingleStream", "MultiStream"):
        return watts
    queries = log.integer("result_query_count")
    if queries <= 0:
        return None
    factor = MULTI_STREAM_SAMPLES if result.inferred and result.scenario == "MultiStream" else 1
    return watts * seconds * factor * 1000 / queries


def _check_records(ctx: Context, result: Result, performance: Node) -> None:
    """W3 and W5: the deep checks, and whether the records are real."""
    try:
        records = read_records(ctx.root, performance)
    except MalformedFile as error:
        ctx.findings.refuse("W3", performance.path, error, division=result.division)
        return
    path = f"{performance.path}/power"
    if records.client.simulated or records.server.simulated:
        ctx.findings.add("W5", path, "the records are simulated", division=result.division)
    if not ctx.deep_power:
        return
    for name, problems in deep_checks(records, ctx.table.round).items():
        for problem in problems:
            ctx.findings.add(
                "W3", path, f"{name}: {problem.message}", division=result.division,
                expected=problem.expected, found=problem.found, warn=problem.warn,
            )  # fmt: skip


def read_records(root: str, performance: Node) -> Records:
    """The records below a `performance` directory of the tree at `root`. Raises MalformedFile."""

    def disk(name: str) -> str:
        node = performance.file(name)
        if node is None:
            raise MalformedFile(f"{name} is missing")
        return join(root, node.path)

    logs = {run: _window(root, performance, run) for run in ("run_1", "ranging")}
    return Records(
        client=read_session(disk("power/client.json")),
        server=read_session(disk("power/server.json")),
        window=logs["run_1"],
        ranging_window=logs["ranging"],
        samples=read_samples(disk("run_1/spl.txt")),
        ranging_samples=read_samples(disk("ranging/spl.txt")),
        daemon=read_daemon_log(disk("power/ptd_logs.txt")),
        digests={name: file_digest(disk(name), "sha1") for name in RECORDED},
    )


def _window(root: str, performance: Node, run: str) -> tuple[datetime, datetime]:
    from franca.mlperf.logs.detail import read_detail

    node = performance.file(f"{run}/{DETAIL}")
    window = measured_window(read_detail(join(root, node.path))) if node else None
    if window is None:
        raise MalformedFile(f"{run} has no detail log with power_begin and power_end")
    return window


def deep_checks(records: Records, round_name: str) -> dict[str, list[Problem]]:
    """Problems of each of the eleven checks; an empty list is a pass."""
    client, server = records.client, records.server
    results = (
        _sources(client), _sources(server), _daemon_messages(server, round_name), _identity(client, server),
        _names(client, server), _phases(records, round_name), _messages(client, server), _digests(records),
        _daemon_log(records, round_name), _configuration(server), _debug(server),
    )  # fmt: skip
    return {name: list(problems) for name, problems in zip(CHECKS, results, strict=True)}


def _sources(session: Session) -> Iterator[Problem]:
    if session.sources not in power_table().tool_sources:
        yield Problem("the tool's sources are those of no release")


_REPLIES = (
    ("SR,A", "Range A changed"),
    ("SR,V", "Range V changed"),
    ("Go,1000,", "Starting untimed measurement, maximum 500000 samples at 1000ms with 0 rampup samples"),
)


def _daemon_messages(server: Session, round_name: str) -> Iterator[Problem]:
    """Version, meter, replies, and ranges put back."""
    identity = next((m.reply for m in server.ptd_messages if m.cmd == "Identify"), "")
    meter = identity.split(",")[0]
    version = re.search(r"version=(.+?)-", identity)
    versions = daemon_versions(round_name)
    if version is None or version.group(1) not in versions:
        yield Problem("daemon version is not accepted", " or ".join(versions), version.group(1) if version else "none")
    if meter not in power_table().meters:
        yield Problem("power meter is not accepted", "a meter of the table", meter or "none")
    for start, reply in _REPLIES:
        for message in server.ptd_messages:
            if message.cmd.startswith(start) and message.reply != reply:
                yield Problem(f"wrong reply to {message.cmd}", reply, message.reply)
    stops = [message.reply for message in server.ptd_messages if message.cmd == "Stop"]
    for number, found in enumerate(stops):
        expected = "Error: no measurement to stop" if number >= 2 else "Stopping untimed measurement"
        if found != expected:
            yield Problem(f"wrong reply to Stop number {number + 1}", expected, found)
    yield from _ranges(server)


def _ranges(server: Session) -> Iterator[Problem]:
    """The ranges that were found at the start are set again at the end."""
    first = next((m.reply for m in server.ptd_messages if m.cmd == "RR"), "")
    parts = first.split(",")
    for name, at, last in (("A", 1, (3, 4)), ("V", 3, (3,))):
        if len(parts) < at + 2:
            yield Problem("the initial ranges are not recorded", "Ranges,...", first or "none")
            return
        initial = parts[at + 1] if parts[at] == "0" and _positive(parts[at + 1]) else "Auto"
        commands = [m.cmd for m in server.ptd_messages if m.cmd.startswith(f"SR,{name}")]
        restored = [commands[n - 1] for n in last if len(commands) >= n]
        if f"SR,{name},{initial}" not in restored:
            yield Problem(f"range {name} is not restored", f"SR,{name},{initial}", ", ".join(restored) or "none")


def _positive(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False


def _identity(client: Session, server: Session) -> Iterator[Problem]:
    for side in ("client", "server"):
        ours, theirs = (getattr(s.uuid, side).lower().replace("-", "") for s in (client, server))
        if ours != theirs or len(ours) != 32:
            yield Problem(f"the {side} UUID differs", getattr(client.uuid, side), getattr(server.uuid, side))


def _names(client: Session, server: Session) -> Iterator[Problem]:
    if client.session_name != server.session_name:
        yield Problem("session names differ", client.session_name, server.session_name)


def _phases(records: Records, round_name: str) -> Iterator[Problem]:
    """Clocks of both sides, LoadGen's window inside the phase, and the two mean powers."""
    allowed = tolerance_s(round_name)
    for phase in ("ranging", "testing"):
        ours, theirs = (s.phases.get(phase, []) for s in (records.client, records.server))
        if len(ours) != len(theirs) or len(ours) != 4:
            yield Problem(f"{phase} does not have the same four times on both sides", 4, f"{len(ours)}, {len(theirs)}")
            continue
        for number, (mine, other) in enumerate(zip(ours, theirs, strict=True), 1):
            if not abs(mine[0] - other[0]) <= allowed:
                yield Problem(
                    f"time {number} of {phase} differs", f"<= {allowed} s", f"{abs(mine[0] - other[0]):.3f} s"
                )
        window = records.ranging_window if phase == "ranging" else records.window
        yield from _inside(phase, window, ours[1][0], ours[2][0])
    yield from _levels(records, round_name)


def _inside(phase: str, window: tuple[datetime, datetime], start: float, stop: float) -> Iterator[Problem]:
    for name, moment in zip(("power_begin", "power_end"), window, strict=True):
        time = epoch(moment)
        if not (start < time < stop or start < time - DST_S < stop):
            yield Problem(f"{name} lies outside the {phase} phase", f"{start} to {stop}", time)


def _levels(records: Records, round_name: str) -> Iterator[Problem]:
    ranging = mean_watts(records.ranging_samples, *records.ranging_window, round_name)
    testing = mean_watts(records.samples, *records.window, round_name)
    if not ranging or not testing:
        yield Problem("no power samples in the ranging or testing window")
    elif (testing / ranging - 1) * 100 <= -POWER_DROP_PERCENT:
        yield Problem(
            "testing drew more than 5 % less power than ranging", f"> {ranging * 0.95:.3f} W", f"{testing:.3f} W"
        )


def _messages(client: Session, server: Session) -> Iterator[Problem]:
    if len(client.messages) != len(server.messages):
        yield Problem("message lists differ in length", len(client.messages), len(server.messages))
        return
    for number, (ours, theirs) in enumerate(zip(client.messages, server.messages, strict=True), 1):
        if ours.cmd != theirs.cmd:
            yield Problem(f"command {number} differs", ours.cmd, theirs.cmd)
        elif ours.cmd != "time" and ours.reply != theirs.reply:
            yield Problem(f"reply to {ours.cmd} differs", ours.reply, theirs.reply)
    first = server.messages[0] if server.messages else None
    versions = [
        re.fullmatch(rf"mlcommons/power {side} v(\d+)", text)
        for side, text in (("client", first.cmd if first else ""), ("server", first.reply if first else ""))
    ]
    if versions[0] is None or versions[1] is None or versions[0].group(1) != versions[1].group(1):
        yield Problem("client and server are not of one version", "mlcommons/power client vN, server vN",
                      f"{first.cmd}, {first.reply}" if first else "no message")  # fmt: skip


def _digests(records: Records) -> Iterator[Problem]:
    ours, theirs = records.client.results, records.server.results
    for name in RECORDED:
        recorded = {side[name].lower() for side in (ours, theirs) if name in side}
        if recorded != {records.digests[name]}:
            yield Problem(f"{name} is not the file that was recorded", ", ".join(sorted(recorded)) or "a record",
                          records.digests[name])  # fmt: skip


_COMMON_RANGING = (
    "Can't evaluate uncertainty of this sample!", "Bad watts reading nan from ", "Bad amps reading nan from ",
    "Bad pf reading nan from ", "Bad volts reading nan from ", "Current appears to be too high for set range",
)  # fmt: skip
"""Errors that ranging brings about by its nature."""

_USB = "USB."
_UNCERTAIN = re.compile(r"Uncertainty \d+.\d+%, which is above 1.00% limit for the last sample!")
_ACTIVATED = re.compile(r"Uncertainty checking for Yokogawa\S+ is activated")


def _daemon_log(records: Records, round_name: str) -> Iterator[Problem]:
    """The ranging period is there, uncertainty was watched from before it, and errors stayed inside it."""
    mark = f"Go with mark '{records.server.session_name}_ranging'"
    begin = next((line for line in records.daemon if line.text == mark), None)
    after = [line for line in records.daemon if begin is not None and line.number > begin.number]
    end = next((line for line in after if line.text == "Completed test"), None)
    if begin is None or end is None:
        yield Problem("the ranging period is not in ptd_logs.txt", mark, "none")
        return
    activated = next((line for line in records.daemon if _ACTIVATED.search(line.text)), None)
    if activated is None or activated.time >= begin.time:
        yield Problem("uncertainty checking was not on before ranging")
    window = epoch(records.window[0]), epoch(records.window[1])
    slack = tolerance_s(round_name)
    for line in records.daemon:
        yield from _daemon_line(line, (begin.time, end.time), (window[0] + slack, window[1] - slack))


def _daemon_line(line: DaemonLine, ranging: tuple[float, float], load: tuple[float, float]) -> Iterator[Problem]:
    kind, _, text = line.text.partition(":")
    text = text.strip()
    where = f"line {line.number} of ptd_logs.txt"
    if kind == "ERROR":
        inside = ranging[0] < line.time < ranging[1]
        if text == _USB:
            yield Problem(f"{where}: {text}", warn=True)
        elif not inside:
            yield Problem(f"{where}: error outside ranging: {text}")
        elif not text.startswith(_COMMON_RANGING):
            yield Problem(f"{where}: {text}", warn=True)
    elif kind == "WARNING" and load[0] < line.time < load[1]:
        yield Problem(f"{where}: {text}", warn=not _UNCERTAIN.search(text))


def _configuration(server: Session) -> Iterator[Problem]:
    """Device types of the table; two channels where the device is a multichannel one."""
    if not server.analyzers:
        yield Problem("no analyser is configured")
    for analyzer in server.analyzers:
        device = analyzer.get("device_type")
        if device not in power_table().meters.values() or isinstance(device, (bool, float)):
            yield Problem("device type is not accepted", "a type of the table", device)
        if device == power_table().meters["YokogawaWT330_multichannel"]:
            command, channel = analyzer.get("command"), analyzer.get("channel")
            words = command if isinstance(command, list) else []
            given = str(words[words.index("-c") + 1]) if "-c" in words[:-1] else ""
            if len(given.split(",")) != 2 or not isinstance(channel, list) or len(channel) != 2:
                yield Problem("a multichannel device needs two channels", 2, given or "none")


def _debug(server: Session) -> Iterator[Problem]:
    if server.debug is not False:
        yield Problem("the server ran in debug mode")
