"""Which repository and artifact a directory belongs to (CM core, sections 2.9 and 4.3)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from franca.catalog.register import find_above
from franca.catalog.repositories import layout_of
from franca.model.artifact import Artifact, Repo

if TYPE_CHECKING:
    from franca.catalog.catalog import Catalog


class Detected(msgspec.Struct, frozen=True):
    """What a directory belongs to."""

    repo_path: str = ""  #: "" when it lies in no repository
    repo: Repo | None = None  #: when that repository is registered
    repo_here: bool = False  #: whether the directory is the repository's own
    artifact: Artifact | None = None
    artifact_here: bool = False
    downwards: bool = False  #: the artifact was found below the directory, and names its kind only


def detect(catalog: Catalog, path: str) -> Detected:
    """Look upwards for the repository and the artifact, then downwards through first sub-directories."""
    path = os.path.abspath(path)
    repo_path = find_above(path)
    if not repo_path or layout_of(repo_path) is None:
        return Detected()
    repo = next((one for one in catalog.repos() if _same(one.path, repo_path)), None)
    here = _same(path, repo_path)
    found = _upwards(catalog, path, repo_path)
    if found is not None:
        return Detected(repo_path, repo, here, found, _same(found.path, path))
    below = _downwards(catalog, path)
    return Detected(repo_path, repo, here, below, False, below is not None)


def _same(one: str, other: str) -> bool:
    return os.path.normpath(one) == os.path.normpath(other) or os.path.realpath(one) == os.path.realpath(other)


def _upwards(catalog: Catalog, path: str, stop: str) -> Artifact | None:
    while not _same(path, stop) and len(path) > len(stop):
        found = catalog.at(path)
        if found is not None:
            return found
        path = os.path.dirname(path)
    return None


def _downwards(catalog: Catalog, path: str) -> Artifact | None:
    """The first artifact below, by name, at most two levels down."""
    row = catalog.table.below(path)
    return catalog.artifact(row) if row else None
