"""Looking at files: what a directory holds, and the stamps of everything that this was learned from.

A scan walks ``<repository>/<folder>/<artifact>/`` (CM core, section 3.1) and reads the meta files. Names that begin
with a dot are never looked at: they are work in progress.
"""

from __future__ import annotations

import marshal
import os
import time
from stat import S_ISREG

from franca._packed import INODE, META_NAMES, UNSURE, Group, Stamp, file_names, group_holds, used_files
from franca.catalog.files import NO_FILE, parse_meta, read_bytes
from franca.errors import FrancaError, NotFound
from franca.model.ids import is_uid
from franca.model.light import Any, cast
from franca.model.record import Record
from franca.model.tags import split_tags

#: A file younger than this when it was looked at may change again within one tick of the file system's clock.
YOUNG_NS = 60_000_000
COARSE_NS = 2_100_000_000  #: the same on file systems that keep whole seconds


class Head(Record):
    """What the index needs of a meta, so that the whole need not be unpacked."""

    alias: str = ""
    uid: str = ""
    kind_alias: str = ""
    kind_uid: str = ""
    tags: tuple[str, ...] = ()
    inherits: bool = False
    named: bool = True  #: whether the meta has an alias, be it an empty one


class Known(Record):
    """What was learned from the meta files of one directory."""

    head: Head = Head()
    blob: bytes = b""  #: packed raw meta
    problem: str = ""  #: why the meta cannot be used

    def meta(self) -> dict[str, Any]:
        """The raw meta, as a fresh value."""
        return unpack(self.blob) if self.blob else {}


class Watch:
    """Things that were looked at, with their stamps: while these hold, so does what was learned from them."""

    def __init__(self) -> None:
        self.exact: dict[str, Stamp] = {}
        self.absent: set[str] = set()
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

    def group(self) -> Group:
        return tuple((path, *stamp) for path, stamp in self.exact.items()), tuple(sorted(self.absent))


def stamp_of(found: os.stat_result) -> Stamp:
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino & INODE


class Listing(Record):
    """The sub-directories of a directory that may matter, sorted, and what says so."""

    group: Group
    names: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def holds(self) -> bool:
        return group_holds(*self.group)


def list_directories(path: str) -> Listing:
    watch = Watch()
    names: list[str] = []
    warnings: list[str] = []
    if watch.see(path) is not None:
        names, warnings = _directories(path, watch)
    return Listing(watch.group(), tuple(names), tuple(warnings))


def _directories(path: str, watch: Watch) -> tuple[list[str], list[str]]:
    """Names of sub-directories, sorted, and warnings. Links that lead to none are watched."""
    try:
        with os.scandir(path) as entries:
            plain = [entry for entry in entries if entry.name[0] != "." and entry.name != "__pycache__"]
        odd = {entry.name for entry in plain if not entry.name.isprintable() and has_control(entry.name)}
        warnings = [f"{path}: the folder {n!r} is left out, its name has a control character" for n in sorted(odd)]
        names = [entry.name for entry in plain if entry.name not in odd and entry.is_dir()]
        if len(names) < len(plain):
            for entry in plain:
                if entry.is_symlink() and entry.name not in odd and not entry.is_dir():
                    watch.see(entry.path)
    except NotADirectoryError:
        return [], []
    except OSError as error:
        return [], [f"cannot read the folder {path}: {error.strerror}"]
    return sorted(names), warnings


def has_control(name: str) -> bool:
    """Whether a name has control characters: they end lines early and steer terminals (CM core, section 3.3)."""
    return any(ord(char) < 32 or 127 <= ord(char) < 160 for char in name)


def _leads_away(name: str) -> bool:
    """Whether a folder of this name would be somewhere else: names of artifacts become folders and files."""
    return "/" in name or "\\" in name or name in (".", "..") or has_control(name)


class Spot(Record):
    """A directory in which an artifact is or could be, as it was found."""

    name: str
    used: int = 0  #: bits of the META_NAMES that were read
    stamps: tuple[Stamp, ...] = ()  #: of these files
    known: Known | None = None  #: None when there is no artifact


def read_spot(path: str, name: str, stem: str) -> Spot:
    """What the meta of a directory says: that of the family ``stem``, else of the other if it has an identity."""
    folder = f"{path}/{name}"
    used = used_files(stem, _present(folder, 12 if stem == "meta" else 3) or _present(folder, 15))
    if not used:
        return Spot(name)
    watch = Watch()
    files = file_names(used)
    known = read_known(folder, files, watch)
    # A file that has gone in between is absent there, and is looked at again next time.
    stamps = tuple(watch.exact.get(f"{folder}/{file}", UNSURE) for file in files)
    own = bool(used & (12 if stem == "meta" else 3))
    return Spot(name, used, stamps, known if own or is_uid(known.head.uid) else None)


def _present(folder: str, among: int) -> int:
    """Which of some META_NAMES (bits) a directory has."""
    present = 0
    for bit, file in enumerate(META_NAMES):
        if among >> bit & 1 and os.access(f"{folder}/{file}", os.F_OK):
            present |= 1 << bit
    return present


def read_known(path: str, names: tuple[str, ...], watch: Watch) -> Known:
    """The meta in these files of a directory."""
    for name in names:  # stamps are taken before reading: a change in between is noticed by the next comparison
        seen = watch.see(f"{path}/{name}")
        if seen is not None and not S_ISREG(seen.st_mode):
            return Known(problem=f"{path}/{name}: {NO_FILE}")
    meta: dict[str, Any] = {}
    try:
        for name in names:
            try:
                meta.update(parse_meta(read_bytes(f"{path}/{name}"), f"{path}/{name}"))
            except NotFound:  # it went away while we looked
                continue
    except FrancaError as error:
        return Known(problem=str(error))
    for key in ("alias", "uid"):
        if _leads_away(str(meta.get(key) or "")):
            return Known(problem=f"{path}/{names[0]}: the {key} {meta[key]!r} cannot name anything")
    try:
        return Known(head_of(meta), pack(meta))
    except ValueError:
        return Known(problem=f"{path}/{names[0]}: a value in this file is of a kind that no meta has")


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
    """``meta`` marshalled. Dates, which YAML has and marshal lacks, travel as tuples, which YAML lacks.

    Raises ValueError when there is something else that marshal lacks.
    """
    try:
        return marshal.dumps(meta)
    except ValueError:
        return _DATED + marshal.dumps(_freeze(meta))


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
