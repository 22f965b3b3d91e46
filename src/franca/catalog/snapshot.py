"""Writing and reading of the snapshot that spares a scan; the layout is documented in ``franca._boot``."""

from __future__ import annotations

import marshal
import os
from typing import Any

from franca import _boot
from franca.catalog.files import write_bytes_atomic
from franca.catalog.index import Broken, Index, Row
from franca.catalog.repositories import Found
from franca.catalog.scan import Head, Known, Listing, Shelf
from franca.errors import FrancaError
from franca.model.artifact import Repo
from franca.model.dialect import DIALECTS
from franca.model.ids import ObjectRef

#: What reading a damaged file can raise.
_DOUBTS = (OSError, ValueError, EOFError, TypeError, KeyError, IndexError, AttributeError)


def load(who: tuple[Any, ...]) -> Index | None:
    """What the last process learned, to be compared with the file system; None when there is a doubt about it."""
    try:
        kept = _boot.read_snapshot(_boot.snapshot_path(who), who)
    except _DOUBTS:
        return None
    try:
        index = _index(kept)
    except _DOUBTS:
        return None
    finally:
        kept.close()
    index.digest = kept.digest
    return index


def _index(kept: _boot.Snapshot) -> Index:
    repo_rows, rows, warnings, broken = kept.content()
    listings, shelves, spots, found_warnings = kept.known()
    groups = kept.groups
    known = [
        Known(files, Head(*head), kept.slice(offset, length), problem) for files, head, offset, length, problem in spots
    ]
    repos = tuple(
        Repo(ObjectRef(alias, uid), path, prefix, DIALECTS[dialect], meta, writable, trusted)
        for alias, uid, path, prefix, dialect, writable, trusted, meta in repo_rows
    )
    return Index(
        found=Found(groups[0], repos, found_warnings),
        listings={path: Listing(groups[group], folders, notes) for path, group, folders, notes in listings},
        shelves={
            (path, stem): Shelf(groups[group], tuple((p, known[n]) for p, n in places), notes)
            for path, stem, group, places, notes in shelves
        },
        rows=[_row(row, kept, known) for row in rows],
        broken=[Broken(*one) for one in broken],
        warnings=list(warnings),
        changed=False,
    )


def _row(row: tuple[Any, ...], kept: _boot.Snapshot, known: list[Known]) -> Row:
    path, alias, uid, kind_alias, kind_uid, tags, repo, offset, length, _check, number, inherits = row
    merged = kept.slice(offset, length) if inherits else None
    return Row(path, ObjectRef(alias, uid), ObjectRef(kind_alias, kind_uid), tags, repo, known[number], merged)


def store(who: tuple[Any, ...], index: Index) -> bool:
    """Keep an index for the next process; False when the store cannot be written or a meta cannot be kept."""
    index.digest = b""
    data = encode(who, index)
    if data is None:
        return False
    path = _boot.snapshot_path(who)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        write_bytes_atomic(path, data, mode=0o600)
    except (FrancaError, OSError):
        return False
    index.digest = data[16:24]
    return True


class _Blobs:
    """The last part of the file: slices, one after the other."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.end = 0

    def put(self, blob: bytes) -> tuple[int, int]:
        """Offset and length of a slice."""
        self.parts.append(blob)
        self.end += len(blob)
        return self.end - len(blob), len(blob)


class _Spots:
    """Meta files by number, each packed once."""

    def __init__(self, blobs: _Blobs) -> None:
        self.blobs = blobs
        self.numbers: dict[int, int] = {}
        self.rows: list[tuple[Any, ...]] = []

    def number(self, known: Known) -> int:
        if id(known) not in self.numbers:
            self.numbers[id(known)] = len(self.rows)
            head = known.head
            fields = (head.alias, head.uid, head.kind_alias, head.kind_uid, head.tags, head.inherits, head.named)
            self.rows.append((known.files, fields, *self.blobs.put(known.blob), known.problem))
        return self.numbers[id(known)]


def encode(who: tuple[Any, ...], index: Index) -> bytes | None:
    """The bytes of a snapshot; None for an index with a meta that cannot be packed."""
    blobs = _Blobs()
    spots = _Spots(blobs)
    groups: list[Any] = [index.found.group]
    listings = [(path, _numbered(one.group, groups), one.folders, one.warnings) for path, one in index.listings.items()]
    shelves = [
        (
            path, stem, _numbered(one.group, groups),
            tuple((p, spots.number(known)) for p, known in one.spots), one.warnings,
        )
        for (path, stem), one in index.shelves.items()
    ]  # fmt: skip
    rows = []
    for row in index.rows:
        if row.known.value is not None or isinstance(row.merged, dict):
            return None
        number = spots.number(row.known)
        place = spots.rows[number][2:4] if row.merged is None else blobs.put(row.merged)
        check = _boot.checksum(row.known.blob if row.merged is None else row.merged)
        rows.append((
            row.path, row.ref.alias, row.ref.uid, row.kind.alias, row.kind.uid, row.tags, row.repo,
            *place, check, number, row.merged is not None,
        ))  # fmt: skip
    repos = [
        (r.ref.alias, r.ref.uid, r.path, r.prefix, r.dialect.name, r.writable, r.trusted, r.meta) for r in index.repos
    ]
    broken = [(one.path, one.folder, one.repo, one.problem) for one in index.broken]
    try:
        return _boot.assemble(
            marshal.dumps((who, tuple(groups))),
            marshal.dumps((repos, rows, index.warnings, broken)),
            marshal.dumps((listings, shelves, spots.rows, tuple(index.found.warnings))),
            b"".join(blobs.parts),
        )
    except ValueError:  # a date in the meta of a repository
        return None


def _numbered(group: Any, groups: list[Any]) -> int:
    groups.append(group)
    return len(groups) - 1
