"""Events of the Linux kernel about directories, read without waiting; the standard library has no access to them."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator

from franca.errors import Unavailable

# linux/inotify.h
MODIFY, ATTRIB, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x2, 0x4, 0x40, 0x80, 0x100, 0x200
DELETE_SELF, MOVE_SELF, UNMOUNT, OVERFLOW = 0x400, 0x800, 0x2000, 0x4000
NAMES = ATTRIB | MOVED_FROM | MOVED_TO | CREATE | DELETE | DELETE_SELF | MOVE_SELF  #: what is there, not what it says
CHANGES = NAMES | MODIFY
DIRECTORY = 0x40000000  #: set in an event about a directory
_ONLY_DIRECTORIES, _NO_LINKS, _ALSO = 0x01000000, 0x02000000, 0x20000000
_HEAD = struct.Struct("iIII")


class Inotify:
    """A queue of events. An event is queued before the call that caused it returns to its process."""

    def __init__(self) -> None:
        """Raises Unavailable where there is no inotify."""
        self._library = ctypes.CDLL(None, use_errno=True)
        if not hasattr(self._library, "inotify_init1"):
            raise Unavailable("watching needs inotify, which this system does not have")
        self._add = self._library.inotify_add_watch
        self._add.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32)
        self.handle: int = self._library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.handle < 0:
            raise Unavailable(f"cannot watch: {os.strerror(ctypes.get_errno())}")

    def add(self, path: str, what: int = CHANGES) -> int:
        """Watch a directory that is no link; the number that its events carry. Raises OSError.

        What is watched in it already is watched further, under the same number.
        """
        number: int = self._add(self.handle, os.fsencode(path), what | _ONLY_DIRECTORIES | _NO_LINKS | _ALSO)
        if number < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), path)
        return number

    def remove(self, number: int) -> None:
        """Watch a directory no longer; nothing happens when it is gone already."""
        self._library.inotify_rm_watch(self.handle, number)

    def events(self) -> Iterator[tuple[int, int, str]]:
        """All that are queued now: (number, what, name in the directory)."""
        while True:
            try:
                data = os.read(self.handle, 1 << 16)
            except BlockingIOError:
                return
            at = 0
            while at < len(data):
                number, what, _cookie, length = _HEAD.unpack_from(data, at)
                at += _HEAD.size
                yield number, what, os.fsdecode(data[at : at + length].rstrip(b"\0"))
                at += length

    def close(self) -> None:
        os.close(self.handle)
