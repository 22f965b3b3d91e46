"""Records of a dashboard: the lines of ``dashboard.jsonl`` files, as runs append them (mlperf-inference 17.2).

A file may grow while it is read: a last line without its end is left for the next time. A line that is no record is
counted and stops nothing.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import Any

import msgspec

from franca.errors import NotFound

NAME = "dashboard.jsonl"
MAX_FILES, MAX_DEPTH, MAX_FOLDERS = 500, 8, 20_000  #: looked at on each reading, the nearest first
MAX_BYTES = 64 << 20  #: of one file; of a longer one the end is read
MAX_RECORDS = 20_000  #: the latest

Record = dict[str, Any]
"""One line: the JSON object itself."""


class Records(msgspec.Struct, frozen=True):
    """What there is now. ``broken`` counts lines that are no record, ``dropped`` records beyond the bound."""

    records: list[Record]
    files: int
    broken: int = 0
    dropped: int = 0


class Source:
    """A file, or a folder with ``dashboard.jsonl`` files at any depth. A file is read again when it has changed."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self._known: dict[str, tuple[tuple[int, int], list[Record], int]] = {}

    def check(self) -> None:
        """Raises NotFound when there is nothing at the path."""
        if not os.path.exists(self.path):
            raise NotFound(f"{self.path} does not exist", hint=f"a {NAME}, or a folder where runs leave one")

    def read(self) -> Records:
        """All records, by time where they say one."""
        known: dict[str, tuple[tuple[int, int], list[Record], int]] = {}
        for path in self._files():
            try:
                found = os.stat(path)
                stamp = (found.st_mtime_ns, found.st_size)
                old = self._known.get(path)
                known[path] = old if old and old[0] == stamp else (stamp, *_lines_of(path))
            except OSError:
                continue  # gone, or not ours to read
        self._known = known
        records = [record for _, found, _ in known.values() for record in found]
        records.sort(key=lambda record: str(record.get("when", "")))
        kept = records[-MAX_RECORDS:]
        return Records(kept, len(known), sum(broken for _, _, broken in known.values()), len(records) - len(kept))

    def _files(self) -> list[str]:
        if not os.path.isdir(self.path):
            return [self.path]
        return list(itertools.islice(_named(self.path), MAX_FILES))


def _named(root: str) -> Iterator[str]:
    """Files of the name at a folder and below, the nearest first; links are not followed."""
    level, looked = [root], 0
    for _ in range(MAX_DEPTH + 1):
        below: list[str] = []
        for folder in level:
            looked += 1
            if looked > MAX_FOLDERS:
                return
            for entry in _entries(folder):
                if entry.name == NAME and entry.is_file(follow_symlinks=False):
                    yield entry.path
                elif not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                    below.append(entry.path)
        level = below


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _lines_of(path: str) -> tuple[list[Record], int]:
    with open(path, "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        stream.seek(max(0, size - MAX_BYTES))
        whole = stream.read(MAX_BYTES).rpartition(b"\n")[0].split(b"\n")
    lines = [line for line in (whole[1:] if size > MAX_BYTES else whole) if line.strip()]
    records = [record for line in lines if (record := _record(line)) is not None]
    return records, len(lines) - len(records)


def _record(line: bytes) -> Record | None:
    try:
        found = msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
