"""Messages between the C++ harness and a Python worker, over a Unix socket. ``cpp/wire.h`` holds the same table.

Every message begins with four 32-bit numbers in the byte order of the machine: kind, count, batch, bytes.
"""

from __future__ import annotations

import socket
import struct
import threading
from typing import Any

HEADER = struct.Struct("=IIII")
NO_BATCH = 0xFFFFFFFF
OWN_SIZES = 0xFFFFFFFF  #: in ``bytes``: that many 32-bit sizes go before the payloads
LOAD, UNLOAD, BATCH, FLUSH, STOP = 1, 2, 3, 4, 5
READY, DONE, ANSWER, SOME, FAILED = 11, 12, 13, 14, 15
INDEX = "uint32"  #: of a sample, as numpy names it
MAX_TEXT = 4096
TOKEN_BITS = 32  #: a token is the number of the batch, then as many bits for the place in it


class Wire:
    """The worker's end of the socket: one thread receives, any thread sends."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._header = bytearray(HEADER.size)
        self._sending = threading.Lock()

    def receive(self) -> tuple[int, int, int, int]:
        """The next header; STOP when the other side is gone."""
        if not self.fill(memoryview(self._header)):
            return STOP, 0, NO_BATCH, 0
        return HEADER.unpack(self._header)

    def fill(self, view: Any) -> bool:
        """Read until ``view`` is full; False when the other side is gone."""
        at, size = 0, len(view)
        while at < size:
            try:
                got = self._socket.recv_into(view[at:])
            except ConnectionError:
                return False
            if not got:
                return False
            at += got
        return True

    def send(self, kind: int, count: int = 0, batch: int = NO_BATCH, size: int = 0, *parts: Any) -> None:
        """One message: the header, then ``parts`` (bytes or contiguous memory) as they lie."""
        pieces = [HEADER.pack(kind, count, batch, size), *parts]
        total = sum(len(piece) for piece in pieces)
        try:
            with self._sending:
                sent = self._socket.sendmsg(pieces)
                if sent < total:
                    self._socket.sendall(b"".join(pieces)[sent:])
        except ConnectionError:
            pass  # the run is over; ``receive`` sees it too

    def send_failure(self, text: str) -> None:
        """Nothing that is open will be answered."""
        raw = text.encode()[:MAX_TEXT]
        self.send(FAILED, len(raw), NO_BATCH, 0, raw)
