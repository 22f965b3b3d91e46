"""Finding rows: by name, uid, pattern, repository and tags (CM core, sections 4.2 and 5.2)."""

from __future__ import annotations

from collections.abc import Sequence

from franca.catalog.index import Row
from franca.model.artifact import Repo
from franca.model.ids import INTERNAL_REPO_UID, ObjectRef, Ref, is_pattern
from franca.model.tags import TagQuery


class Table:
    """Rows with the lookups that make a repeated question cheap; built on the first question."""

    def __init__(self, rows: list[Row], repos: Sequence[Repo]) -> None:
        self.rows = rows
        self.repos = repos
        self._aliases: dict[str, list[int]] = {}
        self._uids: dict[str, list[int]] = {}
        self._tags: dict[str, list[int]] = {}
        for number, row in enumerate(rows):
            self._aliases.setdefault(row.ref.alias.lower(), []).append(number)
            self._uids.setdefault(row.ref.uid.lower(), []).append(number)
            for tag in set(row.tags):
                self._tags.setdefault(tag, []).append(number)

    def find(self, kind: ObjectRef, ref: Ref, tags: TagQuery) -> list[Row]:
        """Matching rows in search order."""
        repos = self._repos(ref.repo)
        return [
            row
            for row in map(self.rows.__getitem__, self._candidates(ref.name, tags))
            if ref.name.selects(row.ref)
            and kind.selects(row.kind)
            and (repos is None or row.repo in repos)
            and tags.matches(row.tags)
        ]

    def _candidates(self, name: ObjectRef, tags: TagQuery) -> Sequence[int]:
        """Numbers of rows, in order, among which all that match are."""
        best: Sequence[int] = range(len(self.rows))
        for tag in tags.include:
            some = self._tags.get(tag, [])
            best = some if len(some) < len(best) else best
        if name.uid:
            some = self._uids.get(name.uid.lower(), [])
            if name.alias:
                some = sorted({*some, *self._uids.get("", [])})
            best = some if len(some) < len(best) else best
        elif name.alias and not is_pattern(name.alias):
            some = self._aliases.get(name.alias.lower(), [])
            best = some if len(some) < len(best) else best
        return best

    def _repos(self, wanted: ObjectRef) -> set[int] | None:
        if not wanted:
            return None
        return {n for n, repo in enumerate(self.repos) if repo_selected(wanted, repo)}


def repo_selected(wanted: ObjectRef, repo: Repo) -> bool:
    """Whether a reference names this repository; ``internal`` names what ships inside the package."""
    if wanted.alias == "internal" or wanted.uid == INTERNAL_REPO_UID:
        return not repo.writable and repo.trusted
    return wanted.selects(repo.ref)
