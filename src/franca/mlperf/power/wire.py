"""Lines and files between the system under test and the director (mlperf-inference section 10.2).

Text lines end in CR LF. A file is sent as chunks: a line with a length, that many bytes, and a last length of 0.
What comes from the other side is bounded: it is another machine.
"""

from __future__ import annotations

import os
import socket
from types import TracebackType

from franca.errors import Unavailable

PORT = 4950
VERSION = 3
CLIENT_HELLO = f"mlcommons/power client v{VERSION}"
SERVER_HELLO = f"mlcommons/power server v{VERSION}"
MAX_LINE = 64 * 1024
MAX_CHUNK = 16 << 20
MAX_FILE = 1 << 30
FETCHED = (
    "power/ptd_logs.txt", "ranging/spl.txt", "power/server.json", "power/server.log", "run_1/spl.txt",
)  # fmt: skip
"""Files that the director keeps and the client collects at the end, by their place in the results."""


class Gone(Unavailable):
    """The other side closed the connection, or did not answer in time."""


class Wire:
    """One connection. ``who`` names the other side in messages."""

    def __init__(self, connection: socket.socket, who: str) -> None:
        self._socket = connection
        self._buffer = b""
        self.who = who

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def send(self, line: str) -> None:
        """Send one line. Raises Gone."""
        if "\n" in line or "\r" in line:
            raise ValueError("a line of the protocol cannot hold a line break")
        self._send_bytes(line.encode() + b"\r\n")

    def receive(self) -> str | None:
        """The next line, None when the other side has closed. Raises Gone for silence or an endless line."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > MAX_LINE:
                raise Gone(f"{self.who} sent a line of more than {MAX_LINE} bytes")
            if not self._more():
                return None
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r").decode(errors="replace")

    def send_file(self, path: str) -> None:
        """Send a file's content; a missing file is sent as an empty one."""
        if os.path.isfile(path):
            with open(path, "rb") as source:
                while chunk := source.read(1 << 20):
                    self.send(str(len(chunk)))
                    self._send_bytes(chunk)
        self.send("0")

    def receive_file(self, path: str) -> None:
        """Receive a file; it appears at ``path`` when it is whole. Raises Gone."""
        partial, total = f"{path}.partial", 0
        with open(partial, "wb") as out:
            while length := self._length():
                total += length
                if total > MAX_FILE:
                    raise Gone(f"{self.who} sent a file of more than {MAX_FILE} bytes for {os.path.basename(path)}")
                out.write(self._exactly(length))
        os.replace(partial, path)

    def _length(self) -> int:
        line = self.receive()
        if line is None or not line.isascii() or not line.isdigit() or int(line) > MAX_CHUNK:
            raise Gone(f"{self.who} sent {line!r} where the length of a part of a file was expected")
        return int(line)

    def _exactly(self, length: int) -> bytes:
        while len(self._buffer) < length:
            if not self._more():
                raise Gone(f"{self.who} closed the connection in the middle of a file")
        data, self._buffer = self._buffer[:length], self._buffer[length:]
        return data

    def _more(self) -> bool:
        try:
            data = self._socket.recv(64 * 1024)
        except TimeoutError:
            raise Gone(f"{self.who} did not answer in {self._socket.gettimeout():g} s") from None
        except OSError as error:
            raise Gone(f"the connection to {self.who} broke: {error.strerror or error}") from None
        self._buffer += data
        return bool(data)

    def _send_bytes(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise Gone(f"the connection to {self.who} broke: {error.strerror or error}") from None
