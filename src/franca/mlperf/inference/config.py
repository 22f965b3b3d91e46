"""``user.conf`` and ``audit.config``: our own parser and writer.

LoadGen's parser ignores what it does not understand (mlperf-inference section 2.2): no blanks around ``=``
drops the line, ``1e3`` reads as 1, ``0600000`` is octal, unknown keys vanish. Here such a file is refused, with
file, line, column and key, before LoadGen sees it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from franca.errors import Location, MalformedFile
from franca.mlperf.inference.scenarios import Scenario

MAX_BYTES = 1 << 20  #: a real file has a few kilobytes
MAX_UINT64 = (1 << 64) - 1
ANY = "*"

_INTEGER, _DECIMAL, _SWITCH, _MODE = "a whole number", "a decimal number", "0 or 1", "0, 1, 2 or 3"

#: Keys honoured in user and audit files, with the kind of their value (section 2.3).
KEYS: dict[str, str] = {
    "mode": _MODE,
    "target_latency": _DECIMAL,
    "target_latency_percentile": _DECIMAL,
    "target_qps": _DECIMAL,
    "samples_per_query": _INTEGER,
    "coalesce_queries": _SWITCH,
    "max_async_queries": _INTEGER,
    "min_duration": _INTEGER,
    "max_duration": _INTEGER,
    "min_query_count": _INTEGER,
    "max_query_count": _INTEGER,
    "performance_sample_count_override": _INTEGER,
    "accuracy_sample_count_override": _INTEGER,
    "sample_concatenate_permutation": _SWITCH,
    "performance_issue_unique": _SWITCH,
    "performance_issue_same": _SWITCH,
    "performance_issue_same_index": _INTEGER,
    "print_timestamps": _SWITCH,
    "use_token_latencies": _SWITCH,
    "ttft_latency": _INTEGER,
    "tpot_latency": _INTEGER,
    "infer_token_latencies": _SWITCH,
    "token_latency_scaling_factor": _INTEGER,
    "accuracy_log_rng_seed": _INTEGER,
    "accuracy_log_sampling_target": _INTEGER,
}
#: Honoured in the embedded mlperf.conf only; LoadGen ignores them without a word elsewhere (section 2.3).
EMBEDDED_ONLY = frozenset(
    {
        "qsl_rng_seed",
        "sample_index_rng_seed",
        "schedule_rng_seed",
        "accuracy_log_probability",
        "test05",
        "test05_qsl_rng_seed",
        "test05_sample_index_rng_seed",
        "test05_schedule_rng_seed",
    }
)

_SCENARIOS = {s.value for s in Scenario} | {ANY}
_LINE = re.compile(r"(?P<key>[^\s=]+)(?P<before>\s*)=(?P<after>\s*)(?P<value>.*?)\s*$")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_NUMBER = {_INTEGER: re.compile(r"\d+"), _DECIMAL: re.compile(r"\d+(\.\d+)?")}
_ALLOWED = {_SWITCH: ("0", "1"), _MODE: ("0", "1", "2", "3")}


class Entry(NamedTuple):
    """``<model>.<scenario>.<key> = <value>``; ``value`` is the text as it stands in the file."""

    model: str
    scenario: str
    key: str
    value: str
    line: int = 0

    @property
    def name(self) -> str:
        return f"{self.model}.{self.scenario}.{self.key}"

    @property
    def number(self) -> float:
        return float(self.value)


def read_config(path: str) -> list[Entry]:
    """Read and check a configuration file.

    Raises:
        MalformedFile: it cannot be read, or a line is not exactly what LoadGen would understand.
    """
    try:
        with open(path, "rb") as source:
            raw = source.read(MAX_BYTES + 1)
    except OSError as error:
        raise MalformedFile(f"cannot be read: {error.strerror}", where=Location(path)) from error
    if len(raw) > MAX_BYTES:
        raise MalformedFile(f"larger than {MAX_BYTES} bytes: not a configuration file", where=Location(path))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise MalformedFile("not UTF-8 text", where=Location(path, line)) from error
    return parse_config(text, path)


def parse_config(text: str, path: str) -> list[Entry]:
    """Entries of the file in order; a duplicate (same model, scenario and key) is refused."""
    entries: list[Entry] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        entry = _parse_line(line, path, number)
        if entry.name in seen:
            problem = f"{entry.name} is already set in line {seen[entry.name]}"
            raise MalformedFile(problem, where=Location(path, number, 1, entry.name))
        seen[entry.name] = number
        entries.append(entry)
    return entries


def lookup(entries: Iterable[Entry], model: str, scenario: Scenario, key: str) -> Entry | None:
    """The entry that LoadGen would use: model and scenario, any model, any scenario, any (section 2.1)."""
    places = [(model, scenario.value), (ANY, scenario.value), (model, ANY), (ANY, ANY)]
    found = {(e.model, e.scenario): e for e in entries if e.key == key}
    return next((found[place] for place in places if place in found), None)


def own_entries(entries: Iterable[Entry], name: str, path: str) -> list[Entry]:
    """Entries of any model, with those of the benchmark ``name`` turned into such ones, which then win.

    LoadGen itself is told no name of a model: what official rules say of one is that of a round, and written out.

    Raises:
        MalformedFile: an entry of another model, which would be ignored without a word.
    """
    found: dict[tuple[str, str], Entry] = {}
    for entry in sorted(entries, key=lambda one: one.model == name):  # the benchmark's own last
        if entry.model not in (ANY, name):
            where = Location(path, entry.line, key=entry.name)
            raise MalformedFile(f"{entry.model} is another model; this run is of {name} or * (any)", where=where)
        found[entry.scenario, entry.key] = entry._replace(model=ANY)
    return list(found.values())


def format_config(entries: Sequence[Entry], title: str = "") -> str:
    """The file that ``parse_config`` reads back to the same entries."""
    head = "".join(f"# {line}\n" for line in title.splitlines())
    return head + "".join(f"{e.name} = {e.value}\n" for e in entries)


def number_text(value: float) -> str:
    """A number as LoadGen reads it: digits and at most one point, never an exponent."""
    if value == int(value):
        return str(int(value))
    return f"{value:.9f}".rstrip("0").rstrip(".")


def _parse_line(line: str, path: str, number: int) -> Entry:
    start = len(line) - len(line.lstrip())
    match = _LINE.match(line, start)
    if match is None:
        raise MalformedFile(
            f"expected 'model.scenario.key = value', found {line.strip()[:80]!r}",
            where=Location(path, number, start + 1),
        )
    name, equals = match["key"], match.end("before") + 1
    if match["before"] and not match["value"]:
        raise MalformedFile("the value is missing behind '='", where=Location(path, number, equals, name))
    if not match["before"] or not match["after"]:
        raise MalformedFile(
            "blanks are needed on both sides of '=' (LoadGen drops the line without them)",
            where=Location(path, number, equals, name),
        )
    model, scenario, key = _split_name(name, Location(path, number, start + 1, name))
    value_at = Location(path, number, match.start("value") + 1, name)
    value = _checked_value(key, match["value"], value_at)
    if key == "target_latency" and scenario in (Scenario.SERVER.value, ANY) and not value.isdigit():
        raise MalformedFile(f"{value!r}: LoadGen reads whole milliseconds only for Server", where=value_at)
    if key == "target_latency_percentile" and not 0 < float(value) <= 100:
        raise MalformedFile(f"{value!r} is no percentile; expected more than 0, at most 100", where=value_at)
    return Entry(model, scenario, key, value, number)


def _split_name(name: str, where: Location) -> tuple[str, str, str]:
    parts = name.split(".")
    if len(parts) != 3:
        hint = "; a model name has no dots in it" if len(parts) > 3 else ""
        raise MalformedFile(f"expected model.scenario.key, found {len(parts)} parts{hint}", where=where)
    model, scenario, key = parts
    if model != ANY and not _MODEL.fullmatch(model):
        raise MalformedFile(f"{model!r} is no model name (letters, digits, - and _, or *)", where=where)
    if scenario not in _SCENARIOS:
        expected = ", ".join(sorted(_SCENARIOS))
        raise MalformedFile(f"{scenario!r} is no scenario (expected one of {expected})", where=where)
    if key in EMBEDDED_ONLY:
        raise MalformedFile(f"{key} is honoured in LoadGen's own mlperf.conf only; remove it", where=where)
    if key not in KEYS:
        raise MalformedFile(f"unknown key {key!r}{_closest(key)}", where=where)
    return model, scenario, key


def _checked_value(key: str, value: str, where: Location) -> str:
    kind = KEYS[key]
    if not value:
        raise MalformedFile(f"no value; expected {kind}", where=where)
    if "#" in value:
        raise MalformedFile("a comment needs its own line (LoadGen refuses one after a value)", where=where)
    good = value in _ALLOWED[kind] if kind in _ALLOWED else bool(_NUMBER[kind].fullmatch(value))
    if not good or not value.isascii():
        raise MalformedFile(f"{value!r} is not {kind}", where=where)
    if re.match(r"0\d", value):
        raise MalformedFile(f"{value!r} starts with 0, which LoadGen takes for octal", where=where)
    if int(value.partition(".")[0]) > MAX_UINT64:
        raise MalformedFile(f"{value} is larger than 64 bits hold", where=where)
    return value


def _closest(key: str) -> str:
    import difflib

    near = difflib.get_close_matches(key, KEYS, n=1)
    return f"; closest: {near[0]}" if near else ""
