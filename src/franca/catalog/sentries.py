"""Which directories are watched for an index, and what an event in one of them is about (decision 0005)."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from typing import Any

from franca import _packed
from franca._packed import META_NAMES, View
from franca.catalog.inotify import CHANGES, CREATE, DIRECTORY, MOVED_TO, NAMES, OVERFLOW, UNMOUNT, Inotify
from franca.catalog.scan import has_control
from franca.errors import Unavailable

#: File systems on which each change is made by this kernel, and reported.
LOCAL = frozenset(("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs", "zfs", "bcachefs", "overlay"))
#: Of the directories that a user may watch, a watcher takes no more than this: editors want some too.
SHARE_OF_WATCHES = 0.75
_ANY = ""  #: among names: every directory
_GONE = (errno.ENOENT, errno.ENOTDIR)


class Unfit(Unavailable):
    """Something in the store can change without an event, or cannot be watched."""


class Outdated(Exception):
    """The index no longer tells which directories to watch."""


class Sentries:
    """The watches of one index, and what they have told."""

    def __init__(self, view: View) -> None:
        """Watch first, then compare, so nothing slips through. Raises Unfit, Outdated, OSError."""
        self.lost = ""  #: what has happened that nothing here can make good
        self.dirty: dict[str, set[str]] = {}  #: by folder: directories of artifacts about which something was told
        self.unlisted: set[str] = set()  #: folders that may have other directories than the index says
        self.known: dict[str, dict[str, int]] = {}  #: by folder: directories and the numbers of their watches
        self.mounts = read_mounts()
        self._spots: dict[int, tuple[str, str]] = {}  #: by number: folder and name of an artifact's directory
        self._folders: dict[int, str] = {}  #: by number: what holds artifacts
        self._rest: dict[int, set[str]] = {}  #: by number: names that matter there, _ANY among them
        self._paths: dict[str, set[str]] = {}  #: the same by path
        self._devices: set[int] = set()
        _check_limit(view)
        self._inotify = Inotify()
        try:
            self._watch_rest(view)
            check_file_systems(self._devices, self.mounts)
            for shelf in view.shelves:
                self._watch_shelf(view, shelf)
            check_file_systems(self._devices, self.mounts)
            self._compare(view)
        except OSError as error:
            self.close()
            raise _unfit(error) or error from None
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        return self._inotify.handle

    def close(self) -> None:
        self._inotify.close()

    def __len__(self) -> int:
        return len(self._spots) + len(self._folders) + len(self._rest)

    # What all artifacts depend on

    def _watch_rest(self, view: View) -> None:
        """Lists of repositories, folders of repositories, and everything above them."""
        wanted: dict[str, set[str]] = {}
        written: set[str] = set()  # directories with files that are read
        for group in (view.found[0], *(listing[1] for listing in view.listings)):
            self._of_group(group, wanted, written)
        for shelf in view.shelves:
            above, name = os.path.split(shelf[_packed.PATH])
            wanted.setdefault(above, set()).add(name)
        for path in list(wanted):
            self._above(path, wanted)
        for path, names in wanted.items():
            number = self._inotify.add(path, CHANGES if path in written else NAMES)
            self._paths[path] = names
            self._rest.setdefault(number, set()).update(names)  # the same directory may have another path

    def _of_group(self, group: _packed.Group, wanted: dict[str, set[str]], written: set[str]) -> None:
        exact, absent = group
        for path, *_stamp in exact:
            folder, name = os.path.split(path)
            if os.path.isdir(path):
                folder, name = path, _ANY
            else:
                self._plain(path)
                written.add(folder)
            wanted.setdefault(folder, set()).add(name)
        for path in absent:
            folder, name = os.path.split(path)
            while not os.path.isdir(folder):
                folder, name = os.path.split(folder)
            wanted.setdefault(folder, set()).add(name)

    def _above(self, path: str, wanted: dict[str, set[str]]) -> None:
        """A directory is another one when one above it is renamed."""
        if os.path.realpath(path) != path:
            raise Unfit(f"the path {path} leads through a link")
        self._devices.add(os.stat(path).st_dev)
        folder, name = os.path.split(path)
        while name:
            names = wanted.setdefault(folder, set())
            if name in names:
                return
            names.add(name)
            folder, name = os.path.split(folder)

    def _plain(self, path: str) -> os.stat_result:
        found = os.lstat(path)
        self._devices.add(found.st_dev)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            raise Unfit(f"{path} is a link, or has another name")
        return found

    # Artifacts

    def _watch_shelf(self, view: View, shelf: tuple[object, ...]) -> None:
        folder = str(shelf[_packed.PATH])
        if os.path.realpath(folder) != folder:
            raise Unfit(f"the path {folder} leads through a link")
        self._folders[self._inotify.add(folder, NAMES)] = folder
        known = self.known.setdefault(folder, {})
        for name, files, absent, *stamp in _spots(view, shelf):
            path = f"{folder}/{name}"
            try:
                known[name] = number = self._inotify.add(path)
            except OSError as error:
                if error.errno not in _GONE or os.path.islink(path):
                    raise
                self.tell(folder, name)
                continue
            before = self._spots.setdefault(number, (folder, name))
            if before != (folder, name):
                self._twice(before, (folder, name))
            if not self._holds(path, files, absent, stamp):
                self.tell(folder, name)

    def _twice(self, one: tuple[str, str], two: tuple[str, str]) -> None:
        """A directory was met under two names: somebody is renaming, or it really has two paths. Raises Unfit."""
        try:
            same = os.path.samefile("/".join(one), "/".join(two))
        except OSError:
            same = False
        if same:
            raise Unfit(f"{'/'.join(two)} is the same directory as {'/'.join(one)}")
        self.tell(*one)
        self.tell(*two)

    def compare(self, view: View) -> None:
        """All files with the index once more, for what no event tells. Raises Outdated, Unfit, OSError."""
        for shelf in view.shelves:
            folder = str(shelf[_packed.PATH])
            for name, files, absent, *stamp in _spots(view, shelf):
                if not self._holds(f"{folder}/{name}", files, absent, stamp):
                    self.tell(folder, name)
            self.unlisted.add(folder)
        self._compare(view)

    def _holds(self, path: str, files: tuple[str, ...], absent: tuple[str, ...], stamp: list[int]) -> bool:
        """Whether the meta files of an artifact are what they were. Second files are compared elsewhere."""
        for file in absent:
            if os.access(path + file, os.F_OK):
                return False
        try:
            for second, file in enumerate(files):
                s = self._plain(path + file)
                if not second and [s.st_mtime_ns, s.st_ctime_ns, s.st_size, s.st_ino & _packed.INODE] != stamp:
                    return False
        except OSError:
            return False
        return True

    def _compare(self, view: View) -> None:
        """With the files, what :meth:`_watch_shelf` has not compared."""
        groups = [view.found[0], *(listing[1] for listing in view.listings)]
        if not all(_packed.group_holds(*group) for group in groups) or not self._mounts_hold():
            raise Outdated
        for spot, path, *stamp in view.extras:
            if spot not in view.dead and not _packed.group_holds(((path, *stamp),), ()):
                folder, name = os.path.split(os.path.dirname(path))
                self.tell(folder, name)
        for shelf in view.shelves:
            if shelf[_packed.WARNINGS]:
                raise Unfit(str(shelf[_packed.WARNINGS][0]))
            if not _packed.group_holds(*shelf[_packed.GROUP]):
                self.unlisted.add(shelf[_packed.PATH])

    # Listening

    def tell(self, folder: str, name: str) -> None:
        """Something may have happened to a directory of an artifact."""
        if has_control(name):
            self.lost = f"in {folder} there is a folder whose name has a control character"
        elif name[0] != "." and name != "__pycache__":
            self.dirty.setdefault(folder, set()).add(name)

    def listen(self) -> int:
        """Take in all that the kernel has queued; how many events these were."""
        count = 0
        for number, what, name in self._inotify.events():
            count += 1
            if what & (OVERFLOW | UNMOUNT):
                self.lost = "more has happened than the kernel could tell" if what & OVERFLOW else "an unmounted disk"
                continue
            if number in self._spots and (not name or name in META_NAMES):
                self.tell(*self._spots[number])
            if number in self._folders:
                if not name:
                    self.lost = f"the folder {self._folders[number]} is another one"
                else:
                    self.tell(self._folders[number], name)
            if number in self._rest and _matters(self._rest[number], what, name):
                self.lost = f"repositories or their folders have changed ({name or 'a directory itself'})"
        if not self._mounts_hold():
            self.lost = "the mounts have changed"
        return count

    def _mounts_hold(self) -> bool:
        mounts = read_mounts()
        if mounts != self.mounts and self._our_mounts(mounts) != self._our_mounts(self.mounts):
            return False
        self.mounts = mounts
        return True

    def _our_mounts(self, mounts: bytes) -> list[str]:
        """Of all mounts, those on a watched directory, on something that matters in one, or below an artifact."""
        ours = []
        for line in os.fsdecode(mounts).splitlines():
            place = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), line.split(" ", 5)[4])
            above, name = os.path.split(place)
            if (
                place in self._paths
                or not self._paths.get(above, set()).isdisjoint((name, _ANY))
                or any(place.startswith(folder + "/") for folder in self.known)
            ):
                ours.append(line)
        return ours

    def renew(self, folder: str, names: set[str]) -> dict[str, bool]:
        """Watch what these names are now; whether each is a directory. Raises Unfit."""
        known = self.known.setdefault(folder, {})
        before = {name: known.pop(name) for name in names if name in known}
        present = {name: self._renew(folder, name, known) for name in names}
        for name, number in before.items():
            if self._spots.get(number) == (folder, name) and known.get(name) != number:
                del self._spots[number]
                self._inotify.remove(number)
        return present

    def _renew(self, folder: str, name: str, known: dict[str, int]) -> bool:
        path = f"{folder}/{name}"
        try:
            number = self._inotify.add(path)
        except OSError as error:
            if error.errno in _GONE and not os.path.islink(path):
                return False
            raise _unfit(error) or error from None
        known[name] = number
        self._spots[number] = (folder, name)
        for file in _packed.meta_names_in(path):
            try:
                self._plain(f"{path}/{file}")
            except FileNotFoundError:  # its going is told as well
                continue
        return True


def _spots(view: View, shelf: Any) -> Iterator[tuple[Any, ...]]:
    """Name, files that count, files that must be absent (with a slash before each), and stamp of each artifact."""
    kinds: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for number, first, last in shelf[_packed.SPANS]:
        part, shift = view.parts[number], view.parts[0].count if number else 0
        codes, stamps = part.codes()[first:last], part.stamps()[4 * first : 4 * last]
        for code in set(codes) - kinds.keys():
            absent = _packed.missing_files(shelf[_packed.STEM], code)
            kinds[code] = tuple("/" + n for n in _packed.file_names(code)), tuple("/" + n for n in absent)
        columns = [stamps[field::4] for field in range(4)]
        for spot, name, code, *stamp in zip(  # noqa: B905 - of equal length
            range(first + shift, last + shift), part.names()[first:last], codes, *columns
        ):
            if spot not in view.dead:
                yield name, *kinds[code], *stamp


def _matters(names: set[str], what: int, name: str) -> bool:
    """Whether an event in a directory that is no artifact's can change which artifacts there are."""
    if not name or name in names:
        return True
    if _ANY not in names or name[0] == "." or name == "__pycache__":
        return False
    return bool(what & (DIRECTORY | CREATE | MOVED_TO))  # what comes may be a link to a directory


def _unfit(error: OSError) -> Unfit | None:
    """The reason not to watch that an error is; None when it is only that something has gone."""
    if error.errno == errno.ENOENT:
        return None
    if error.errno == errno.ENOSPC:
        return Unfit("the user may not watch so many directories (fs.inotify.max_user_watches)")
    if error.errno in (errno.ENOTDIR, errno.ELOOP):
        return Unfit(f"{error.filename} is a link, or no directory")
    return Unfit(f"{error.filename}: {error.strerror}")


def _check_limit(view: View) -> None:
    """Raises Unfit when the system does not let a user watch so many directories."""
    needed = sum(part.count for part in view.parts)
    try:
        with open("/proc/sys/fs/inotify/max_user_watches") as stream:
            limit = int(stream.read())
    except (OSError, ValueError):
        return
    if needed > limit * SHARE_OF_WATCHES:
        raise Unfit(
            f"{needed} directories were to be watched, of {limit} that a user may watch",
            hint="raise fs.inotify.max_user_watches",
        )


def read_mounts() -> bytes:
    with open("/proc/self/mountinfo", "rb") as stream:
        return stream.read()


def check_file_systems(devices: set[int], mounts: bytes) -> None:
    """Raises Unfit when there is a file system among them that others may change."""
    kinds: dict[str, str] = {}
    for line in os.fsdecode(mounts).splitlines():
        before, _, after = line.partition(" - ")
        kinds[before.split()[2]] = after.split()[0]
    for device in devices:
        kind = kinds.get(f"{os.major(device)}:{os.minor(device)}", "btrfs")  # its parts have devices of their own
        if kind not in LOCAL:
            raise Unfit(f"the store is, or reaches, on a file system of type {kind}")
