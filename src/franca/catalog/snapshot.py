"""The index from process to process: loaded at the first question, stored when something had to be read."""

from __future__ import annotations

import os

from franca import _boot, _packed
from franca.catalog.files import write_bytes_atomic
from franca.catalog.index import Identity, Index, repos_of
from franca.errors import FrancaError
from franca.model.artifact import Repo

#: What reading a damaged file can raise.
DOUBTS = (OSError, ValueError, EOFError, TypeError, KeyError, IndexError, AttributeError)


def load(who: Identity) -> Index | None:
    """What the last process learned, to be compared with the file system; None when there is a doubt about it."""
    try:
        return Index(_packed.read_view(_boot.snapshot_path(who), who))
    except DOUBTS:
        return None


def repositories(who: Identity) -> tuple[Repo, ...] | None:
    """The usable repositories, when they are what they were; None when they must be looked for."""
    try:
        view = _packed.read_view(_boot.snapshot_path(who), who)
        group, _rows, warnings = view.found
        return repos_of(view) if not warnings and _packed.group_holds(*group) else None
    except DOUBTS:
        return None


def store(who: Identity, index: Index) -> bool:
    """Keep an index for the next process; False when the store cannot be written."""
    path = _boot.snapshot_path(who)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        write(path, index.data, extends=len(index.view.parts) > 1)
    except (FrancaError, OSError):
        return False
    index.kept, index.data = True, b""
    return True


def write(path: str, data: bytes, *, extends: bool) -> None:
    """Put the bytes of the newest file of an index in its place. Raises Unavailable."""
    write_bytes_atomic(_packed.second_path(path) if extends else path, data, mode=0o600)
