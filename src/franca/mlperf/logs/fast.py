"""Decoding many log entries in one call, where msgspec is installed. Optional: `detail` works without.

What this declines (None) is decoded one by one with the standard library, which words the error.
"""

from __future__ import annotations

import msgspec

from franca.mlperf.logs.entry import DetailEntry


class _Metadata(msgspec.Struct, frozen=True, gc=False):
    is_error: bool = False
    is_warning: bool = False


class _Entry(msgspec.Struct, frozen=True):
    key: str
    value: object
    time_ms: float = 0.0
    metadata: _Metadata = _Metadata()


_DECODE = msgspec.json.Decoder(list[_Entry]).decode


def decode_block(texts: list[str], numbers: list[int]) -> list[DetailEntry] | None:
    """The entries of a block, or None when anything about one of them is unusual.

    A newline between entries cannot stand inside a JSON string, and each text must start with the key that
    was decoded from its place: so no two broken lines can pass for two whole ones.
    """
    try:
        records = _DECODE("[" + ",\n".join(texts) + "]")
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
    if len(records) != len(texts):
        return None
    starts = ['{"key": "' + record.key for record in records]
    if not all(map(str.startswith, texts, starts)):
        return None
    return [
        DetailEntry(r.key, r.value, r.time_ms, number, r.metadata.is_error, r.metadata.is_warning)
        for r, number in zip(records, numbers, strict=True)
    ]
