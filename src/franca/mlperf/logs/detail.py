"""`mlperf_log_detail.txt`: one JSON object a line behind `:::MLLOG` (specification 4.2, 4.5).

Reading streams: only the first value of each key, the error and warning entries and the findings are kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from franca.errors import Location, MalformedFile
from franca.mlperf.logs.entry import DetailEntry
from franca.mlperf.logs.lines import excerpt, read_blocks

MARK = ":::MLLOG"
MAX_KEYS = 10_000
MAX_KEPT = 1_000
"""Error, warning and duplicate entries kept of each kind; all are counted."""

CLOCK_SLACK_MS = 100.0
"""Entries of several threads may be written a little out of order."""

DIRTY_BUILD = ("uncommitted changes",)
"""Parts of error messages that only say that LoadGen was built from a changed checkout (4.5)."""

AUDIT_WARNING = "Found Audit Config file"
"""Start of the warning that an audit configuration was in force (2.4)."""

_SINGLE = ("effective_", "result_")


class DetailLog:
    """What a detail log says. A key that repeats keeps its first value, as the official readers do."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.first: dict[str, DetailEntry] = {}
        self.errors: list[DetailEntry] = []
        self.warnings: list[DetailEntry] = []
        self.duplicates: list[DetailEntry] = []
        """Second and later `effective_*` and `result_*` entries: two runs appended to one file."""
        self.error_count = 0
        self.warning_count = 0
        self.foreign_lines = 0
        self.last_line = 0
        self.last_time = float("-inf")
        self.backwards = 0
        """First line whose time lies more than CLOCK_SLACK_MS before that of the line above it; 0 = none."""

    def __contains__(self, key: str) -> bool:
        return key in self.first

    def get(self, key: str, default: object = None) -> object:
        """First value of the key as JSON gave it, or the default."""
        entry = self.first.get(key)
        return default if entry is None else entry.value

    def integer(self, key: str) -> int:
        """Value of a key that must be a whole number (1e+06 and 5.0 count). Raises MalformedFile."""
        value = self.number(key)
        if value != value or value in (float("inf"), float("-inf")) or value != int(value):
            raise self._wrong(key, "a whole number")
        return int(value)

    def number(self, key: str) -> int | float:
        """Value of a key that must be a number; booleans and texts are refused. Raises MalformedFile."""
        value = self._entry(key).value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._wrong(key, "a number")
        return value

    def flag(self, key: str) -> bool:
        """Value of a key that must be true or false. Raises MalformedFile."""
        value = self._entry(key).value
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def text(self, key: str) -> str:
        """Value of a key that must be a string. Raises MalformedFile."""
        value = self._entry(key).value
        if not isinstance(value, str):
            raise self._wrong(key, "a string")
        return value

    def find_number(self, key: str) -> int | float | None:
        """As `number`, or None when the log lacks the key."""
        return self.number(key) if key in self.first else None

    def find_flag(self, key: str) -> bool | None:
        """As `flag`, or None when the log lacks the key."""
        return self.flag(key) if key in self.first else None

    def fatal_errors(self, allow: Iterable[str] = DIRTY_BUILD) -> list[DetailEntry]:
        """Error entries whose message contains none of the allowed parts."""
        allowed = tuple(part.lower() for part in allow)
        return [e for e in self.errors if not any(part in str(e.value).lower() for part in allowed)]

    def audited(self) -> bool:
        """True when an audit configuration was in force (2.4): not a normal run."""
        return any(str(entry.value).startswith(AUDIT_WARNING) for entry in self.warnings)

    def _entry(self, key: str) -> DetailEntry:
        try:
            return self.first[key]
        except KeyError:
            raise MalformedFile(
                f"no entry {key!r} among {len(self.first)} keys", where=Location(self.path, self.last_line)
            ) from None

    def _wrong(self, key: str, expected: str) -> MalformedFile:
        entry = self.first[key]
        shown = excerpt(json.dumps(entry.value), 60)
        return MalformedFile(f"{key} is {shown}, expected {expected}", where=Location(self.path, entry.line, key=key))


def read_detail(path: str) -> DetailLog:
    """Read a detail log; lines of other programs between its entries are skipped and counted.

    Raises:
        MalformedFile: a line starts as an entry but is not one (file, line and text are named), a line is
            too long or not UTF-8, or the file cannot be read.
    """
    log = DetailLog(path)
    decode = _block_decoder()
    for first, lines in read_blocks(path):
        numbers = [n for n, line in enumerate(lines, first) if line.startswith(MARK)]
        texts = [lines[n - first][len(MARK) :].lstrip() for n in numbers]
        if len(texts) != len(lines):
            log.foreign_lines += sum(map(bool, lines)) - len(texts)
        _keep(log, decode(texts, numbers, path))
        log.last_line = first + len(lines) - 1
    return log


Decoder = Callable[[list[str], list[int], str], Iterable[DetailEntry]]


def _block_decoder() -> Decoder:
    """The fastest decoder at hand; all give the same entries and the same errors."""
    try:
        from franca.mlperf.logs.fast import decode_block
    except ImportError:  # an interpreter without msgspec
        return _decode_each
    return lambda texts, numbers, path: decode_block(texts, numbers) or _decode_each(texts, numbers, path)


def _decode_each(texts: list[str], numbers: list[int], path: str) -> Iterator[DetailEntry]:
    """Decode entries one by one: finds the line to blame."""
    for text, number in zip(texts, numbers, strict=True):
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise MalformedFile(
                f"log entry is not JSON ({error}): {excerpt(text)}", where=Location(path, number)
            ) from None
        yield _entry(record, text, path, number)


def _entry(record: object, text: str, path: str, number: int) -> DetailEntry:
    if type(record) is dict and type(record.get("key")) is str and "value" in record:
        meta = record.get("metadata", {})
        time = record.get("time_ms", 0.0)
        if type(meta) is dict and type(time) in (int, float):
            bad, odd = meta.get("is_error", False), meta.get("is_warning", False)
            if type(bad) is bool and type(odd) is bool:
                return DetailEntry(record["key"], record["value"], time, number, bad, odd)
    raise MalformedFile(
        f"log entry lacks a proper key, value, time_ms or metadata: {excerpt(text)}",
        where=Location(path, number),
    )


def _keep(log: DetailLog, entries: Iterable[DetailEntry]) -> None:
    first, last = log.first, log.last_time
    for entry in entries:
        key, _, time, line, is_error, is_warning = entry
        if time < last - CLOCK_SLACK_MS and not log.backwards:
            log.backwards = line
        last = time
        if is_error or is_warning:
            _keep_flagged(log, entry)
        if key not in first:
            first[key] = entry
        elif key.startswith(_SINGLE):
            _append(log.duplicates, entry)
    log.last_time = last
    if len(first) > MAX_KEYS:
        raise MalformedFile(f"more than {MAX_KEYS} different keys", where=Location(log.path, log.last_line))


def _keep_flagged(log: DetailLog, entry: DetailEntry) -> None:
    if entry.is_error:
        log.error_count += 1
        _append(log.errors, entry)
    if entry.is_warning:
        log.warning_count += 1
        _append(log.warnings, entry)


def _append(kept: list[DetailEntry], entry: DetailEntry) -> None:
    if len(kept) < MAX_KEPT:
        kept.append(entry)
