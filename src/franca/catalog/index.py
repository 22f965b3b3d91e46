"""The index: all artifacts of all repositories, looked at again or taken over from what still holds.

The files that carry it from process to process are disposable. Writers of artifacts never touch them; whoever
finds that a part no longer agrees with the file system reads that part again, and writes down the difference, or,
when much has changed, the whole (CM core, section 6.4 and the rule after it; decision 0004).
"""

from __future__ import annotations

from franca import _packed
from franca._packed import Memory, Part, View
from franca.catalog.comparison import Delta
from franca.catalog.roots import Roots
from franca.catalog.scan import Listing, list_directories, pack, unpack
from franca.model.artifact import Repo
from franca.model.dialect import CLASSIC, DIALECTS, Dialect
from franca.model.ids import ObjectRef
from franca.model.light import TYPE_CHECKING, Any
from franca.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

Identity = tuple[Any, ...]


class Row(Record, frozen=False):
    """One artifact in the index; its metas are read when asked for."""

    path: str
    ref: ObjectRef
    kind: ObjectRef
    tags: tuple[str, ...]
    repo: int
    order: tuple[int, int, str]  #: what search order sorts by: repository, folder, name (CM core, section 2.3)
    files: tuple[str, ...]
    part: Any  #: the file that the metas are in
    place: tuple[int, int]  #: of the meta after inheritance
    raw: tuple[int, int] | None  #: of the meta before it, where that is another

    def meta(self) -> dict[str, Any]:
        """After inheritance, as a fresh value."""
        return unpack(self.part.meta(*self.place))

    def raw_meta(self) -> dict[str, Any]:
        """Before inheritance."""
        return unpack(self.part.meta(*(self.raw or self.place)))


class Broken(Record):
    """A directory whose meta cannot be used: not found by searches, but it can be deleted or updated."""

    path: str
    folder: str
    repo: int
    problem: str


class Index:
    """What the files say, as of one moment."""

    def __init__(self, view: View, *, data: bytes = b"") -> None:
        """``data``: the bytes of the newest file of ``view``, where it has not been written yet."""
        self.view = view
        self.data = data
        self.changed = bool(data)
        self.kept = not data  #: whether the files of the store hold just this
        self.repos = repos_of(view)
        self.broken = tuple(self._broken())
        self.warnings = list(self._warnings())
        self._rows: dict[int, list[Row]] = {}

    @property
    def digest(self) -> bytes:
        """Of the files that hold it; empty when none do."""
        return self.view.digest if self.kept else b""

    def rows_of(self, spot: int) -> list[Row]:
        """The artifact in a spot, once for each repository that it belongs to."""
        if spot not in self._rows:
            self._rows[spot] = self._rows_from(spot, self.view.shelf_of(spot), self.view.record(spot))
        return self._rows[spot]

    def _rows_from(self, spot: int, where: int, record: Any) -> list[Row]:
        """As :meth:`rows_of`, of a record that was read already and the number of its shelf."""
        if not record or record[_packed.PROBLEM]:
            return []
        view = self.view
        shelf = view.shelves[where]
        name, alias, uid, kind_alias, kind_uid, tags, offset, length, raw, _problem = record
        part, number = view.place(spot)
        ref, kind = ObjectRef(alias, uid), ObjectRef(*_packed.kind_of(kind_alias, kind_uid, shelf, view.automations))
        files = _packed.file_names(part.codes()[number])
        return [
            Row(
                f"{shelf[_packed.PATH]}/{name}", ref, kind, tags, repo, (repo, where, name), files,
                part, (offset, length), raw[-2:] if raw else None,
            )
            for repo in shelf[_packed.REPOS]
        ]  # fmt: skip

    def all_rows(self) -> Iterator[Row]:
        """Every artifact, in no order."""
        for spot, where, record in self.view.records():
            yield from self._rows.get(spot) or self._rows_from(spot, where, record)

    def _broken(self) -> Iterator[Broken]:
        for number, _spot, name, problem, _inherited in self.view.broken:
            path = self.view.shelves[number][_packed.PATH]
            for repo in self.view.shelves[number][_packed.REPOS]:
                yield Broken(f"{path}/{name}", path.rpartition("/")[2], repo, problem)

    def _warnings(self) -> Iterator[str]:
        view = self.view
        yield from view.found[2]
        for listing in view.listings:
            yield from listing[3]
        for shelf in view.shelves:
            yield from shelf[_packed.WARNINGS]
        yield from (one[3] for one in view.broken)


def repos_of(view: View) -> tuple[Repo, ...]:
    """The repositories in search order."""
    return tuple(_repo(row) for row in view.found[1])


def _repo(row: tuple[Any, ...]) -> Repo:
    alias, uid, path, prefix, dialect, writable, trusted, meta = row
    return Repo(ObjectRef(alias, uid), path, prefix, DIALECTS[dialect], unpack(meta), writable, trusted)


def _repo_row(repo: Repo) -> tuple[Any, ...]:
    return (
        repo.ref.alias, repo.ref.uid, repo.path, repo.prefix, repo.dialect.name, repo.writable, repo.trusted,
        pack(repo.meta),
    )  # fmt: skip


def scan(who: Identity, roots: Roots, home: Dialect = CLASSIC, old: Index | None = None) -> Index:
    """What the files say now. ``old`` spares the reading of what has not changed, never the looking."""
    view = old.view if old else None
    found, changed = view.found if view else None, False
    if found is None or not _packed.group_holds(*found[0]):
        from franca.catalog.repositories import discover  # not for those who find all as it was

        fresh = discover(roots, home)
        found, changed = (fresh.group, [_repo_row(repo) for repo in fresh.repos], list(fresh.warnings)), True
    repos = [_repo(row) for row in found[1]]
    listings, some = _listings(view, repos)
    delta = Delta(view, _places(repos, listings))
    if old is not None and not changed and not some and not delta.changed:
        return old
    from franca.catalog.merging import Merger  # not for those who only read

    plain = tuple((path, one.group, one.names, one.warnings) for path, one in listings.items())
    data, extends = Merger(who, found, plain, delta).data()
    part = Part(Memory(data))
    if view is not None and extends:
        return Index(View(view.parts[0], part, who), data=data)
    return Index(View(part, None, who), data=data)


def _listings(view: View | None, repos: list[Repo]) -> tuple[dict[str, Listing], bool]:
    """The folders of each repository by content path, and whether one had to be read."""
    kept = {path: Listing(group, names, warnings) for path, group, names, warnings in view.listings} if view else {}
    listings: dict[str, Listing] = {}
    changed = False
    for repo in repos:
        one = kept.get(repo.content_path)
        if one is None or not one.holds():
            one, changed = list_directories(repo.content_path), True
        listings[repo.content_path] = one
    return listings, changed


def _places(repos: list[Repo], listings: dict[str, Listing]) -> dict[tuple[str, str], list[int]]:
    """Folders with their family of meta files, in search order, and the repositories that each belongs to."""
    places: dict[tuple[str, str], list[int]] = {}
    for number, repo in enumerate(repos):
        for folder in listings[repo.content_path].names:
            places.setdefault((f"{repo.content_path}/{folder}", repo.dialect.artifact_meta), []).append(number)
    return places
