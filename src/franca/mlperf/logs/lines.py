"""Bounded, strictly decoded lines of a log: the one place that touches files of unknown size."""

from __future__ import annotations

from collections.abc import Iterator

from franca.errors import Location, MalformedFile

MAX_LINE = 32 * 1024 * 1024
"""Bytes of the longest line read. The longest real one, `loaded_qsl_set`, stays under 2 MB."""

MAX_FILE = 4 * 1024 * 1024 * 1024
"""Bytes of the longest log read."""

_BLOCK = 1024 * 1024


def excerpt(text: str, width: int = 120) -> str:
    """The start of a line, fit for a message: one line, printable, at most `width` characters."""
    shown = text[:width]
    if not shown.isprintable():
        shown = "".join(c if c.isprintable() else "?" for c in shown)
    return shown + ("..." if len(text) > width else "")


def read_lines(path: str, *, max_line: int = MAX_LINE, max_file: int = MAX_FILE) -> Iterator[tuple[int, str]]:
    """Number (from 1) and text, without its line end, of each line of a UTF-8 file.

    Raises:
        MalformedFile: the file cannot be opened, a line is too long or not UTF-8, or the file is too long.
    """
    for first, lines in read_blocks(path, max_line=max_line, max_file=max_file):
        yield from enumerate(lines, first)


def read_blocks(path: str, *, max_line: int = MAX_LINE, max_file: int = MAX_FILE) -> Iterator[tuple[int, list[str]]]:
    """As `read_lines`, many lines at a time: the number of the first one, and the lines."""
    try:
        with open(path, "rb", buffering=0) as stream:
            number, read = 1, 0
            rest = bytearray()  # the start of a line that goes on in the next block
            while block := stream.read(_BLOCK):
                read += len(block)
                if read > max_file:
                    raise MalformedFile(f"file is longer than {max_file} bytes", where=Location(path, number))
                whole, newline, behind = block.rpartition(b"\n")
                if not newline:
                    rest += block
                    if len(rest) > max_line:
                        raise _too_long(path, number, max_line)
                    continue
                lines = _decode(bytes(rest) + whole, path, number)
                _measure(path, number, lines, max_line)
                yield number, lines
                number += len(lines)
                rest = bytearray(behind)
            if rest:
                lines = _decode(bytes(rest), path, number)
                _measure(path, number, lines, max_line)
                yield number, lines
    except OSError as error:
        raise MalformedFile(f"cannot be read: {error.strerror or error}", where=Location(path)) from None


def _measure(path: str, number: int, lines: list[str], max_line: int) -> None:
    if len(lines) * max_line > _BLOCK and max(map(len, lines)) <= max_line:
        return
    for index, line in enumerate(lines):
        if len(line) > max_line:
            raise _too_long(path, number + index, max_line)


def _too_long(path: str, number: int, max_line: int) -> MalformedFile:
    return MalformedFile(f"line is longer than {max_line} bytes", where=Location(path, number))


def _decode(raw: bytes, path: str, number: int) -> list[str]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = number + raw.count(b"\n", 0, error.start)
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise MalformedFile(
            f"not UTF-8 text: byte 0x{raw[error.start]:02x}", where=Location(path, line, column)
        ) from None
    lines = text.split("\n")
    return [line.rstrip("\r") for line in lines] if "\r" in text else lines
