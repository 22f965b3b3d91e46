"""Repositories and artifacts as they are found on disk."""

from __future__ import annotations

from franca.model.dialect import CLASSIC, Dialect
from franca.model.ids import ObjectRef
from franca.model.light import Any
from franca.model.record import Record


class Repo(Record):
    """A repository: a directory with ``cmr.yaml`` (classic) or ``meta.yaml`` (new)."""

    ref: ObjectRef
    path: str  #: absolute path of the directory that holds the repository's meta file
    prefix: str = ""  #: sub-directory that holds the artifacts
    dialect: Dialect = CLASSIC
    meta: dict[str, Any] = {}
    writable: bool = True  #: False for content that ships inside the package
    trusted: bool = False  #: whether its scripts, automations and tests may run

    @property
    def content_path(self) -> str:
        return f"{self.path}/{self.prefix}" if self.prefix else self.path


class Artifact(Record):
    """A directory with a meta file, of some kind (``script``, ``cache``, an automation of the user).

    ``meta`` is the mapping after inheritance and overlay, ``original_meta`` before inheritance;
    both are the content's own words, unknown keys included. ``tags`` are post-inheritance strings.
    """

    ref: ObjectRef
    kind: ObjectRef
    tags: tuple[str, ...]
    path: str  #: absolute path of the artifact's directory
    repo: Repo
    meta: dict[str, Any]
    original_meta: dict[str, Any]
    files: tuple[str, ...] = ()  #: meta files that were read, in overlay order

    @property
    def dialect(self) -> Dialect:
        return self.repo.dialect

    @property
    def own_name(self) -> str:
        """A reference to this artifact alone: the two content collections give the same uids to many scripts."""
        return f"{self.repo.ref.uid}:{self.ref.uid or self.ref.alias}"
