"""A full scan of the files: the truth that every other answer must equal.

A scan walks ``<repository>/<folder>/<artifact>/`` (CM core, section 3.1), reads the meta files, and notes the
stamps of everything that it looked at, folder by folder. A folder whose stamps still hold is taken over from the
previous scan; of the others only meta files that changed are parsed again. Names that begin with a dot are
never looked at: they are work in progress.
"""

from __future__ import annotations

import marshal
import os
import time
from typing import Any, cast

import msgspec

from franca._boot import UNSURE, group_holds, meta_names_in
from franca.catalog.files import meta_names, names_as_text, overlays, parse_meta, read_bytes
from franca.errors import FrancaError, NotFound
from franca.model.ids import is_uid
from franca.model.tags import split_tags

Stamp = tuple[int, int, int, int]

#: A file younger than this when it was looked at may change again within one tick of the file system's clock.
YOUNG_NS = 60_000_000
COARSE_NS = 2_100_000_000  #: the same on file systems that keep whole seconds


class Head(msgspec.Struct, frozen=True, array_like=True):
    """What the index needs of a raw meta, so that the whole need not be unpacked."""

    alias: str = ""
    uid: str = ""
    kind_alias: str = ""
    kind_uid: str = ""
    tags: tuple[str, ...] = ()
    inherits: bool = False
    named: bool = True  #: whether the meta has an alias, be it an empty one


class Known(msgspec.Struct, frozen=True):
    """What a scan learned from the meta files of one directory."""

    files: tuple[tuple[str, Stamp], ...]  #: names and stamps, in overlay order
    head: Head = Head()
    blob: bytes = b""  #: packed raw meta; empty when it cannot be packed
    problem: str = ""  #: why the meta cannot be used
    value: dict[str, Any] | None = None  #: the raw meta itself when it cannot be packed

    def meta(self) -> dict[str, Any]:
        """The raw meta, as a fresh value where it is packed."""
        return unpack(self.blob) if self.blob else self.value or {}


class Watch:
    """Things that were looked at, with their stamps: while these hold, so does what was learned from them."""

    def __init__(self) -> None:
        self.exact: dict[str, Stamp] = {}
        self.absent: set[str] = set()
        self.loose: dict[str, tuple[Stamp, tuple[str, ...]]] = {}
        self._now = time.time_ns()

    def sure(self, stamp: Stamp) -> Stamp:
        """``stamp``, or UNSURE when its file is so young that a second change could leave it as it is."""
        newest = max(stamp[0], stamp[1])
        coarse = stamp[0] % 1_000_000_000 == 0 and stamp[1] % 1_000_000_000 == 0
        return UNSURE if newest > self._now - (COARSE_NS if coarse else YOUNG_NS) else stamp

    def see(self, path: str) -> os.stat_result | None:
        """Look at a path that must stay as it is; None when it does not exist or cannot be looked at."""
        try:
            found = os.stat(path)
        except OSError:
            if os.path.lexists(path):
                self.exact[path] = UNSURE
            else:
                self.absent.add(path)
            return None
        self.exact[path] = self.sure(stamp_of(found))
        return found

    def group(self) -> tuple[Any, Any, Any]:
        """As the snapshot keeps it (the layout is in ``franca._boot``)."""
        return (
            tuple((path, *stamp) for path, stamp in self.exact.items()),
            tuple(sorted(self.absent)),
            tuple((path, *stamp, names) for path, (stamp, names) in self.loose.items()),
        )


def stamp_of(found: os.stat_result) -> Stamp:
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


class Listing(msgspec.Struct, frozen=True):
    """The folders of a repository's content path."""

    group: tuple[Any, Any, Any]
    folders: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def holds(self) -> bool:
        return group_holds(*self.group)


class Shelf(msgspec.Struct, frozen=True):
    """One folder of a repository with the artifacts in it."""

    group: tuple[Any, Any, Any]
    spots: tuple[tuple[str, Known], ...]  #: directory and what is known of its meta, by name of directory
    warnings: tuple[str, ...] = ()

    def holds(self) -> bool:
        return group_holds(*self.group)


def list_folders(path: str) -> Listing:
    """Names of the folders in a directory."""
    watch = Watch()
    folders: list[str] = []
    warnings: list[str] = []
    if watch.see(path) is not None:
        folders, warnings = _directories(path, watch)
    return Listing(watch.group(), tuple(folders), tuple(warnings))


def _directories(path: str, watch: Watch) -> tuple[list[str], list[str]]:
    """Names of sub-directories that may matter, sorted, and warnings. Links that lead nowhere are watched."""
    names = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name[0] == "." or entry.name == "__pycache__":
                    continue
                if entry.is_dir():
                    names.append(entry.name)
                elif entry.is_symlink():
                    watch.see(entry.path)
    except NotADirectoryError:
        return [], []
    except OSError as error:
        return [], [f"cannot read the folder {path}: {error.strerror}"]
    return sorted(names), []


class _Before:
    """What the previous scan knew of a folder."""

    def __init__(self, shelf: Shelf | None) -> None:
        self.known = dict(shelf.spots) if shelf else {}
        self.names = {row[0]: (row[1:5], row[5]) for row in shelf.group[2]} if shelf else {}

    def meta_names(self, path: str, stamp: Stamp) -> tuple[str, ...]:
        """Meta files in a directory; without looking where the directory has not changed."""
        before, names = self.names.get(path, (UNSURE, ()))
        return names if before == stamp != UNSURE else meta_names_in(path)


def read_shelf(path: str, stem: str, old: Shelf | None = None) -> Shelf:
    """The artifacts in a folder; ``stem`` is the repository's own family of meta files."""
    watch, before = Watch(), _Before(old)
    warnings: list[str] = []
    spots: list[tuple[str, Known]] = []
    if watch.see(path) is not None:
        names, warnings = _directories(path, watch)
        for name in names:
            found = _spot(f"{path}/{name}", stem, before, watch)
            if found is not None:
                spots.append((f"{path}/{name}", found))
    warnings += [spot.problem for _, spot in spots if spot.problem]
    return Shelf(watch.group(), tuple(spots), tuple(warnings))


def _spot(path: str, stem: str, before: _Before, watch: Watch) -> Known | None:
    """What the meta of a directory says: the repository's own family, else the other if it has an identity."""
    try:
        stamp = watch.sure(stamp_of(os.stat(path)))
    except OSError:
        watch.exact[path] = UNSURE  # it went away while we looked
        return None
    names = before.meta_names(path, stamp)
    watch.loose[path] = stamp, names
    for family in (stem, "meta" if stem == "_cm" else "_cm"):
        own = tuple(name for name in meta_names(family) if name in names)
        if own:
            found = read_known(path, own if overlays(family) else own[:1], watch, before.known.get(path))
            if family == stem or is_uid(found.head.uid):
                return found
    return None


def read_known(path: str, names: tuple[str, ...], watch: Watch, old: Known | None = None) -> Known:
    """The meta in these files of a directory; ``old`` when the stamps of the files are the same."""
    files = []
    for name in names:
        # Stamps are taken before reading: a change in between is noticed by the next comparison.
        found = watch.see(f"{path}/{name}")
        files.append((name, watch.exact[f"{path}/{name}"] if found else UNSURE))
    if old is not None and old.files == tuple(files) and all(stamp != UNSURE for _, stamp in files):
        return old
    meta: dict[str, Any] = {}
    try:
        for name in names:
            try:
                meta.update(parse_meta(read_bytes(f"{path}/{name}"), f"{path}/{name}"))
            except NotFound:  # it went away while we looked
                continue
    except FrancaError as error:
        return Known(tuple(files), problem=str(error))
    names_as_text(meta)
    blob = pack(meta)
    return Known(tuple(files), head_of(meta), blob, value=None if blob else meta)


def head_of(meta: dict[str, Any]) -> Head:
    tags = meta.get("tags")
    return Head(
        _text(meta, "alias"), _text(meta, "uid"), _text(meta, "automation_alias"), _text(meta, "automation_uid"),
        split_tags(tags) if isinstance(tags, (str, list)) else (), bool(meta.get("_base")), "alias" in meta,
    )  # fmt: skip


def _text(meta: dict[str, Any], key: str) -> str:
    value = meta.get(key)
    return value.strip() if isinstance(value, str) else ""


_DATED = b"\xff"  # no marshalled value begins with this byte


def pack(meta: dict[str, Any]) -> bytes:
    """``meta`` marshalled. Dates, which YAML has and marshal lacks, travel as tuples, which YAML lacks."""
    try:
        return marshal.dumps(meta)
    except ValueError:
        pass
    try:
        return _DATED + marshal.dumps(_freeze(meta))
    except ValueError:
        return b""


def unpack(blob: bytes) -> dict[str, Any]:
    """The meta that :func:`pack` packed, as a fresh value."""
    if blob[:1] == _DATED:
        return cast("dict[str, Any]", _thaw(marshal.loads(blob[1:])))  # noqa: S302
    return cast("dict[str, Any]", marshal.loads(blob))  # noqa: S302


def _freeze(value: Any) -> Any:
    import datetime

    if isinstance(value, dict):
        return {_freeze(key): _freeze(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_freeze(item) for item in value]
    if isinstance(value, datetime.datetime):
        return ("datetime", value.isoformat())
    if isinstance(value, datetime.date):
        return ("date", value.isoformat())
    return value


def _thaw(value: Any) -> Any:
    import datetime

    if isinstance(value, dict):
        return {_thaw(key): _thaw(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_thaw(item) for item in value]
    if isinstance(value, tuple):
        kind = datetime.datetime if value[0] == "datetime" else datetime.date
        return kind.fromisoformat(value[1])
    return value
