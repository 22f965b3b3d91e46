"""The results store: experiment artifacts on disk in the layout that CM users know, one for each kind of result.

    ROOT/<name>/_cm.json                      alias, uid, tags
    ROOT/<name>/<date-time>/cm-result.json    list of flat rows (mlperf-inference 14.5)

Files are the truth; nothing else is kept. A file is replaced as a whole under a lock of the store that the kernel
takes back from a process that dies, so a reader sees the old rows or the new ones, and an import that was killed is
completed by running it again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from franca.catalog.files import make_directory, write_bytes_atomic, write_json_atomic
from franca.catalog.locks import locked
from franca.catalog.names import check_alias, new_uid
from franca.errors import Location, MalformedFile, Unavailable
from franca.model.ids import EXPERIMENT
from franca.results.rows import Reading, is_power_row, key_of, read_rows

ROWS = "cm-result.json"
META = "_cm.json"
LOCK = ".results.lock"
ALL = "--all--"  #: in the names of experiments that hold every round
MAX_BYTES = 1 << 30
Row = dict[str, Any]
"""One row as it stands in the file: the JSON object itself."""


class Entry(msgspec.Struct, frozen=True):
    """A row on its way into the store, and the experiments that it belongs to."""

    row: Row
    experiments: tuple[str, ...]


class Stored(msgspec.Struct, frozen=True):
    """What an import did: results that were new, replaced by other values, and there already."""

    added: int = 0
    changed: int = 0
    same: int = 0


class ResultStore:
    """A folder of experiments. ``root`` is the ``experiment`` folder of a repository, or any folder."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)

    def add(self, entries: Iterable[Entry]) -> Stored:
        """Merge rows into their experiments: a row of a result that is there replaces it and keeps its uid.

        Rows of other results are never touched. The same rows again change nothing.

        Raises:
            Refused: a name that is none. MalformedFile: a file of the store cannot be read. Unavailable: nor written.
        """
        by_name: dict[str, list[Row]] = {}
        for entry in entries:
            for name in entry.experiments:
                by_name.setdefault(check_alias(name), []).append(entry.row)
        make_directory(self.root)
        fates: dict[tuple[str, bool], str] = {}
        with locked(os.path.join(self.root, LOCK)):
            for name, rows in sorted(by_name.items()):
                fates.update(self._merge(name, rows))
        counts = [fate for (_, power), fate in fates.items() if not power]
        return Stored(counts.count("added"), counts.count("changed"), counts.count("same"))

    def read(self) -> Reading:
        """All results, each once, with what had to be repaired and what was rejected.

        Raises:
            MalformedFile: a file holds no list of rows.
        """
        return read_rows(row for path in self.files() for row in _rows(path))

    def files(self) -> Iterator[str]:
        """The files of rows; links are not followed.

        Experiments of all rounds repeat those of each round; they are read only where there is nothing else.
        """
        names = _folders(self.root)
        for name in [name for name in names if ALL not in name] or names:
            for date in _folders(os.path.join(self.root, name)):
                path = os.path.join(self.root, name, date, ROWS)
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path

    def _merge(self, name: str, rows: list[Row]) -> dict[tuple[str, bool], str]:
        folder = os.path.join(self.root, name)
        dates = [d for d in _folders(folder) if os.path.isfile(os.path.join(folder, d, ROWS))]
        path = os.path.join(folder, dates[-1] if dates else _now(), ROWS)
        old = _rows(path) if dates else []
        at = {(key_of(row), is_power_row(row)): n for n, row in enumerate(old)}
        fates: dict[tuple[str, bool], str] = {}
        for row in rows:
            identity = key_of(row), is_power_row(row)
            place = at.get(identity)
            if place is None:
                at[identity] = len(old)
                old.append(row)
                fates[identity] = "added"
                continue
            new = {**row, "uid": old[place].get("uid") or row.get("uid")}
            fates.setdefault(identity, "same" if new == old[place] else "changed")
            old[place] = new
        if set(fates.values()) - {"same"}:
            make_directory(os.path.dirname(path))
            data = msgspec.json.format(msgspec.json.encode(old), indent=2) + b"\n"
            write_bytes_atomic(path, data)
        self._described(folder, name)
        return fates

    def _described(self, folder: str, name: str) -> None:
        """The meta file comes last: an experiment is one when it has results."""
        path = os.path.join(folder, META)
        if os.path.isfile(path):
            return
        tags = list(dict.fromkeys(["mlperf", *name.split("--")]))
        meta = {"alias": name, "uid": new_uid(), "tags": tags}
        write_json_atomic(path, {**meta, "automation_alias": EXPERIMENT.alias, "automation_uid": EXPERIMENT.uid})


def _rows(path: str) -> list[Row]:
    try:
        with open(path, "rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise MalformedFile(f"longer than {MAX_BYTES} bytes", where=Location(path))
        return msgspec.json.decode(content, type=list[dict[str, Any]])
    except OSError as error:
        raise Unavailable(f"cannot be read: {error.strerror}", where=Location(path)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedFile(f"expected a list of results: {error}", where=Location(path)) from error


def _folders(path: str) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return sorted(e.name for e in entries if e.name[0] != "." and e.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _now() -> str:
    """A date-time folder's name as CM writes them; microseconds keep names apart."""
    seconds = time.time()
    return time.strftime("%Y-%m-%d.%H-%M-%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1e6):06d}"
