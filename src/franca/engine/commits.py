"""The commit that a git repository is at, read from its files: no process is started."""

from __future__ import annotations

import os

from franca.model.artifact import Repo
from franca.model.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEX = frozenset("0123456789abcdef")
_MAX_LINKS = 5


def head_commit(path: str) -> str:
    """The full hash that HEAD names; empty when the folder is no git repository or has no commit yet."""
    git = _git_folder(path)
    if not git:
        return ""
    name = "HEAD"
    for _ in range(_MAX_LINKS):
        text = _read(os.path.join(git, name)) or _read(os.path.join(_common(git), name)) or _packed(git, name)
        if not text.startswith("ref:"):
            return text if len(text) in (40, 64) and _HEX.issuperset(text) else ""
        name = text[4:].strip()
        if name.startswith("/") or ".." in name.split("/"):
            return ""
    return ""


def commits_of(repos: Iterable[Repo]) -> dict[str, str]:
    """The commit of each repository that is under git, by alias."""
    found = {repo.ref.alias or repo.ref.uid: head_commit(repo.path) for repo in repos}
    return {alias: commit for alias, commit in found.items() if commit}


def _git_folder(path: str) -> str:
    """``.git`` of a repository; the folder that it names when it is a file (worktrees, submodules)."""
    git = os.path.join(path, ".git")
    if os.path.isdir(git):
        return git
    text = _read(git)
    if not text.startswith("gitdir:"):
        return ""
    return os.path.normpath(os.path.join(path, text[7:].strip()))


def _common(git: str) -> str:
    text = _read(os.path.join(git, "commondir"))
    return os.path.normpath(os.path.join(git, text)) if text else git


def _packed(git: str, name: str) -> str:
    for line in _read(os.path.join(_common(git), "packed-refs"), 1 << 24).splitlines():
        commit, _, ref = line.partition(" ")
        if ref == name:
            return commit
    return ""


def _read(path: str, limit: int = 4096) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(limit).strip()
    except OSError:
        return ""
