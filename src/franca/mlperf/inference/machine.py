"""The small files in which Linux tells about a machine, read without root."""

from __future__ import annotations

import glob
import os

MAX_BYTES = 1 << 20


class Machine:
    """A machine's ``/proc``, ``/sys`` and ``/etc``, by absolute paths. ``root`` is another place that has them."""

    def __init__(self, root: str = os.sep) -> None:
        self.root = root

    def place(self, path: str) -> str:
        return os.path.join(self.root, path.lstrip("/"))

    def lines(self, path: str) -> list[str]:
        """Lines of a text file; none where it cannot be read."""
        return self.data(path).decode("utf-8", "replace").splitlines()

    def first(self, path: str) -> str:
        """The first line without blanks around it; "" where there is none."""
        lines = self.lines(path)
        return lines[0].strip() if lines else ""

    def number(self, path: str) -> int:
        """The number that a file holds; 0 where it holds none."""
        text = self.first(path)
        return int(text) if text.lstrip("-").isdigit() else 0

    def data(self, path: str) -> bytes:
        """Content; empty where it cannot be read."""
        try:
            with open(self.place(path), "rb") as source:
                return source.read(MAX_BYTES)
        except OSError:
            return b""

    def names(self, pattern: str) -> list[str]:
        """What matches, as absolute paths of the machine, sorted."""
        skip = len(self.root.rstrip("/"))
        return sorted(path[skip:] for path in glob.glob(glob.escape(self.root.rstrip("/")) + pattern))

    def link(self, path: str) -> str:
        """The last part of what a link points to; "" where there is no link."""
        try:
            return os.path.basename(os.readlink(self.place(path)))
        except OSError:
            return ""
