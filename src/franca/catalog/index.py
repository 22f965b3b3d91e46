"""The index: all artifacts of all repositories as rows, scanned or taken over from what still holds.

The snapshot that carries it from process to process is disposable. Writers of artifacts never touch it; whoever
finds that a part of it no longer agrees with the file system reads that part again and replaces the snapshot
(CM core, section 6.4 and the rule after it).
"""

from __future__ import annotations

from typing import Any

import msgspec

from franca._boot import group_holds
from franca.catalog.inheritance import resolve
from franca.catalog.repositories import Found, discover
from franca.catalog.roots import Roots
from franca.catalog.scan import Head, Known, Listing, Shelf, head_of, list_folders, pack, read_shelf, unpack
from franca.errors import FrancaError
from franca.model.artifact import Repo
from franca.model.dialect import CLASSIC, Dialect
from franca.model.ids import AUTOMATION, WELL_KNOWN_KINDS, ObjectRef, is_uid


class Row(msgspec.Struct):
    """One artifact in the index; its metas are unpacked when asked for."""

    path: str
    ref: ObjectRef
    kind: ObjectRef
    tags: tuple[str, ...]
    repo: int
    known: Known  #: its own meta files, before inheritance
    merged: bytes | dict[str, Any] | None = None  #: the meta after inheritance where that differs, packed if it can be

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.known.files)

    def meta(self) -> dict[str, Any]:
        """After inheritance."""
        if self.merged is None:
            return self.known.meta()
        return unpack(self.merged) if isinstance(self.merged, bytes) else self.merged


class Broken(msgspec.Struct, frozen=True):
    """A directory whose meta cannot be used: not found by searches, but it can be deleted or updated."""

    path: str
    folder: str
    repo: int
    problem: str


class Index(msgspec.Struct):
    """What the files say, as of one moment, and what that was learned from."""

    found: Found
    listings: dict[str, Listing]  #: by content path
    shelves: dict[tuple[str, str], Shelf]  #: by folder and family of meta files
    rows: list[Row] = []
    broken: list[Broken] = []
    warnings: list[str] = []
    changed: bool = True  #: whether anything had to be read
    digest: bytes = b""  #: of the snapshot that holds it

    @property
    def repos(self) -> tuple[Repo, ...]:
        return self.found.repos


class _Reader:
    """Collects an index; takes over from ``old`` whatever still holds."""

    def __init__(self, old: Index | None) -> None:
        self.old = old
        self.changed = old is None
        self.listings: dict[str, Listing] = {}
        self.shelves: dict[tuple[str, str], Shelf] = {}

    def repositories(self, roots: Roots, home: Dialect) -> Found:
        if self.old is not None and group_holds(*self.old.found.group):
            return self.old.found
        self.changed = True
        return discover(roots, home)

    def listing(self, path: str) -> Listing:
        kept = self.old.listings.get(path) if self.old else None
        if kept is None or not kept.holds():
            self.changed = True
            kept = list_folders(path)
        self.listings[path] = kept
        return kept

    def shelf(self, path: str, stem: str) -> Shelf:
        kept = self.old.shelves.get((path, stem)) if self.old else None
        if kept is None or not kept.holds():
            self.changed = True
            kept = read_shelf(path, stem, kept)
        self.shelves[path, stem] = kept
        return kept


def scan(roots: Roots, home: Dialect = CLASSIC, old: Index | None = None) -> Index:
    """What the files say now. ``old`` spares the reading of what has not changed, never the looking."""
    reader = _Reader(old)
    found = reader.repositories(roots, home)
    spots: list[Spot] = []
    warnings = list(found.warnings)
    for number, repo in enumerate(found.repos):
        listing = reader.listing(repo.content_path)
        warnings += listing.warnings
        for folder in listing.folders:
            shelf = reader.shelf(f"{repo.content_path}/{folder}", repo.dialect.artifact_meta)
            warnings += shelf.warnings
            spots += [Spot(path, folder, number, known) for path, known in shelf.spots]
    if not reader.changed and old is not None:
        return old
    index = Index(found, reader.listings, reader.shelves, warnings=warnings)
    _fill(index, spots)
    return index


class Spot(msgspec.Struct, frozen=True):
    """A directory with meta files, in its place."""

    path: str
    folder: str  #: name of the directory above, which by convention names the kind
    repo: int  #: number of its repository in search order
    known: Known

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


class _Family:
    """The spots of all repositories by what ``_base`` and kinds are looked up with."""

    def __init__(self, spots: list[Spot]) -> None:
        self.spots = spots
        self.folders = _folder_kinds(spots)
        self.automations = {kind.alias: kind.uid for kind in WELL_KNOWN_KINDS}
        self.aliases = {kind.uid: kind.alias for kind in WELL_KNOWN_KINDS}
        for spot in spots:
            head = spot.known.head
            if spot.folder == AUTOMATION.alias and is_uid(head.uid):
                alias = head.alias or spot.name
                self.automations.setdefault(alias.lower(), head.uid.lower())
                self.aliases.setdefault(head.uid.lower(), alias)

    def kind(self, spot: Spot, head: Head) -> ObjectRef:
        """The kind that the artifact itself names, else that of its folder (CM core, section 3.4)."""
        alias, uid = head.kind_alias, head.kind_uid
        if not alias and not uid:
            own = self.folders.get(spot.path.rpartition("/")[0])
            alias, uid = own if own else (spot.folder, "")
        if not uid:
            uid = self.automations.get(alias.lower(), "")
        if not alias:
            alias = self.aliases.get(uid.lower(), "")
        return ObjectRef(alias, uid)

    def bases(self, spot: Spot, kind: ObjectRef | None, name: ObjectRef) -> list[dict[str, Any]]:
        """Raw metas that a ``_base`` in ``spot`` may mean."""
        wanted = kind or self.kind(spot, spot.known.head)
        return [
            other.known.meta()
            for other in self.spots
            if not other.known.problem
            and name.selects(ObjectRef(other.known.head.alias, other.known.head.uid))
            and wanted.selects(self.kind(other, other.known.head))
        ]


def _folder_kinds(spots: list[Spot]) -> dict[str, tuple[str, str]]:
    """The automation of the first artifact of each folder that names one."""
    kinds: dict[str, tuple[str, str]] = {}
    for spot in spots:
        head = spot.known.head
        if head.kind_alias or head.kind_uid:
            kinds.setdefault(spot.path.rpartition("/")[0], (head.kind_alias, head.kind_uid))
    return kinds


def _fill(index: Index, spots: list[Spot]) -> None:
    """Rows of all usable spots, the others as broken."""
    family = _Family(spots)
    for spot in spots:
        problem = spot.known.problem
        if not problem:
            try:
                index.rows.append(_row(spot, family, index.repos[spot.repo]))
                continue
            except FrancaError as error:
                problem = f"{spot.path}/{spot.known.files[0][0]}: {error.message}"
                index.warnings.append(problem)
        index.broken.append(Broken(spot.path, spot.folder, spot.repo, problem))


def _row(spot: Spot, family: _Family, repo: Repo) -> Row:
    head = spot.known.head
    merged: bytes | dict[str, Any] | None = None
    if head.inherits:
        meta = resolve(spot.known.meta(), lambda kind, name: family.bases(spot, kind, name))
        head, merged = head_of(meta), pack(meta) or meta
    alias = head.alias
    if not head.named and repo.dialect.is_new:
        alias = spot.name
    return Row(spot.path, ObjectRef(alias, head.uid), family.kind(spot, head), head.tags, spot.repo, spot.known, merged)
