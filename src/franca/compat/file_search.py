"""Finding a tool on the machine: by name, upwards, and downwards (script engine, section 12.7).

Typed functions; ``automation_surface`` translates them to and from the dictionaries of content.
"""

from __future__ import annotations

import os

from franca.errors import NotFound, UsageError
from franca.grammar.versions import agrees, in_range
from franca.model.light import TYPE_CHECKING, Any
from franca.model.patterns import matches
from franca.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: What may follow a tool's name, in the order in which candidates are offered (``gcc``, ``gcc-9``).
_SUFFIXES = (r"\.\d", r"\.\d\d", r"-\d", r"-\d\d", r"\d", r"\d\d", r"\d\.\d", r"\d\d\.\d", r"\d\d\.\d\d")
_EXECUTABLE = ".exe" if os.name == "nt" else ""


class VersionRule(Record):
    """What a found tool's version must satisfy; empty bounds do not bind."""

    exact: str = ""
    minimum: str = ""
    maximum: str = ""
    new: bool = False  #: compare as the new dialect does

    @classmethod
    def from_env(cls, env: dict[str, Any], prefix: str) -> VersionRule:
        def text(name: str) -> str:
            return str(env.get(prefix + name) or "").strip()

        return cls(text("VERSION"), text("VERSION_MIN"), text("VERSION_MAX"), prefix == "MLC_")

    def __bool__(self) -> bool:
        return bool(self.exact or self.minimum or self.maximum)

    def __str__(self) -> str:
        named = (("version", self.exact), ("version_min", self.minimum), ("version_max", self.maximum))
        return ", ".join(f"{name} {value}" for name, value in named if value)

    def accepts(self, version: str) -> bool:
        """Whether a detected version will do (section 8.7)."""
        if not agrees(version, self.exact, new=self.new):
            return False
        return in_range(version, self.minimum, self.maximum, new=self.new)


class Candidate(Record):
    """A file that may be the tool, with the version that it reported, if it was asked."""

    path: str
    version: str = ""


# --- by name --------------------------------------------------------------------------------------


def named_files(directory: str, name: str, *, files_only: bool) -> list[str]:
    """Files in ``directory`` called ``name``, then those with a version number behind it."""
    try:
        entries = sorted(os.listdir(directory))
    except OSError:
        return []
    import re

    ranks = [re.compile(re.escape(name) + suffix + re.escape(_EXECUTABLE)) for suffix in ("", *_SUFFIXES)]
    return _ranked(directory, entries, [rank.fullmatch for rank in ranks], files_only)


def matching_files(directory: str, pattern: str, *, files_only: bool) -> list[str]:
    """Files in ``directory`` whose name matches a shell pattern."""
    try:
        entries = sorted(os.listdir(directory))
    except OSError:
        return []
    return _ranked(directory, entries, [lambda name: matches(name, pattern)], files_only)


def _ranked(
    directory: str, entries: list[str], ranks: Sequence[Callable[[str], object]], files_only: bool
) -> list[str]:
    found = []
    for rank in ranks:
        for entry in entries:
            path = os.path.join(directory, entry)
            if rank(entry) and (os.path.isfile(path) if files_only else os.path.exists(path)):
                found.append(path)
    return found


def distinct(paths: Iterable[str]) -> Iterator[str]:
    """The paths without those that are the same file on disk as an earlier one."""
    seen: set[tuple[int, int]] = set()
    for path in paths:
        try:
            entry = os.stat(path)
        except OSError:
            continue
        identity = (entry.st_dev, entry.st_ino)
        if identity not in seen:
            seen.add(identity)
            yield path


def candidates(directories: Iterable[str], name: str = "", pattern: str = "", *, files_only: bool = False) -> list[str]:
    """All files that may be meant, in the order of ``directories``, each file once."""
    found: list[str] = []
    for directory in directories:
        if pattern:
            found += matching_files(directory, pattern, files_only=files_only)
        else:
            found += named_files(directory, name, files_only=files_only)
    return list(distinct(found))


# --- directories ----------------------------------------------------------------------------------


def split_paths(text: str, separator: str = os.pathsep) -> list[str]:
    return [item for item in (part.strip().strip('"') for part in text.split(separator)) if item]


def default_directories(key: str, environ: dict[str, str] | os._Environ[str]) -> list[str]:
    """The directories in the process variable ``key`` (``PATH``); none when it is unset."""
    return split_paths(environ.get(key, ""))


def given_directories(text: str, *, ignore_missing: bool) -> list[str]:
    """The directories that the user named with ``--path``.

    Raises:
        UsageError: one does not exist, unless that is to be ignored.
    """
    found = []
    for path in split_paths(text):
        if os.path.exists(path):
            found.append(path)
        elif not ignore_missing:
            raise UsageError(f"path {path} doesn't exist", hint="give an existing directory with --path")
    return found


def below(directory: str, depth: int) -> list[str]:
    """``directory`` and its sub-directories down to ``depth`` levels."""
    top = os.path.abspath(directory)
    found = []
    for place, names, _files in os.walk(top):
        names.sort()
        level = 0 if place == top else os.path.relpath(place, top).count(os.sep) + 1
        found.append(place)
        if level >= depth:
            names.clear()
    return found


def find_upwards(path: str, name: str) -> str:
    """The nearest directory at or above ``path`` that holds ``name``, "" when there is none."""
    place = os.path.abspath(path)
    while True:
        if os.path.exists(os.path.join(place, name)):
            return place
        parent = os.path.dirname(place)
        if parent == place:
            return ""
        place = parent


def find_downwards(paths: Iterable[str], name: str, restrict: Iterable[str] = ()) -> list[str]:
    """Directories below ``paths`` that hold ``name``, only those whose path holds one of ``restrict``."""
    wanted = tuple(restrict)
    found = []
    for top in paths:
        for place, names, files in os.walk(top):
            names.sort()
            if name in files and (not wanted or any(part in place for part in wanted)):
                found.append(place)
    return found


# --- choosing -------------------------------------------------------------------------------------


def versioned(paths: Iterable[str], detect: Callable[[str], str], rule: VersionRule) -> Iterator[Candidate]:
    """The candidates whose detected version satisfies ``rule``.

    Args:
        detect: runs a candidate and returns its version, "" when unknown, "-1" to pass it over.
    """
    for path in paths:
        version = detect(path)
        if version != "-1" and (not version or not rule or rule.accepts(version)):
            yield Candidate(path, version)


def choose(
    found: Sequence[Candidate], *, take_first: bool, ask: Callable[[Sequence[str]], int], what: str
) -> Candidate:
    """One candidate: the first, or the one that the user picks by number.

    Raises:
        NotFound: there is none.
    """
    if not found:
        raise NotFound(f"{what} not found", hint="name its place with --path=DIRECTORY or --input=FILE")
    if len(found) == 1 or take_first:
        return found[0]
    number = ask([f"{one.path} (version {one.version})" if one.version else one.path for one in found])
    return found[number] if 0 <= number < len(found) else found[0]


# --- versions -------------------------------------------------------------------------------------


class ParsedVersion(Record):
    version: str
    text: str  #: the whole text that was searched


def parse_version_text(
    text: str, pattern: str, group: int, *, extra_group: int = 0, joiner: str = "."
) -> ParsedVersion | None:
    """The version in a tool's output; None when the pattern does not match."""
    import re

    found = re.search(pattern, text)
    if found is None:
        return None
    version = found.group(group) or ""
    if extra_group and found.group(extra_group):
        version += joiner + found.group(extra_group)
    return ParsedVersion(version.strip(), text)
