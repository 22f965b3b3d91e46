"""The catalog: every artifact of every repository, to find, load and change."""

from __future__ import annotations

import os

from franca import _boot
from franca._packed import Damaged
from franca.catalog import memo, snapshot
from franca.catalog import roots as places
from franca.catalog.index import Broken, Index, Row, scan
from franca.catalog.query import Table, repo_selected
from franca.errors import Ambiguous, KindNotFound, NotFound
from franca.model.artifact import Artifact, Repo
from franca.model.dialect import CLASSIC, Dialect
from franca.model.ids import AUTOMATION, WELL_KNOWN_KINDS, ObjectRef, Ref, is_pattern
from franca.model.light import TYPE_CHECKING, Any
from franca.model.tags import TagQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    Answer = TypeVar("Answer")

_OFF = ("no", "off", "false")


class Catalog:
    """All repositories of one pair of roots, as one process sees them.

    The files are compared with the index once, at the first question; :meth:`refresh` makes the next question
    compare again. Changes made through this object are seen by it at once. Not for use by several threads at
    the same time; any number of processes may.
    """

    def __init__(self, environ: Mapping[str, str], home_dialect: Dialect = CLASSIC) -> None:
        self.environ = environ
        self.home_dialect = home_dialect
        self.roots = places.roots_of(environ)
        self.warnings: list[str] = []  #: about files that cannot be used; callers print them on stderr
        self._index: Index | None = None
        self._fresh = False
        self._looked = False  #: at every artifact, since a watcher was thought of
        self._table: Table | None = None

    @classmethod
    def open(cls, environ: Mapping[str, str], *, home_dialect: Dialect = CLASSIC) -> Catalog:
        """The catalog that these environment variables name; its root is made on first use."""
        catalog = cls(environ, home_dialect)
        catalog._warn(places.ensure(catalog.roots))
        return catalog

    @property
    def root(self) -> str:
        """The classic storage root (``$CM_REPOS`` or ``~/CM``)."""
        return self.roots.classic

    def refresh(self) -> None:
        """Make the next question compare with the files again."""
        self._fresh = False

    def _warn(self, warnings: list[str]) -> None:
        self.warnings.extend(text for text in warnings if text not in self.warnings)

    @property
    def index(self) -> Index:
        if not self._fresh or self._index is None:
            now = self._read_index(self._index)
            self._fresh = True
            if now is not self._index:
                self._index = now
                self._table = None
                self._warn(now.warnings)
        return self._index

    def _read_index(self, old: Index | None) -> Index:
        """The index, compared with the files; kept for the next process when this one had to read.

        Later readings of the same process are not kept: each would cost more than it saves.
        """
        if old is not None or self._unkept:
            index = self._scan(old)
        else:
            index = self._scan(snapshot.load(self._who))
            if index.changed:
                snapshot.store(self._who, index)
        if self._looked and index.kept:
            self._looked = False
            _boot.looked(_boot.snapshot_path(self._who), self._who, self.environ, index.view)
        memo.used(index.digest)
        return index

    @property
    def _who(self) -> tuple[Any, ...]:
        return (*_boot.identity(self.environ), self.home_dialect.name)

    @property
    def _unkept(self) -> bool:
        """Whether the user wants no index to be kept (``CM_INDEX=no``)."""
        return self.environ.get("CM_INDEX", "").strip().lower() in _OFF

    def _scan(self, old: Index | None) -> Index:
        if old is not None:
            try:
                if known := self._vouched(old):
                    return known
                self._looked = True
                return scan(self._who, self.roots, self.home_dialect, old)
            except Damaged:
                pass
        self._looked = True
        return scan(self._who, self.roots, self.home_dialect)

    def _vouched(self, old: Index) -> Index | None:
        """The index that a watcher vouches for: ``old``, or a newer one in the store. None: look for yourself."""
        path = _boot.snapshot_path(self._who)
        digest = _boot.vouched(path, old.digest, self.environ) if old.kept else b""
        if not digest or digest == old.digest:
            return old if digest else None
        new = snapshot.load(self._who)
        return new if new is not None and new.digest == digest else None

    def _certain(self, question: Callable[[], Answer]) -> Answer:
        """The answer to a question; the index is made anew when it turns out to be damaged."""
        try:
            return question()
        except Damaged:
            self._renew()
            return question()

    def _renew(self) -> None:
        self._index = self._scan(None)
        self._table, self._fresh = None, True
        if not self._unkept:
            snapshot.store(self._who, self._index)
        memo.used(self._index.digest)

    @property
    def table(self) -> Table:
        index = self.index
        if self._table is None:
            self._table = Table(index)
        return self._table

    # Repositories

    def repos(self) -> tuple[Repo, ...]:
        """All usable repositories in search order."""
        return self.index.repos

    def repos_only(self) -> tuple[Repo, ...]:
        """As :meth:`repos`, without looking at artifacts when nobody has asked for any yet."""
        if self._index is not None:
            return self.repos()
        known = None if self._unkept else snapshot.repositories(self._who)
        if known is not None:
            return known
        from franca.catalog.repositories import discover

        found = discover(self.roots, self.home_dialect)
        self._warn(list(found.warnings))
        return found.repos

    def repo(self, wanted: ObjectRef) -> Repo:
        """The one repository that a reference names. Raises NotFound, Ambiguous."""
        found = [repo for repo in self.repos() if repo_selected(wanted, repo)]
        if not found:
            raise NotFound(f"repository not found: {wanted}", hint="see what there is: franca find repo")
        if len(found) > 1:
            paths = ", ".join(repo.path for repo in found)
            raise Ambiguous(f"more than 1 repository found for {wanted}: {paths}", hint="name it by its uid")
        return found[0]

    def local(self, dialect: Dialect = CLASSIC) -> Repo:
        """The writable repository of a dialect; that of the new dialect is made when first asked for."""
        path = self.roots.new_local if dialect.is_new else self.roots.classic_local
        for again in (False, True):
            for repo in self.repos():
                if repo.path == os.path.normpath(path):
                    return repo
            if not again:
                self._make_local(dialect, path)
                self.refresh()
        raise NotFound(f"the local repository {path} cannot be used", hint=f"look at its meta file in {path}")

    def _make_local(self, dialect: Dialect, path: str) -> None:
        if not dialect.is_new:
            places.ensure(self.roots)
            return
        from franca.catalog.register import make_new_local

        make_new_local(self.roots, path)

    # Artifacts

    def kind(self, ref: ObjectRef) -> ObjectRef:
        """The kind that a reference to an automation names: (alias, uid).

        Raises:
            KindNotFound: there is none.
            Ambiguous: there are several (status 2).
        """
        for known in WELL_KNOWN_KINDS:  # these names cannot be taken by others
            if ref == known or (not ref.uid and ref.alias.lower() == known.alias):
                return known
        found = {row.ref.uid.lower(): row.ref for row in self._find(AUTOMATION, Ref(ref), TagQuery())}
        for known in WELL_KNOWN_KINDS:
            if ref and ref.selects(known):
                found[known.uid] = known
        if not found or not ref:
            what = f'automation "{ref}" not found' if ref else "automation was not specified"
            raise KindNotFound(what, hint="see what there is: franca find automation")
        if len(found) > 1:
            names = ", ".join(str(one) for one in found.values())
            error = Ambiguous(f"more than 1 automation found for {ref}: {names}", hint="name it by its uid")
            error.status = 2
            raise error
        return next(iter(found.values()))

    def _kind_request(self, kind: ObjectRef) -> ObjectRef:
        """``kind`` as a request to rows: completed where it is a well-known name, patterns as they are."""
        if kind.uid or is_pattern(kind.alias) or not kind.alias:
            return kind
        try:
            return self.kind(kind)
        except KindNotFound:
            return kind

    def find(self, kind: ObjectRef, ref: Ref = Ref(), tags: TagQuery = TagQuery()) -> list[Artifact]:  # noqa: B008
        """All artifacts of a kind that match, in search order; always what a full scan of the files would give."""
        return [self.artifact(row) for row in self.rows(kind, ref, tags)]

    def rows(self, kind: ObjectRef, ref: Ref = Ref(), tags: TagQuery = TagQuery()) -> list[Row]:  # noqa: B008
        """As :meth:`find`, without unpacking metas."""
        return self._find(self._kind_request(kind), ref, tags)

    def _find(self, kind: ObjectRef, ref: Ref, tags: TagQuery) -> list[Row]:
        return self._certain(lambda: self.table.find(kind, ref, tags))

    def at(self, path: str) -> Artifact | None:
        """The artifact in a directory."""
        row = self._certain(lambda: self.table.at(path))
        return self.artifact(row) if row else None

    def broken(self, kind: ObjectRef, ref: Ref) -> list[Broken]:
        """Directories with unusable meta that a reference names by directory (they cannot be found)."""
        name = ref.name.alias.lower() or ref.name.uid.lower()
        return [
            one
            for one in self.index.broken
            if one.folder in (kind.alias, kind.uid)
            and name in (os.path.basename(one.path).lower(), one.path.lower())
            and (not ref.repo or repo_selected(ref.repo, self.index.repos[one.repo]))
        ]

    def load(self, kind: ObjectRef, ref: Ref, tags: TagQuery = TagQuery()) -> Artifact:  # noqa: B008
        """The one artifact that matches. Raises NotFound, Ambiguous, or what is wrong with its file."""
        found = self.rows(kind, ref, tags)
        what = f"{kind.alias or kind.uid}::{ref}" + (f" with tags {tags}" if tags else "")
        if not found:
            from franca.errors import MalformedFile

            for one in self.broken(kind, ref):
                raise MalformedFile(one.problem)
            raise NotFound(f"artifact not found: {what}", hint=f"see what there is: franca find {kind.alias or kind}")
        if len(found) > 1:
            paths = ", ".join(row.path for row in found)
            raise Ambiguous(f"more than 1 artifact found for {what}: {paths}", hint="name it by uid or repo:alias")
        return self.artifact(found[0])

    def artifact(self, row: Row) -> Artifact:
        """The artifact of a row, with its metas."""
        try:
            return self._artifact(row)
        except Damaged:
            if any(part is row.part for part in self.index.view.parts):  # else another row of the same search did it
                self._renew()
            again = self.table.at(row.path)
            if again is None:
                raise NotFound(f"artifact not found: {row.path}") from None
            return self._artifact(again)

    def _artifact(self, row: Row) -> Artifact:
        meta = row.meta()
        return Artifact(
            ref=row.ref, kind=row.kind, tags=row.tags, path=row.path, repo=self.index.repos[row.repo],
            meta=meta, original_meta=meta if row.raw is None else row.raw_meta(),
            files=tuple(f"{row.path}/{name}" for name in row.files),
        )  # fmt: skip

    # Changes (catalog.store has the rules)

    def add(
        self, kind: ObjectRef, ref: Ref, meta: Mapping[str, Any], *, tags: tuple[str, ...] = (), yaml: bool = False
    ) -> Artifact:
        """Make an artifact. Raises AlreadyExists, NotFound (its repository), Refused (a name that is none)."""
        from franca.catalog import store

        return store.add(self, kind, ref, meta, tags=tags, yaml=yaml)

    def update(self, kind: ObjectRef, ref: Ref, meta: Mapping[str, Any], **options: Any) -> list[Artifact]:
        """Change metas, or add when nothing matches; options as :func:`franca.catalog.store.update`."""
        from franca.catalog import store

        return store.update(self, kind, ref, meta, **options)

    def delete(self, artifact: Artifact) -> None:
        """Remove an artifact with its whole directory."""
        from franca.catalog import store

        store.delete(self, artifact)

    def move(self, artifact: Artifact, target: Ref) -> Artifact:
        """Rename, give another uid, or move to another repository."""
        from franca.catalog import store

        return store.move(self, artifact, target)

    def copy(self, artifact: Artifact, target: Ref, *, new_tags: tuple[str, ...] = ()) -> Artifact:
        """A copy under another name or in another repository, always with a new uid."""
        from franca.catalog import store

        return store.copy(self, artifact, target, new_tags=new_tags)
