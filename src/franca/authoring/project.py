"""The files of somebody's project, read when asked for, within limits. Nothing is executed."""

from __future__ import annotations

import os
from collections.abc import Iterator

_MAX_BYTES = 1_000_000
_MAX_FILES = 2_000
_SKIPPED = frozenset((".git", "node_modules", "__pycache__", "venv", ".venv", "build", "dist", "site-packages"))


class Project:
    """A folder. ``names`` are its files, relative to it; hidden folders and products of builds are left out."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.names = frozenset(self._walk())

    def _walk(self) -> Iterator[str]:
        count = 0
        for here, folders, files in os.walk(self.path):
            folders[:] = sorted(f for f in folders if f not in _SKIPPED and not f.startswith("."))
            for name in sorted(files):
                count += 1
                if count > _MAX_FILES:
                    return
                yield os.path.relpath(os.path.join(here, name), self.path)

    def text(self, name: str) -> str:
        """The text of a file within the project; empty for anything else (a link that leads out, a device)."""
        full = os.path.join(self.path, name)
        inside = os.path.realpath(full).startswith(os.path.realpath(self.path) + os.sep)
        if name not in self.names or not inside or not os.path.isfile(full):
            return ""
        with open(full, "rb") as stream:
            return stream.read(_MAX_BYTES).decode("utf-8", "replace")

    def top(self) -> list[str]:
        return sorted(n for n in self.names if os.sep not in n)
