"""Published summaries as entries for the store: experiment folders, JSON bundles, ``summary.csv``.

What is read: a folder of experiments (``*/*/cm-result.json`` at any depth), one ``cm-result.json``, a bundle
``{"experiments": [{"runs": [{"cm-result.json": [...]}]}]}`` (``.json`` or ``.json.gz``), a checker's summary.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

from franca.errors import Location, MalformedFile
from franca.results.naming import eras_of
from franca.results.rows import is_power_row, number, place_of, problem_of
from franca.results.store import ALL, MAX_BYTES, ROWS, Entry

SUFFIXES = (".json", ".json.gz", ".csv")


def is_summary(path: str) -> bool:
    """Whether a path is one of these, and no submission tree."""
    if os.path.isfile(path):
        return path.endswith(SUFFIXES)
    return next(_row_files(path), None) is not None


class Summary(msgspec.Struct, frozen=True):
    """Entries of rows that are results, in the experiments that their columns name, and what the others lack."""

    entries: list[Entry]
    rejected: list[str]


def read_summary(path: str) -> Summary:
    """The rows of one source.

    Raises:
        MalformedFile: not readable, not of these forms, or longer than a bound.
    """
    files = [path] if os.path.isfile(path) else list(_row_files(path))
    rows = [row for one in files for row in _read(one)]
    problems = [(row, problem_of(row)) for row in rows]
    entries = [_entry(row) for row, problem in problems if not problem]
    return Summary(entries, [f"{place_of(row)}: {problem}" for row, problem in problems if problem])


def _entry(row: dict[str, Any]) -> Entry:
    power = is_power_row(row) or number(row.get("Result_Power")) is not None
    return Entry(row, eras_of(row, power=power))


def _row_files(root: str) -> Iterator[str]:
    for place, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and ALL not in f)
        if ROWS in names:
            yield os.path.join(place, ROWS)


def _read(path: str) -> list[dict[str, Any]]:
    content = _content(path)
    if path.endswith(".csv"):
        return _table(content, path)
    try:
        document = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedFile(f"not JSON: {error}", where=Location(path)) from error
    rows = _rows_of(document)
    if rows is None:
        raise MalformedFile("expected a list of results, or experiments with their runs", where=Location(path))
    return rows


def _content(path: str) -> bytes:
    try:
        with (gzip.open if path.endswith(".gz") else open)(path, "rb") as stream:
            content = bytes(stream.read(MAX_BYTES + 1))
    except (OSError, EOFError, zlib.error) as error:
        raise MalformedFile(f"cannot be read: {error}", where=Location(path)) from error
    if len(content) > MAX_BYTES:
        raise MalformedFile(f"longer than {MAX_BYTES} bytes", where=Location(path))
    return content


def _rows_of(document: Any) -> list[dict[str, Any]] | None:
    """The rows of a list, of a summary by row number, or of a bundle."""
    if isinstance(document, dict) and "experiments" in document:
        experiments = document["experiments"]
        if not isinstance(experiments, list):
            return None
        runs = [r for e in experiments if isinstance(e, dict) for r in e.get("runs") or [] if isinstance(r, dict)]
        return [row for run in runs for row in run.get(ROWS) or [] if isinstance(row, dict)]
    if isinstance(document, dict) and all(isinstance(value, dict) for value in document.values()):
        document = list(document.values())
    if isinstance(document, list) and all(isinstance(row, dict) for row in document):
        return document
    return None


def _table(content: bytes, path: str) -> list[dict[str, Any]]:
    """Rows of a summary; power stands in a second row, told by its unit (14.1)."""
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        rows: list[dict[str, Any]] = [
            {k: v for k, v in row.items() if isinstance(k, str) and isinstance(v, str) and v != ""} for row in reader
        ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise MalformedFile(f"not a table: {error}", where=Location(path)) from error
    if not {"Organization", "Scenario", "Result"} <= set(reader.fieldnames or ()):
        raise MalformedFile("not a summary: columns Organization, Scenario and Result", where=Location(path, 1))
    for row in rows:
        if row.get("Units", "").lower() in ("watts", "millijoules"):
            row["Result_Power"] = row.pop("Result", "")
    return rows
