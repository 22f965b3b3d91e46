"""Writing of the packed index; the layout is documented in ``franca._packed``."""

from __future__ import annotations

import marshal
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any

from franca import _packed
from franca._packed import UNSURE, Stamp, checksum, key
from franca.catalog.scan import Head, Known

#: A key is sorted with the number of its spot in the lower bits.
_BITS = 32
_LOWER = (1 << _BITS) - 1


def head_of_record(record: tuple[Any, ...]) -> Head:
    """What the artifact's own meta says, before inheritance."""
    if record[_packed.RAW] is None:
        alias, uid, kind_alias, kind_uid, tags = record[_packed.ALIAS : _packed.OFFSET]
        return Head(alias, uid, kind_alias, kind_uid, tags)
    alias, uid, kind_alias, kind_uid, tags, _offset, _length = record[_packed.RAW]
    return Head(alias, uid, kind_alias, kind_uid, tags, inherits=True)


class Writer:
    """Collects spots in their order and gives the bytes of one file."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._codes = bytearray()
        self._stamps = array("q")
        self._keys: list[int] = []
        self._records: list[bytes] = []
        self._metas = bytearray()
        self._sorted = False

    def __len__(self) -> int:
        return len(self.names)

    def put(self, name: str, code: int, known: Known | None, stamps: tuple[Stamp, ...]) -> int:
        """One more spot; its number."""
        number = len(self.names)
        self.names.append(name)
        self._codes.append(code)
        self._stamps.extend(stamps[0] if stamps else UNSURE)
        self._records.append(_sealed(()))
        if known is not None:
            self._tell(number, name, known)
        return number

    def _tell(self, number: int, name: str, known: Known) -> None:
        head, raw = known.head, None
        place = (0, 0) if known.problem else self._meta(known.blob)
        if head.inherits:
            raw = (head.alias, head.uid, head.kind_alias, head.kind_uid, head.tags, *place)
        self._set(number, name, head, place, raw, known.problem)

    def inherited(self, number: int, head: Head, blob: bytes, problem: str) -> None:
        """What a spot that builds on others comes to."""
        old = self.record(number)
        place = old[_packed.RAW][-2:] if problem else self._meta(blob)
        self._set(number, old[_packed.NAME], head, place, old[_packed.RAW], problem)

    def _set(self, number: int, name: str, head: Head, place: tuple[int, int], raw: Any, problem: str) -> None:
        self._records[number] = _sealed(
            (name, head.alias, head.uid, head.kind_alias, head.kind_uid, head.tags, *place, raw, problem)
        )
        if not problem or raw:
            words = [key("a", head.alias), key("u", head.uid), *(key("t", tag) for tag in head.tags)]
            self._keys += [word << _BITS | number for word in words]
            self._sorted = False

    def _meta(self, blob: bytes) -> tuple[int, int]:
        """Offset and length of a packed meta, put where such are kept."""
        start = len(self._metas)
        self._metas += checksum(blob) + blob
        return start, len(self._metas) - start

    # Looking up, for those that build on others

    def _sort(self) -> list[int]:
        if not self._sorted:
            self._keys = sorted(set(self._keys))
            self._sorted = True
        return self._keys

    def spots(self, wanted: int) -> list[int]:
        keys = self._sort()
        low, high = bisect_left(keys, wanted << _BITS), bisect_left(keys, (wanted + 1) << _BITS)
        return [one & _LOWER for one in keys[low:high]]

    def record(self, number: int) -> Any:
        return marshal.loads(self._records[number][8:])  # noqa: S302 - our own

    def code(self, number: int) -> int:
        return self._codes[number]

    def records(self) -> Iterator[tuple[int, Any]]:
        for number in range(len(self._records)):
            if record := self.record(number):
                yield number, record

    def meta(self, offset: int, length: int) -> bytes:
        return bytes(self._metas[offset + 8 : offset + length])

    # The bytes

    def data(self, head: tuple[Any, ...]) -> bytes:
        """The file. Raises ValueError for a head that marshal has no words for."""
        keys = self._sort()
        ends, end = array("Q"), 0
        for record in self._records:
            end += len(record)
            ends.append(end)
        sections = (
            marshal.dumps(head), "\0".join(self.names).encode("utf-8", "surrogatepass"), bytes(self._codes),
            self._stamps.tobytes(), array("Q", (one >> _BITS for one in keys)).tobytes(),
            array("I", (one & _LOWER for one in keys)).tobytes(), ends.tobytes(), b"".join(self._records), self._metas,
        )  # fmt: skip
        return b"".join((*_top(sections), *sections))


def _top(sections: Iterable[bytes | bytearray]) -> tuple[bytes, bytes, bytes]:
    table = b"".join(len(part).to_bytes(8, "little") + checksum(bytes(part)) for part in sections)
    return _packed.MAGIC, checksum(table), table


def _sealed(record: tuple[Any, ...]) -> bytes:
    data = marshal.dumps(record)
    return checksum(data) + data
