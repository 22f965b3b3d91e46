"""The packed index: what is known of all artifacts, in columns that are read only where a question needs them.

It belongs to the fast lane (``franca._boot``), so it imports nothing that a bare interpreter has not loaded but
``marshal``. Written by ``franca.catalog.packing``.

An index is one file, the base, and possibly a second one with what has changed since. Both have the same layout.
A *spot* is a directory in which an artifact is or could be; spots are numbered in the order in which they were
written, those of the second file from the number of spots in the base on. Numbers in columns have the byte order
of the machine, which is part of the identity.

    MAGIC (16 bytes) · checksum of the table (8) · table: length and checksum of each section (8 + 8)
    HEAD     marshal (identity, digest of the base or b"", found, listings, shelves, broken, automations, inheritors,
             dead, extras): the state of the whole index, so that of the base is not read where there are two files
    NAMES    names of the directories, with a zero byte between them
    CODES    one byte a spot: the bits of the META_NAMES that were read
    STAMPS   four numbers a spot: mtime_ns, ctime_ns, size and inode of the first of these files
    KEYS     sorted 64-bit keys (:func:`key`) of aliases, uids and tags
    OWNERS   one 32-bit spot number a key
    ENDS     one 64-bit number a spot: where its record ends
    RECORDS  checksum and marshal of a record, () where there is no artifact
    METAS    checksum and packed metas, addressed by offset and length

    found     (group, repos, warnings); repos ((alias, uid, path, prefix, dialect, writable, trusted, meta), ...)
    listings  ((content path, group, folders, warnings), ...)
    shelves   ((path, stem, repository numbers, group, warnings, kind, spans), ...) in search order;
              kind (name of the spot that says it, alias, uid); spans ((file, first spot, last spot + 1), ...)
    group     (exact, absent): ((path, mtime_ns, ctime_ns, size, inode), ...) must be equal, (path, ...) not exist
    broken    ((shelf number, spot, name, problem, whether inheritance is to blame), ...)
    dead      spots of the base that hold no more
    extras    ((spot, path, mtime_ns, ctime_ns, size, inode), ...): second meta files
"""

from __future__ import annotations

import _imp
import marshal
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

MAGIC = b"franca-index-02\n"
SECTIONS = 9
HEAD, NAMES, CODES, STAMPS, KEYS, OWNERS, ENDS, RECORDS, METAS = range(SECTIONS)
START = 24 + 16 * SECTIONS  #: of the first section

#: Spots from which a question that had to look at all of them starts a watcher (``franca._watch``).
LARGE = 10_000

Stamp = tuple[int, int, int, int]  # mtime_ns, ctime_ns, size, inode
Group = tuple[tuple[tuple[str, int, int, int, int], ...], tuple[str, ...]]

# Fields of a shelf and of a record.
PATH, STEM, REPOS, GROUP, WARNINGS, KIND, SPANS = range(7)
NAME, ALIAS, UID, KIND_ALIAS, KIND_UID, TAGS, OFFSET, LENGTH, RAW, PROBLEM = range(10)

META_NAMES = ("_cm.yaml", "_cm.json", "meta.yaml", "meta.json")
INODE = (1 << 63) - 1  #: the bits of an inode that a column holds; some overlays use all 64
#: A stamp that no file has: "look again, the file was too young to tell".
UNSURE = (0, 0, 0, 0)


def checksum(data: bytes) -> bytes:
    """Eight bytes that change with the data (SipHash, the interpreter's own, the same in every process)."""
    return _imp.source_hash(0x46524E43, data)


def key(what: str, text: str) -> int:
    """What an alias ("a", without regard to case), a uid ("u", likewise) or a tag ("t") is looked up by."""
    word = text if what == "t" else text.lower()
    return int.from_bytes(checksum((what + word).encode("utf-8", "surrogatepass")), "little")


def group_holds(exact: Any, absent: Any) -> bool:
    """Whether everything in a group still is as it was."""
    stat = os.stat
    try:
        for path, mtime, ctime, size, inode in exact:
            s = stat(path)
            if s.st_ctime_ns != ctime or s.st_mtime_ns != mtime or s.st_size != size or s.st_ino & INODE != inode:
                return False
    except OSError:
        return False
    return not any(map(os.path.lexists, absent))


def meta_names_in(path: str) -> tuple[str, ...]:
    """Which of META_NAMES the directory has."""
    return tuple(name for name in META_NAMES if os.path.lexists(path + "/" + name))


# Which meta files of a directory count


def used_files(stem: str, present: int) -> int:
    """Of the META_NAMES in a directory (as bits), those that its artifact is read from.

    The repository's own family, else the other. ``_cm.json`` is laid over ``_cm.yaml`` (CM core, section 3.2);
    of the ``meta`` files the first counts (script engine, 1.2).
    """
    classic, new = present & 3, present & 12
    new = new & 4 or new
    return (new or classic) if stem == "meta" else (classic or new)


def missing_files(stem: str, used: int) -> tuple[str, ...]:
    """The META_NAMES that must stay absent for ``used`` to be all that counts."""
    own = 12 if stem == "meta" else 3
    none = 0
    if used & 3:
        none = 3 & ~used
    elif used & 8:
        none = 4
    if not used & own:
        none |= own
    return tuple(META_NAMES[bit] for bit in range(4) if (none if used else 15) >> bit & 1)


def file_names(used: int) -> tuple[str, ...]:
    return tuple(META_NAMES[bit] for bit in range(4) if used >> bit & 1)


def unlike(path: str, stem: str, names: list[str], codes: bytes, stamps: Any) -> Iterator[int]:
    """Which of the directories below ``path`` no longer hold what they held, by their place in the lists.

    This is what a question about a large store spends its time on: one ``stat`` an artifact, and one ``access`` for
    each meta file that could have come.
    """
    kinds = set(codes)
    for code in kinds:
        same = len(kinds) == 1
        some = range(len(names)) if same else [at for at, one in enumerate(codes) if one == code]
        files = file_names(code)
        if files:
            columns = [stamps[field::4] if same else [stamps[4 * at + field] for at in some] for field in range(4)]
            yield from _changed(path, "/" + files[0], names, some, columns)
        access = os.access
        for file in missing_files(stem, code):
            tail = "/" + file
            for at in some:
                if access(f"{path}/{names[at]}{tail}", 0):
                    yield at


def _changed(path: str, tail: str, names: list[str], some: Sequence[int], columns: Any) -> Iterator[int]:
    stat = os.stat
    for at, mtime, ctime, size, inode in zip(some, *columns):  # noqa: B905 - hot, and of equal length
        try:
            s = stat(f"{path}/{names[at]}{tail}")
            if s.st_ctime_ns != ctime or s.st_mtime_ns != mtime or s.st_size != size or s.st_ino & INODE != inode:
                yield at
        except OSError:
            yield at


class Damaged(ValueError):
    """The index is not what was written."""


class File:
    """A file that only this user can read and write, to be read in pieces."""

    __slots__ = ("_handle",)

    def __init__(self, path: str) -> None:
        """Raises OSError, ValueError."""
        self._handle = -1
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
        self._handle = handle
        s = os.fstat(handle)
        if os.name == "posix" and (s.st_uid != os.geteuid() or s.st_mode & 0o077):
            raise ValueError("not ours alone")

    def read(self, start: int, length: int) -> bytes:
        """``pread``, so that a forked process does not move the place of this one."""
        if hasattr(os, "pread"):
            return os.pread(self._handle, length, start)
        os.lseek(self._handle, start, 0)
        return os.read(self._handle, length)

    def close(self, close: Any = os.close) -> None:  # bound early: an interpreter that ends has no ``os`` any more
        handle, self._handle = self._handle, -1
        if handle >= 0:
            close(handle)

    __del__ = close


class Memory:
    """The same for bytes that are in no file."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, start: int, length: int) -> bytes:
        return self._data[start : start + length]

    def close(self) -> None:
        pass


class Part:
    """One file of the index. Sections are read, and compared with their checksums, when they are needed."""

    __slots__ = ("_cache", "_source", "_starts", "count", "digest", "sizes", "sums")

    def __init__(self, source: File | Memory) -> None:
        """Raises ValueError when this is not an index or its table is damaged."""
        head = source.read(0, START)
        table = head[24:]
        if head[:16] != MAGIC or len(head) != START or checksum(table) != head[16:24]:
            raise Damaged("not an index")
        self.digest = head[16:24]
        self.sizes = [int.from_bytes(table[at : at + 8], "little") for at in range(0, len(table), 16)]
        self.sums = [table[at + 8 : at + 16] for at in range(0, len(table), 16)]
        self._starts = [START + sum(self.sizes[:n]) for n in range(SECTIONS)]
        self.count = self.sizes[CODES]
        self._source = source
        self._cache: dict[int, Any] = {}

    def close(self) -> None:
        self._source.close()

    def read(self, section: int, offset: int, length: int) -> bytes:
        start, data = self._starts[section] + offset, b""
        while len(data) < length:  # more than 2 GiB come in pieces
            try:
                some = self._source.read(start + len(data), length - len(data))
            except OSError:
                some = b""
            if not some:
                raise Damaged("the index is cut short")
            data = data + some if data else some
        return data

    def section(self, number: int) -> bytes:
        """A whole section. Raises Damaged."""
        data = self.read(number, 0, self.sizes[number])
        if checksum(data) != self.sums[number]:
            raise Damaged("damaged")
        return data

    def names(self) -> list[str]:
        if NAMES not in self._cache:
            text = self.section(NAMES).decode("utf-8", "surrogatepass")
            self._cache[NAMES] = text.split("\0") if self.count else []
        names: list[str] = self._cache[NAMES]
        return names

    def _numbers(self, section: int, code: Any) -> Any:
        if section not in self._cache:
            self._cache[section] = memoryview(self.section(section)).cast(code)
        return self._cache[section]

    def codes(self) -> Any:
        return self._numbers(CODES, "B")

    def stamps(self) -> Any:
        return self._numbers(STAMPS, "q")

    def spots(self, wanted: int) -> list[int]:
        """Spots that may have what a key was made from."""
        keys = self._numbers(KEYS, "Q")
        low, high = 0, len(keys)
        while low < high:
            middle = (low + high) // 2
            if keys[middle] < wanted:
                low = middle + 1
            else:
                high = middle
        high = low
        while high < len(keys) and keys[high] == wanted:
            high += 1
        return list(self._numbers(OWNERS, "I")[low:high])

    def record(self, spot: int) -> Any:
        """What is known of the artifact in a spot; () when there is none."""
        ends = self._numbers(ENDS, "Q")
        start = ends[spot - 1] if spot else 0
        return _checked(self.read(RECORDS, start, ends[spot] - start))

    def records(self, first: int, last: int) -> Iterator[Any]:
        """The records of several spots, read by the thousand."""
        ends = self._numbers(ENDS, "Q")
        for some in range(first, last, 1024):
            until = min(last, some + 1024)
            start = ends[some - 1] if some else 0
            data = self.read(RECORDS, start, ends[until - 1] - start)
            at = start
            for spot in range(some, until):
                yield _checked(data[at - start : ends[spot] - start])
                at = ends[spot]

    def meta(self, offset: int, length: int) -> bytes:
        data = self.read(METAS, offset, length)
        if checksum(data[8:]) != data[:8]:
            raise Damaged("damaged")
        return data[8:]


def _checked(data: bytes) -> Any:
    if checksum(data[8:]) != data[:8]:
        raise Damaged("damaged")
    return marshal.loads(data[8:])  # noqa: S302 - our own, owner-only file


class View:
    """An index of one or two files as a whole."""

    __slots__ = (
        "automations", "broken", "dead", "digest", "extras", "found", "inheritors", "listings", "parts", "shelves",
    )  # fmt: skip

    def __init__(self, base: Part, over: Part | None, who: tuple[Any, ...]) -> None:
        """Raises ValueError when it was made for other roots, or is damaged."""
        newest = over or base
        head = marshal.loads(newest.section(HEAD))  # noqa: S302
        if head[0] != who or head[1] != (base.digest if over else b""):
            raise ValueError("made for other roots")
        self.parts = (base, over) if over else (base,)
        self.digest = newest.digest
        _who, _base, self.found, self.listings, self.shelves, self.broken, self.automations = head[:7]
        self.inheritors, dead, self.extras = head[7:]
        self.dead = frozenset(dead)

    def close(self) -> None:
        for part in self.parts:
            part.close()

    def holds(self) -> bool:
        """Whether the file system still is as it was when the index was made."""
        return (
            group_holds(*self.found[0])
            and all(group_holds(*listing[1]) for listing in self.listings)
            and all(group_holds(*shelf[GROUP]) for shelf in self.shelves)
            and not any(True for shelf in self.shelves for _ in self.changed(shelf))
        )

    def has_warnings(self) -> bool:
        """Whether there are warnings for a person to see."""
        listings = any(warnings for _path, _group, _names, warnings in self.listings)
        return bool(self.found[2] or self.broken) or listings or any(shelf[WARNINGS] for shelf in self.shelves)

    def changed(self, shelf: Any) -> Iterator[int]:
        """The spots of a shelf that no longer hold what they held."""
        for spot, path, *before in self.extras:
            if path.startswith(shelf[PATH] + "/") and not group_holds(((path, *before),), ()):
                yield spot
        for number, first, last in shelf[SPANS]:
            part = self.parts[number]
            names, codes, stamps = part.names(), part.codes(), part.stamps()
            if first or last < part.count:
                names, codes, stamps = names[first:last], codes[first:last], stamps[4 * first : 4 * last]
            shift = first + (self.parts[0].count if number else 0)
            for at in unlike(shelf[PATH], shelf[STEM], names, bytes(codes), stamps):
                if at + shift not in self.dead:
                    yield at + shift

    def live(self, shelf: Any) -> Iterator[int]:
        """All spots of a shelf, those of one file in the order of their names."""
        for number, first, last in shelf[SPANS]:
            shift = self.parts[0].count if number else 0
            for spot in range(first + shift, last + shift):
                if spot not in self.dead:
                    yield spot

    def named(self, shelf: Any) -> Iterator[tuple[str, int]]:
        """All spots of a shelf by the names of their directories."""
        for number, first, last in shelf[SPANS]:
            shift = self.parts[0].count if number else 0
            for name, spot in zip(self.parts[number].names()[first:last], range(first + shift, last + shift)):  # noqa: B905 - of equal length
                if spot not in self.dead:
                    yield name, spot

    def names(self, shelf: Any) -> set[str]:
        """The directories of a shelf."""
        found: set[str] = set()
        for number, first, last in shelf[SPANS]:
            names = self.parts[number].names()
            found |= set(names[first:last])
            if not number:
                found -= {names[spot] for spot in self.dead if first <= spot < last}
        return found

    def spot_at(self, shelf: Any, name: str) -> int:
        """The spot of a directory of a shelf; -1 when it has none."""
        for number, low, last in shelf[SPANS]:
            names, shift, high = self.parts[number].names(), self.parts[0].count if number else 0, last
            while low < high:  # the spots of a span are sorted
                middle = (low + high) // 2
                if names[middle] < name:
                    low = middle + 1
                else:
                    high = middle
            if low < last and names[low] == name and low + shift not in self.dead:
                return int(low + shift)
        return -1

    def place(self, spot: int) -> tuple[Part, int]:
        """The file that a spot is in, and its number there."""
        count = self.parts[0].count
        return (self.parts[0], spot) if spot < count else (self.parts[-1], spot - count)

    def spots(self, wanted: int) -> list[int]:
        """Spots that may have what a key was made from, over all files."""
        found = [spot for spot in self.parts[0].spots(wanted) if spot not in self.dead]
        if len(self.parts) > 1:
            found += [spot + self.parts[0].count for spot in self.parts[1].spots(wanted)]
        return found

    def record(self, spot: int) -> Any:
        part, number = self.place(spot)
        return part.record(number)

    def records(self) -> Iterator[tuple[int, int, Any]]:
        """All spots that hold something: spot, number of the shelf, record."""
        for number, shelf in enumerate(self.shelves):
            for file, first, last in shelf[SPANS]:
                shift = self.parts[0].count if file else 0
                for spot, record in enumerate(self.parts[file].records(first, last), first + shift):
                    if record and spot not in self.dead:
                        yield spot, number, record

    def shelf_of(self, spot: int) -> int:
        """The number of the shelf that a spot is on."""
        count = self.parts[0].count
        file, at = (0, spot) if spot < count else (1, spot - count)
        for number, shelf in enumerate(self.shelves):
            for where, first, last in shelf[SPANS]:
                if where == file and first <= at < last:
                    return number
        raise Damaged("a spot without a shelf")


def kind_of(alias: str, uid: str, shelf: Any, automations: Any) -> tuple[str, str]:
    """The kind that an artifact itself names, else that of its folder (CM core, section 3.4)."""
    if not alias and not uid:
        _name, alias, uid = shelf[KIND]
        if not alias and not uid:
            alias = shelf[PATH].rpartition("/")[2]
    if not uid:
        uid = automations[0].get(alias.lower(), "")
    if not alias:
        alias = automations[1].get(uid.lower(), "")
    return alias, uid


def second_path(path: str) -> str:
    """The file with what has changed since the base at ``path`` was written."""
    return path + ".more"


def read_view(path: str, who: tuple[Any, ...]) -> View:
    """The index in files of our own that nobody else may touch. Raises OSError, ValueError and friends."""
    base = Part(File(path))
    try:
        return View(base, Part(File(second_path(path))), who)
    except (OSError, ValueError, EOFError, TypeError):  # there is none, or it belongs to an earlier base
        return View(base, None, who)
