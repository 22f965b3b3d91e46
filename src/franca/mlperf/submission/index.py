"""One walk over a tree: names, kinds and sizes of everything in it, before anything is opened.

Symbolic links are never followed and special files never opened; both are only noted.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from franca.errors import NotFound, Refused

MAX_ENTRIES = 2_000_000
MAX_DEPTH = 24

FILE, DIRECTORY, LINK, OTHER = "file", "directory", "link", "other"


class Node:
    """One name in the tree. `path` is relative to the root with forward slashes; the root is ''."""

    __slots__ = ("children", "kind", "name", "path", "problem", "size")

    def __init__(self, name: str, path: str, kind: str, size: int = 0) -> None:
        self.name = name
        self.path = path
        self.kind = kind
        self.size = size
        self.problem = ""
        """Why a directory could not be listed, or was not."""
        self.children: dict[str, Node] = {}

    def get(self, relative: str) -> Node | None:
        """The node at a path below this one, or None."""
        node: Node | None = self
        for part in relative.split("/"):
            node = node.children.get(part) if node else None
        return node

    def file(self, relative: str) -> Node | None:
        """As `get`, for regular files only."""
        node = self.get(relative)
        return node if node is not None and node.kind == FILE else None

    def directory(self, relative: str) -> Node | None:
        """As `get`, for directories only."""
        node = self.get(relative)
        return node if node is not None and node.kind == DIRECTORY else None

    def directories(self) -> list[Node]:
        """Directories directly below, sorted by name."""
        return [node for _, node in sorted(self.children.items()) if node.kind == DIRECTORY]

    def files(self) -> list[Node]:
        """Everything directly below that is not a directory, sorted by name."""
        return [node for _, node in sorted(self.children.items()) if node.kind != DIRECTORY]

    def walk(self) -> Iterator[Node]:
        """Everything below, parents first, in the order of names."""
        stack = [self.children[name] for name in sorted(self.children, reverse=True)]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(node.children[name] for name in sorted(node.children, reverse=True))


def index_tree(root: str, *, skip: tuple[str, ...] = (".git",)) -> Node:
    """Walk a directory. Names in `skip` directly below the root are noted but not entered.

    Raises:
        NotFound: there is no such directory.
        Refused: more entries than any submission has.
    """
    if not os.path.isdir(root):
        raise NotFound(f"no directory {root!r}", hint="give the directory that holds closed/, open/ or network/")
    top = Node("", "", DIRECTORY)
    pending = [(top, 0)]
    count = 0
    while pending:
        node, depth = pending.pop()
        if depth > MAX_DEPTH:
            node.problem = f"nested deeper than {MAX_DEPTH} directories"
            continue
        for child in _list(root, node):
            count += 1
            if count > MAX_ENTRIES:
                raise Refused(f"{root!r} has more than {MAX_ENTRIES} entries: this is not a submission")
            if child.kind == DIRECTORY and not (depth == 0 and child.name in skip):
                pending.append((child, depth + 1))
    return top


def _list(root: str, node: Node) -> list[Node]:
    path = os.path.join(root, node.path) if node.path else root
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                below = f"{node.path}/{entry.name}" if node.path else entry.name
                node.children[entry.name] = _node(entry, below)
    except OSError as error:
        node.problem = f"cannot be listed: {error.strerror or error}"
    return list(node.children.values())


def _node(entry: os.DirEntry[str], path: str) -> Node:
    try:
        mode = entry.stat(follow_symlinks=False)
    except OSError:
        return Node(entry.name, path, OTHER)
    if stat.S_ISREG(mode.st_mode):
        return Node(entry.name, path, FILE, mode.st_size)
    if stat.S_ISDIR(mode.st_mode):
        return Node(entry.name, path, DIRECTORY)
    return Node(entry.name, path, LINK if stat.S_ISLNK(mode.st_mode) else OTHER)


def shown(path: str) -> str:
    """A path fit for a message: bytes that are not UTF-8 and control characters escaped."""
    if path.isascii() and path.isprintable():
        return path
    text = path.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
