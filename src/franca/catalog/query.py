"""Finding rows: by name, uid, pattern, repository and tags (CM core, sections 4.2 and 5.2)."""

from __future__ import annotations

import os

from franca import _packed
from franca._packed import key
from franca.catalog.index import Index, Row
from franca.model.artifact import Repo
from franca.model.ids import INTERNAL_REPO_UID, ObjectRef, Ref, is_pattern
from franca.model.light import TYPE_CHECKING
from franca.model.tags import TagQuery

if TYPE_CHECKING:
    from collections.abc import Iterable


class Table:
    """Questions to an index."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._spots: dict[int, list[int]] = {}

    @property
    def rows(self) -> list[Row]:
        """Every artifact, in search order."""
        return sorted(self.index.all_rows(), key=lambda row: row.order)

    def find(self, kind: ObjectRef, ref: Ref, tags: TagQuery) -> list[Row]:
        """Matching rows in search order."""
        rows: Iterable[Row] = self._candidates(ref.name, tags)
        if ref.name:
            rows = [row for row in rows if ref.name.selects(row.ref)]
        if tags:
            have, lack = set(tags.include), set(tags.exclude)
            rows = [row for row in rows if have.issubset(row.tags) and lack.isdisjoint(row.tags)]
        if ref.repo:
            repos = {n for n, repo in enumerate(self.index.repos) if repo_selected(ref.repo, repo)}
            rows = [row for row in rows if row.repo in repos]
        return sorted((row for row in rows if kind.selects(row.kind)), key=lambda row: row.order)

    def at(self, path: str) -> Row | None:
        """The artifact in a directory."""
        folder, _, name = path.rpartition("/")
        return next((row for row in self._on(folder) if row.order[2] == name), None)

    def below(self, path: str) -> Row | None:
        """The first artifact below a directory, by name, at most two levels down."""
        folders = {shelf[_packed.PATH] for shelf in self.index.view.shelves}
        near = [row for one in folders if path in (one, os.path.dirname(one)) for row in self._on(one)]
        return min(near, key=lambda row: row.path) if near else None

    def _on(self, folder: str) -> list[Row]:
        """The artifacts in a folder."""
        view = self.index.view
        spots = [spot for shelf in view.shelves if shelf[_packed.PATH] == folder for spot in view.live(shelf)]
        return [row for spot in spots for row in self.index.rows_of(spot)]

    def _candidates(self, name: ObjectRef, tags: TagQuery) -> Iterable[Row]:
        """Rows among which all that match are."""
        choices: list[list[int]] = [self._spots_of("t", tag) for tag in tags.include]
        if name.uid:
            some = self._spots_of("u", name.uid)
            choices.append([*some, *self._spots_of("u", "")] if name.alias else some)
        elif name.alias and not is_pattern(name.alias):
            choices.append(self._spots_of("a", name.alias))
        if not choices:
            return self.index.all_rows()
        fewest = min(choices, key=len)
        return [row for spot in dict.fromkeys(fewest) for row in self.index.rows_of(spot)]

    def _spots_of(self, what: str, text: str) -> list[int]:
        wanted = key(what, text)
        if wanted not in self._spots:
            self._spots[wanted] = self.index.view.spots(wanted)
        return self._spots[wanted]


def repo_selected(wanted: ObjectRef, repo: Repo) -> bool:
    """Whether a reference names this repository; ``internal`` names what ships inside the package."""
    if wanted.alias == "internal" or wanted.uid == INTERNAL_REPO_UID:
        return not repo.writable and repo.trusted
    return wanted.selects(repo.ref)
