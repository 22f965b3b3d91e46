"""What a power measurement leaves behind: both sessions, the samples, and the daemon's log (specification 10)."""

from __future__ import annotations

import math
import os
import re
from datetime import datetime, timezone
from functools import lru_cache

import msgspec

from franca.errors import Location, MalformedFile
from franca.mlperf.logs.lines import excerpt, read_lines
from franca.mlperf.submission.documents import read_object
from franca.mlperf.submission.run_checks import parse_time
from franca.mlperf.submission.tables import round_number

MAX_SAMPLES = 1_000_000
MAX_LOG_LINES = 5_000_000
POSITIVE_SINCE = (6, 0)
"""Round from which on only samples above zero watts count (10.4)."""


class PowerTable(msgspec.Struct, frozen=True):
    """Released tools, daemon versions and meters; values keyed by the round from which they hold."""

    daemon_versions: dict[str, list[str]]
    phase_tolerance_s: dict[str, float]
    meters: dict[str, int]
    tool_sources: list[dict[str, str]]


@lru_cache(maxsize=1)
def power_table() -> PowerTable:
    """The table in `power.json` beside this module."""
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "power.json"), "rb") as stream:
        return msgspec.json.decode(stream.read(), type=PowerTable)


def tolerance_s(round_name: str) -> float:
    """Largest difference of phase times between client and server, seconds."""
    table = power_table().phase_tolerance_s
    return table[_since(round_name, tuple(table))]


def daemon_versions(round_name: str) -> list[str]:
    """Versions of the daemon that a round accepts."""
    table = power_table().daemon_versions
    return table[_since(round_name, tuple(table))]


def _since(round_name: str, keys: tuple[str, ...]) -> str:
    fitting = [key for key in keys if round_number(key) <= round_number(round_name)]
    return max(fitting or keys[:1], key=round_number)


class Message(msgspec.Struct, frozen=True):
    """A command and its reply."""

    cmd: str
    reply: str


class Identity(msgspec.Struct, frozen=True):
    """The identifiers that the two sides drew."""

    client: str
    server: str


class Session(msgspec.Struct, frozen=True):
    """`client.json` or `server.json`; the daemon's part is empty on the client. Times are [wall, monotonic] s."""

    sources: dict[str, str]
    messages: list[Message]
    uuid: Identity
    session_name: str
    results: dict[str, str]
    phases: dict[str, list[tuple[float, float]]]
    timezone: float = 0
    ptd_messages: list[Message] = []
    ptd_config: object = None
    debug: object = False
    simulated: object = False

    @property
    def analyzers(self) -> list[dict[str, object]]:
        """Configured analysers: one object in old records, a list of them in newer ones."""
        entries = self.ptd_config if isinstance(self.ptd_config, list) else [self.ptd_config]
        return [entry for entry in entries if isinstance(entry, dict)]


def read_session(path: str) -> Session:
    """Read one side of a session. Raises MalformedFile, with the key when a value has the wrong type."""
    raw = read_object(path)
    try:
        return msgspec.convert(raw, type=Session)
    except msgspec.ValidationError as error:
        raise MalformedFile(f"is no session record: {error}", where=Location(path)) from None


class Sample(msgspec.Struct, frozen=True):
    """One line of spl.txt: time (UTC), watts, volts, amperes, power factor, mark."""

    time: datetime
    watts: float
    volts: float
    amps: float
    power_factor: float
    mark: str


_FIELDS = ("Watts", "Volts", "Amps", "PF")


def read_samples(path: str) -> list[Sample]:
    """Samples of a spl.txt; lines that do not start with `Time` are skipped. Raises MalformedFile."""
    samples: list[Sample] = []
    for number, line in read_lines(path, max_line=64 * 1024, max_file=1 << 30):
        if not line.startswith("Time,"):
            continue
        if len(samples) >= MAX_SAMPLES:
            raise MalformedFile(f"more than {MAX_SAMPLES} samples", where=Location(path, number))
        samples.append(_sample(line, path, number))
    return samples


def _sample(line: str, path: str, number: int) -> Sample:
    parts = line.split(",")
    try:
        named = dict(zip(parts[0::2], parts[1::2], strict=False))
        values = [float(named[field]) for field in _FIELDS]
        if not all(math.isfinite(value) for value in values):
            raise ValueError("not finite")
        watts, volts, amps, factor = values
        time = parse_time(named["Time"])
        return Sample(time, watts, volts, amps, factor, named.get("Mark", ""))
    except (ValueError, KeyError):
        raise MalformedFile(f"power sample cannot be read: {excerpt(line, 80)}", where=Location(path, number)) from None


def mean_watts(samples: list[Sample], begin: datetime, end: datetime, round_name: str) -> float | None:
    """Mean of the samples strictly between two times, by the round's rule; None without any (10.4)."""
    positive = round_number(round_name) >= POSITIVE_SINCE
    values = [s.watts for s in samples if begin < s.time < end and (s.watts > 0 or not positive)]
    return sum(values) / len(values) if values else None


class DaemonLine(msgspec.Struct, frozen=True):
    """A line of ptd_logs.txt with a time: seconds since the epoch (its clock read as UTC), and the rest."""

    number: int
    time: float
    text: str


_STAMP = re.compile(r"(\d\d-\d\d-\d{4} \d\d:\d\d:\d\d\.\d{3}): ?(.*)")


def read_daemon_log(path: str) -> list[DaemonLine]:
    """Timed lines that are not samples. Raises MalformedFile."""
    found = []
    for number, line in read_lines(path, max_line=1024 * 1024, max_file=1 << 30):
        if number > MAX_LOG_LINES:
            raise MalformedFile(f"more than {MAX_LOG_LINES} lines", where=Location(path, number))
        match = _STAMP.match(line)
        if match:
            try:
                moment = parse_time(match.group(1)).replace(tzinfo=timezone.utc)
            except ValueError:
                raise MalformedFile(f"time cannot be read: {excerpt(line, 60)}", where=Location(path, number)) from None
            found.append(DaemonLine(number, moment.timestamp(), match.group(2)))
    return found


def epoch(moment: datetime) -> float:
    """Seconds since the epoch of a time that is UTC without saying so."""
    return moment.replace(tzinfo=timezone.utc).timestamp()
