"""A process that proves that nothing has changed, so that others need not look (decision 0004).

    python -m franca.catalog.watcher [classic|new]

It watches every directory that the index was made from, and answers one question on a socket beside the index: does
the index with this digest still hold? Before it answers it takes all events from the kernel's queue, and the kernel
queues an event before the writing call returns, so whatever was written before the question was asked is known.

What the kernel does not report makes a store unfit, and everybody looks for themselves as without a watcher: network
file systems, links to files or directories, files with several names. Writing through ``mmap`` is not reported either
and cannot be told: nobody should edit metas that way while a watcher runs.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import stat
import sys
import time
from collections.abc import Mapping

from franca import _boot, _packed
from franca._packed import META_NAMES, View
from franca.catalog.catalog import Catalog
from franca.catalog.inotify import DELETE_SELF, MOVE_SELF, OVERFLOW, UNMOUNT, Inotify
from franca.errors import FrancaError, Unavailable
from franca.model.dialect import DIALECTS

#: File systems on which each change is made by this kernel, and reported.
LOCAL = frozenset(("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs", "zfs", "bcachefs", "overlay"))
SETTLE_S = 0.25  #: after a change, before looking again
_LOST = DELETE_SELF | MOVE_SELF | UNMOUNT | OVERFLOW


class Unfit(Unavailable):
    """Something in the store can change without an event."""


class Plan:
    """Which names matter in which directories; None for all names."""

    def __init__(self, view: View) -> None:
        self.names: dict[str, set[str] | None] = {}
        self.devices: set[int] = set()
        for _path, group, *_rest in view.listings:
            self._group(group)
        for shelf in view.shelves:
            self._group(shelf[_packed.GROUP])
        self._group(view.found[0])
        for path in list(self.names):
            self._above(path)
        for shelf in view.shelves:
            self._spots(view, shelf)

    def _group(self, group: _packed.Group) -> None:
        exact, absent = group
        for path, *_stamp in exact:
            if os.path.isdir(path):
                self.names[path] = None
            else:
                self._plain(path)
                self._one(*os.path.split(path))
        for path in absent:
            folder, name = os.path.split(path)
            while not os.path.isdir(folder):
                folder, name = os.path.split(folder)
            self._one(folder, name)

    def _spots(self, view: View, shelf: tuple[object, ...]) -> None:
        folder = str(shelf[_packed.PATH])
        for spot in view.live(shelf):
            part, number = view.place(spot)
            path = f"{folder}/{part.names()[number]}"
            for file in _packed.file_names(part.codes()[number]):
                self._plain(f"{path}/{file}")
            if os.path.islink(path):
                raise Unfit(f"{path} is a link")
            self.names[path] = set(META_NAMES)

    def _one(self, folder: str, name: str) -> None:
        names = self.names.setdefault(folder, set())
        if names is not None:
            names.add(name)

    def _above(self, path: str) -> None:
        """A directory is another one when one above it is renamed."""
        if os.path.realpath(path) != path:
            raise Unfit(f"the path {path} leads through a link")
        self.devices.add(os.stat(path).st_dev)
        folder, name = os.path.split(path)
        while name:
            names = self.names.setdefault(folder, set())
            if names is None or name in names:
                return
            names.add(name)
            folder, name = os.path.split(folder)

    def _plain(self, path: str) -> None:
        found = os.lstat(path)
        self.devices.add(found.st_dev)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            raise Unfit(f"{path} is a link, or has another name")


def _mounts() -> bytes:
    with open("/proc/self/mountinfo", "rb") as stream:
        return stream.read()


def _check_file_systems(devices: set[int]) -> None:
    """Raises Unfit when there is a file system among them that others may change."""
    kinds: dict[str, str] = {}
    for line in os.fsdecode(_mounts()).splitlines():
        before, _, after = line.partition(" - ")
        kinds[before.split()[2]] = after.split()[0]
    for device in devices:
        kind = kinds.get(f"{os.major(device)}:{os.minor(device)}", "btrfs")  # its parts have devices of their own
        if kind not in LOCAL:
            raise Unfit(f"the store is, or reaches, on a file system of type {kind}")


class Guard:
    """The state of being certain about one index."""

    def __init__(self, view: View) -> None:
        """Watches first and compares then, so nothing slips through. Raises Unfit, OSError."""
        self.digest = view.digest
        self.inotify = Inotify()
        try:
            self.mounts = _mounts()
            self.names: dict[int, set[str] | None] = {}
            plan = Plan(view)
            _check_file_systems(plan.devices)
            for path, names in plan.names.items():
                self._add(path, names)
            self.certain = view.holds()
        except BaseException:
            self.close()
            raise

    def _add(self, path: str, names: set[str] | None) -> None:
        number = self.inotify.add(path)
        old = self.names.get(number, set())  # of the same directory under another path
        self.names[number] = None if old is None or names is None else old | names

    def holds(self) -> bool:
        """Whether nothing has happened up to now."""
        for number, what, name in self.inotify.events():
            names = self.names.get(number, set())
            if what & _LOST or names is None or name in names or not name:
                self.certain = False
        return self.certain and self.mounts == _mounts()

    def close(self) -> None:
        self.inotify.close()


class Watcher:
    """Keeps the index current, and a socket open while it is certain."""

    def __init__(self, environ: Mapping[str, str], dialect: str) -> None:
        self.environ = environ
        self.dialect = DIALECTS[dialect]
        who = (*_boot.identity(environ), dialect)
        self.index = _boot.snapshot_path(who)
        self.who = who
        self.path = _boot.socket_path(self.index)

    def run(self) -> None:
        """Until a signal ends it."""
        try:
            while True:
                start = time.process_time()
                guard = self._guard()
                spent = time.process_time() - start
                try:
                    if guard.certain:
                        self._serve(guard)
                finally:
                    guard.close()
                time.sleep(SETTLE_S + spent)  # at most half of a processor, however much changes
        finally:
            self._silence()

    def _guard(self) -> Guard:
        """Over an index that was compared with the files just now, and stored."""
        for _ in range(20):
            Catalog.open(self.environ, home_dialect=self.dialect).repos()
            try:
                return Guard(_packed.read_view(self.index, self.who))
            except FileNotFoundError:  # something went away in between
                time.sleep(SETTLE_S)
        raise Unavailable(f"cannot watch: {self.index} cannot be kept, or changes all the time")

    def _serve(self, guard: Guard) -> None:
        """Answer until something changes."""
        server = self._listen()
        try:
            while guard.holds():
                ready, _, _ = select.select([server.fileno(), guard.inotify.handle], [], [])
                if server.fileno() in ready:
                    self._answer(server, guard)
        finally:
            self._silence()
            server.close()

    def _listen(self) -> socket.socket:
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._silence()
        old = os.umask(0o177)
        folder = os.open(os.path.dirname(self.path), os.O_RDONLY)
        try:
            server.bind(_boot.address(folder, self.path))
        except OSError as error:
            raise Unavailable(f"cannot make the socket {self.path}: {error}") from None
        finally:
            os.close(folder)
            os.umask(old)
        server.listen(64)
        return server

    def _answer(self, server: socket.socket, guard: Guard) -> None:
        asker, _ = server.accept()
        with asker:
            asker.settimeout(_boot.PATIENCE_S)
            try:
                asked = asker.recv(256)
                # The queue is emptied after the question has come: what was written before it is known.
                asker.sendall(b"y" if asked == _boot.watch_question(guard.digest) and guard.holds() else b"n")
            except OSError:
                pass

    def _silence(self) -> None:
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass


def main(argv: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        Watcher(os.environ, argv[0] if argv else "classic").run()
    except KeyError:
        print(f"error: {argv[0]!r} is not a dialect: classic or new was expected", file=sys.stderr)
        return 2
    except FrancaError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
