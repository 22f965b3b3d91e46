"""Artifacts and repositories as CM content holds them (CM core, section 3.6)."""

from __future__ import annotations

from franca.compat.results import Result
from franca.grammar.merge import copied
from franca.model.artifact import Artifact, Repo
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from franca.compat.access import CM


class RepoView:
    """A repository object of CM; the classic attributes are what content reads."""

    def __init__(self, repo: Repo, cfg: dict[str, Any]) -> None:
        self.typed = repo
        self.cfg = cfg
        self.path = repo.path
        self.path_prefix = repo.prefix
        self.path_with_prefix = repo.content_path
        self.meta = {"alias": repo.ref.alias, "uid": repo.ref.uid, **repo.meta}
        self.original_meta = dict(self.meta)

    def __repr__(self) -> str:
        return f"<repository {self.typed.ref} at {self.path}>"


class ArtifactView:
    """An artifact object of CM and, with ``repo``, of MLC. ``meta`` is a copy that content may change."""

    def __init__(self, artifact: Artifact, cm: CM) -> None:
        self.typed = artifact
        self.cmind = cm
        self.cfg = cm.cfg
        self.path = artifact.path
        self.meta = copied(artifact.meta)
        self.original_meta = copied(artifact.original_meta)
        self.repo_path = artifact.repo.path
        self.repo_path_with_prefix = artifact.repo.content_path
        self.repo_meta = {"alias": artifact.repo.ref.alias, "uid": artifact.repo.ref.uid, **artifact.repo.meta}

    @property
    def repo(self) -> RepoView:
        return RepoView(self.typed.repo, self.cfg)

    def load(self, ignore_inheritance: bool = False, base_recursion: int = 0) -> Result:
        """Read the meta from disk again."""
        self.cmind.catalog.refresh()
        fresh = self.cmind.reload(self.typed)
        self.__init__(fresh, self.cmind)  # type: ignore[misc]
        if ignore_inheritance:
            self.meta = copied(self.original_meta)
        return {"return": 0}

    def update(
        self, meta: dict[str, Any], append_lists: bool = True, replace: bool = False, tags: Sequence[str] = ()
    ) -> Result:
        """Merge ``meta`` and ``tags`` into the artifact on disk."""
        fresh = self.cmind.update_artifact(
            self.typed, meta, tags=tuple(tags), replace=replace, append_lists=append_lists
        )
        self.__init__(fresh, self.cmind)  # type: ignore[misc]
        return {"return": 0}

    def as_json(self, *, full: bool = False) -> dict[str, Any]:
        """The artifact as plain data for ``--out=json`` (CM core, section 7.3)."""
        one = self.typed
        data: dict[str, Any] = {
            "path": one.path,
            "uid": one.ref.uid,
            "alias": one.ref.alias,
            "automation_uid": one.kind.uid,
            "repo": str(one.repo.ref),
            "tags": list(one.tags),
        }
        if full:
            data["meta"] = one.meta
        return data

    def __repr__(self) -> str:
        return f"<artifact {self.typed.ref} at {self.path}>"


def plain(value: Any, *, full: bool = False) -> Any:
    """``value`` as data that JSON can hold: artifacts as objects, everything unknown as its text."""
    if isinstance(value, ArtifactView):
        return value.as_json(full=full)
    if isinstance(value, RepoView):
        return {"path": value.path, **value.meta}
    if isinstance(value, dict):
        return {str(key): plain(item, full=full) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, full=full) for item in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return str(value)
