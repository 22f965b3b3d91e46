"""What lint reads of a script: its meta with positions, its code, and what other scripts there are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from franca.catalog.files import load_meta, read_bytes
from franca.catalog.marked import parse_marked
from franca.errors import FrancaError, Location, MalformedFile
from franca.model.artifact import Artifact, Repo
from franca.model.dialect import Dialect
from franca.model.script import Script
from franca.model.tags import split_tags

Key = tuple[str, ...]
_CODE = (".py", ".sh", ".bat", ".cpp", ".c", ".h", ".txt", ".json", ".yaml", ".md", "")
_MAX_CODE = 2_000_000


class Source(msgspec.Struct, frozen=True):
    """One script as text and as values."""

    folder: str
    meta: dict[str, Any]
    files: tuple[str, ...]  #: meta files
    dialect: Dialect
    marks: dict[Key, tuple[int, int]] = {}
    names: tuple[str, ...] = ()  #: of everything in the folder
    troubles: tuple[FrancaError, ...] = ()

    @property
    def meta_file(self) -> str:
        return self.files[0] if self.files else self.folder

    @property
    def alias(self) -> str:
        return str(self.meta.get("alias") or os.path.basename(self.folder))

    @property
    def uid(self) -> str:
        return str(self.meta.get("uid") or "").lower()

    @property
    def tags(self) -> tuple[str, ...]:
        return split_tags(self.meta.get("tags") if isinstance(self.meta.get("tags"), (str, list)) else ())

    @property
    def variations(self) -> dict[str, Any]:
        found = self.meta.get("variations")
        return found if isinstance(found, dict) else {}

    def where(self, key: Key) -> Location:
        """The position of a key, or of the closest thing around it."""
        for length in range(len(key), 0, -1):
            mark = self.marks.get(key[:length])
            if mark:
                return Location(self.meta_file, *mark)
        return Location(self.meta_file, 1)

    def script(self, repo: Repo) -> Script:
        from franca.model.ids import SCRIPT, ObjectRef

        ref = ObjectRef(self.alias, self.uid)
        artifact = Artifact(ref, SCRIPT, self.tags, self.folder, repo, self.meta, self.meta, self.files)
        return Script(artifact, frozenset(self.names))


def read_source(folder: str, dialect: Dialect) -> Source | None:
    """The script in a folder; None when it holds no meta. What cannot be read is kept in ``troubles``."""
    names = tuple(sorted(os.listdir(folder)))
    stem = dialect.artifact_meta
    troubles: list[FrancaError] = []
    try:
        meta, files = load_meta(folder, stem)
    except FrancaError as error:
        files = tuple(os.path.join(folder, n) for n in (stem + ".yaml", stem + ".json") if n in names)
        return Source(folder, {}, files, dialect, names=names, troubles=(error,))
    if not files:
        return None
    marks: dict[Key, tuple[int, int]] = {}
    if files[0].endswith(".yaml"):
        text = read_bytes(files[0]).decode("utf-8", "replace")
        try:
            marks = parse_marked(text, files[0]).marks
        except MalformedFile as error:
            troubles.append(error)
            marks = _guessed_marks(text)
    return Source(folder, meta, files, dialect, marks, names, tuple(troubles))


_LINE = re.compile(r"""^( *)((?:- +)*)("[^"]+"|'[^']+'|[^\s#:'"\-][^:#]*?) *:(?: |$)""")


def _guessed_marks(text: str) -> dict[Key, tuple[int, int]]:
    """Positions by indentation, for a file that the strict reader refuses (a key that is given twice)."""
    marks: dict[Key, tuple[int, int]] = {}
    stack: list[tuple[int, str]] = []
    counters: dict[Key, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        found = _LINE.match(line)
        if not found:
            continue
        indent, dashes, key = len(found[1]), found[2], found[3].strip("\"'")
        if dashes:
            stack = [(i, k) for i, k in stack if i <= indent and not (i == indent and k.isdecimal())]
            above = tuple(k for _, k in stack)
            counters[above] = counters.get(above, -1) + 1
            stack.append((indent + 0, str(counters[above])))
            indent += len(dashes)
        stack = [(i, k) for i, k in stack if i < indent]
        stack.append((indent, key))
        marks.setdefault(tuple(k for _, k in stack), (number, indent + 1))
    return marks


def code_of(source: Source) -> dict[str, str]:
    """The text of the code files of a script, sub-folders left out."""
    found = {}
    for name in source.names:
        path = os.path.join(source.folder, name)
        ext = os.path.splitext(name)[1]
        if path in source.files or ext not in _CODE or ext in (".md",) or not os.path.isfile(path):
            continue
        if os.path.getsize(path) <= _MAX_CODE:
            found[name] = read_bytes(path).decode("utf-8-sig", "replace")
    return found


class World:
    """All scripts that a dependency may mean, by dialect."""

    def __init__(self, scripts: Iterable[Script]) -> None:
        self.by_dialect: dict[str, list[Script]] = {}
        self.tags: dict[str, set[str]] = {}
        self._by_tag: dict[tuple[str, str], list[Script]] = {}
        for script in scripts:
            name = script.dialect.name
            self.by_dialect.setdefault(name, []).append(script)
            self.tags.setdefault(name, set()).update(script.tags)
            for tag in set(script.tags):
                self._by_tag.setdefault((name, tag), []).append(script)

    def answers(self, dialect: Dialect, include: Iterable[str], exclude: Iterable[str]) -> list[Script]:
        """Scripts with all of the tags and none of the others."""
        wanted = list(include)
        if not wanted:
            return []
        first = min((self._by_tag.get((dialect.name, tag), []) for tag in wanted), key=len)
        need, barred = set(wanted), set(exclude)
        return [s for s in first if need <= set(s.tags) and barred.isdisjoint(s.tags)]

    def exports(self, scripts: Iterable[Script]) -> list[str]:
        """The patterns of variables that scripts may export."""
        return [key for script in scripts for key in exported_keys(script.meta)]


def exported_keys(meta: Mapping[str, Any]) -> list[str]:
    """``new_env_keys`` of a meta, of its variations and of its versions."""
    blocks = [meta, *_blocks(meta.get("variations")), *_blocks(meta.get("versions"))]
    return [str(k) for block in blocks for k in _listed(block.get("new_env_keys"))]


def _blocks(value: Any) -> list[Mapping[str, Any]]:
    return [b for b in value.values() if isinstance(b, dict)] if isinstance(value, dict) else []


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def covers(pattern: str, key: str) -> bool:
    """Whether an exported pattern may give the variable (or pattern) ``key``."""
    return pattern == key or fnmatchcase(key, pattern) or fnmatchcase(pattern, key)
