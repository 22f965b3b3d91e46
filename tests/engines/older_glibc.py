"""Lets an x86-64 program that asks for glibc 2.38 only because of two C23 names run with glibc 2.34.

    older_glibc.py PROGRAM...

``strtol`` and ``strtoul`` were given new names in 2.38 (``__isoc23_...``), which compilers choose by
themselves; the old ones do what such programs need. Each name is pointed at its old spelling, and the need
for 2.38 becomes one for 2.34. A program that needs anything else of 2.38 does not start, and says so.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import NamedTuple

NEW, OLD, BASE = "GLIBC_2.38", "GLIBC_2.34", "GLIBC_2.2.5"
PREFIX = "__isoc23_"
RENAMED = (PREFIX + "strtol", PREFIX + "strtoul")


class Section(NamedTuple):
    name: str
    offset: int
    size: int


class Program:
    """A little-endian 64-bit ELF file in memory."""

    def __init__(self, path: Path) -> None:
        self.data = bytearray(path.read_bytes())
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise SystemExit(f"{path} is no 64-bit little-endian ELF file")
        self.sections = {section.name: section for section in self._sections()}

    def unpack(self, form: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from("<" + form, self.data, offset)

    def text(self, offset: int) -> str:
        return self.data[offset : self.data.index(0, offset)].decode()

    def string(self, offset: int) -> str:
        return self.text(self.sections[".dynstr"].offset + offset)

    def _sections(self) -> list[Section]:
        (table,) = self.unpack("Q", 0x28)
        size, count, names = self.unpack("HHH", 0x3A)
        headers = [self.unpack("IIQQQQIIQQ", table + size * n) for n in range(count)]
        return [Section(self.text(headers[names][4] + h[0]), h[4], h[5]) for h in headers]

    def needs(self) -> dict[str, tuple[int, int, int, int]]:
        """By version: offset of the entry, its hash, its index, its name's offset. Only those of libc."""
        found = {}
        at = self.sections[".gnu.version_r"].offset
        while True:
            _, count, file, first, following = self.unpack("HHIII", at)
            entry = at + first
            for _ in range(count):
                digest, _, index, name, step = self.unpack("IHHII", entry)
                if self.string(file) == "libc.so.6":
                    found[self.string(name)] = (entry, digest, index, name)
                entry += step
            if not following:
                return found
            at += following

    def lower(self) -> bool:
        """Do the two changes; False when there is nothing to change."""
        needs = self.needs()
        if NEW not in needs:
            return False
        entry, _, new_index, _ = needs[NEW]
        _, digest, _, name = needs[OLD]
        struct.pack_into("<I", self.data, entry, digest)
        struct.pack_into("<I", self.data, entry + 8, name)
        symbols, versions = self.sections[".dynsym"], self.sections[".gnu.version"]
        for number in range(symbols.size // 24):
            at = symbols.offset + 24 * number
            (title,) = self.unpack("I", at)
            (index,) = self.unpack("H", versions.offset + 2 * number)
            if index & 0x7FFF != new_index:
                continue
            if self.string(title) not in RENAMED:
                raise SystemExit(f"{self.string(title)} of {NEW} has no older form")
            struct.pack_into("<I", self.data, at, title + len(PREFIX))
            struct.pack_into("<H", self.data, versions.offset + 2 * number, needs[BASE][2])
        return True


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        program = Program(Path(argument))
        if program.lower():
            Path(argument).write_bytes(program.data)
