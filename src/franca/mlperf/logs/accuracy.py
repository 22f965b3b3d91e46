"""`mlperf_log_accuracy.json`: the responses of an accuracy run, one object a line (spec 4.3, 8.6)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from franca.errors import Location, MalformedFile
from franca.mlperf.logs.lines import excerpt, read_lines

MAX_ENTRY = 1024 * 1024 * 1024
"""Bytes of the longest entry: a segmented volume of 512 x 512 x 512 voxels in hexadecimal takes a quarter."""

CUT = "..."
"""The line that stands for what a truncated copy leaves out."""

_DECODER = json.JSONDecoder()
_SEPARATORS = re.compile(r"[\s,]*")
_WHOLE = re.compile(r"\}\s*,?\s*\]?$")
"""The end of a line that ends an entry: what starts before it and cannot be read is wrong, not unfinished."""


class AccuracyEntry(NamedTuple):
    """One response: position in the run, index in the data set, and the bytes that the SUT returned.

    Runs with token latencies have the number of tokens, and the bytes of what was told as the first token.
    """

    seq_id: int
    qsl_idx: int
    data: bytes
    token_count: int = 0
    token_data: bytes = b""


def read_accuracy(path: str, *, partial: bool = False) -> Iterator[AccuracyEntry]:
    """Responses in file order, read as a stream.

    Args:
        partial: read a truncated copy too: entries before and after the cut that are whole. Without it a
            truncated copy is refused, because scores from it would be wrong.

    Raises:
        MalformedFile: an entry is malformed, or the list does not end, or the file is a truncated copy.
    """
    state = _State(path, partial)
    for number, line in read_lines(path, max_line=MAX_ENTRY, max_file=1 << 62):
        yield from state.line(number, line.strip())
    state.end()


def first_per_sample(entries: Iterable[AccuracyEntry]) -> Iterator[AccuracyEntry]:
    """Drop later responses to the same sample: MultiStream pads its last query with repeats (3.2)."""
    seen: set[int] = set()
    for entry in entries:
        if entry.qsl_idx not in seen:
            seen.add(entry.qsl_idx)
            yield entry


class _State:
    """The reader between two lines: `rest` is the start of an entry that goes on in the next line."""

    def __init__(self, path: str, partial: bool) -> None:
        self.path = path
        self.partial = partial
        self.opened = False
        self.closed = False
        self.after_cut = False
        self.number = 0
        self.rest = ""
        self.problem: MalformedFile | None = None

    def line(self, number: int, text: str) -> Iterator[AccuracyEntry]:
        self.number = number
        if text == CUT:
            self._cut()
        elif text and not self.problem:
            if self.after_cut:
                text = self._remains(text)
            elif not self.opened:
                text = self._open(text)
            yield from self._entries(self.rest + text if self.rest else text)

    def _open(self, text: str) -> str:
        if not text.startswith("["):
            raise self._error(f"does not start with '[': {excerpt(text, 60)}")
        self.opened = True
        return text[1:]

    def _cut(self) -> None:
        if not self.partial:
            raise MalformedFile(
                "is a truncated copy, not the whole log",
                where=Location(self.path, self.number),
                hint="score the log before it is truncated for submission",
            )
        self.after_cut, self.rest, self.problem = True, "", None

    def _remains(self, text: str) -> str:
        """The text behind the end of the entry that was cut in two; empty while that end has not come."""
        before, end, behind = text.partition("}")
        whole = before.startswith("{")
        self.after_cut = not (end or before.startswith("]"))
        self.opened = True
        return text if whole or before.startswith("]") else behind

    def _entries(self, text: str) -> Iterator[AccuracyEntry]:
        """Whole entries of the text; what is left of it starts an entry, or ends the list."""
        position = 0
        while not self.problem:
            position = _SEPARATORS.match(text, position).end()  # type: ignore[union-attr]
            if text.startswith("]", position) and not self.closed:
                self.closed, position = True, position + 1
            elif position == len(text):
                break
            else:
                entry, position = self._entry(text, position)
                if entry is None:
                    break
                yield entry
        self.rest = text[position:]
        if len(self.rest) > MAX_ENTRY:
            raise self._error(f"an entry is longer than {MAX_ENTRY} characters")

    def _entry(self, text: str, position: int) -> tuple[AccuracyEntry | None, int]:
        try:
            if self.closed:
                raise ValueError("text behind the end of the list")
            record, end = _DECODER.raw_decode(text, position)
            return _typed(record), end
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            if text.startswith("{", position) and not _WHOLE.search(text):
                return None, position
            problem = self._error(f"entry cannot be read ({error}): {excerpt(text[position : position + 80], 80)}")
        if not self.partial:
            raise problem
        self.problem = problem  # right only if the cut follows
        return None, len(text)

    def end(self) -> None:
        if self.problem:
            raise self.problem
        if not self.closed or self.rest:
            raise self._error("the list of entries does not end: the file was cut short")

    def _error(self, message: str) -> MalformedFile:
        return MalformedFile(message, where=Location(self.path, self.number))


def _typed(record: dict[str, object]) -> AccuracyEntry:
    seq_id, qsl_idx, data = record["seq_id"], record["qsl_idx"], record["data"]
    tokens, told = record.get("token_count", 0), record.get("token_data", "")
    if type(seq_id) is type(qsl_idx) is type(tokens) is int and type(data) is type(told) is str:
        return AccuracyEntry(seq_id, qsl_idx, bytes.fromhex(data), tokens, bytes.fromhex(told))
    raise ValueError("seq_id, qsl_idx and token_count must be whole numbers, data and token_data strings")
