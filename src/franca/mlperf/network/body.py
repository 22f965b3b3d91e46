"""Arrays as bytes, for the bodies of requests and answers: a short header as JSON, then the memory of each array.

Nothing here can run code: only numbers of known types are read, and every size is checked against the body. All
integers and values are little-endian.

    bytes 0-3   "FRB1"
    bytes 4-7   length of the header
    header      {"arrays": [{"name": ..., "dtype": ..., "shape": [...]}, ...], "count": samples}
    the rest    the arrays, one after the other
"""

from __future__ import annotations

import json
import struct
from typing import Any, NamedTuple

MAGIC = b"FRB1"
CONTENT_TYPE = "application/x-franca-batch"
MAX_HEADER = 1 << 16
MAX_ARRAYS = 64
MAX_DIMENSIONS = 16
DTYPES = frozenset(
    {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"}
)
_START = struct.Struct("<4sI")


class BadBody(ValueError):
    """A body that does not follow the rules above; the message says which."""


class Batch(NamedTuple):
    """Samples on their way: ``arrays`` by name, each with the samples on its first axis.

    The name "" stands for a batch that is one array.
    """

    samples: int
    arrays: dict[str, Any]


def pack(batch: Batch) -> list[Any]:
    """The body in pieces, without a copy of what lies contiguously. Raises BadBody for types that cannot travel."""
    import numpy as np

    rows, pieces = [], []
    for name, array in batch.arrays.items():
        flat = np.ascontiguousarray(array)
        if flat.dtype.name not in DTYPES:
            raise BadBody(f"values of type {flat.dtype} cannot be sent")
        if flat.dtype.byteorder == ">":
            flat = flat.astype(flat.dtype.newbyteorder("<"))
        rows.append({"name": name, "dtype": flat.dtype.name, "shape": list(np.shape(array))})
        pieces.append(flat.reshape(-1).view(np.uint8).data)
    header = json.dumps({"count": batch.samples, "arrays": rows}).encode()
    return [_START.pack(MAGIC, len(header)) + header, *pieces]


def size_of(pieces: list[Any]) -> int:
    return sum(len(piece) for piece in pieces)


def unpack(body: bytes | bytearray | memoryview) -> Batch:
    """The batch in ``body``; its arrays are views, read-only when the body is.

    Raises:
        BadBody: not such a body, or its sizes do not fit each other.
    """
    rows, count, at = _header(memoryview(body))
    arrays: dict[str, Any] = {}
    for row in rows:
        name, dtype, shape = _row(row)
        if name in arrays:
            raise BadBody(f"there are two arrays {name!r}")
        arrays[name], at = _array(body, at, dtype, shape)
    if at != len(body):
        raise BadBody(f"{len(body) - at} bytes too many")
    return Batch(count, arrays)


def _header(body: memoryview) -> tuple[list[Any], int, int]:
    if len(body) < _START.size:
        raise BadBody("shorter than a header")
    magic, size = _START.unpack(body[: _START.size])
    if magic != MAGIC:
        raise BadBody("does not begin with FRB1")
    end = _START.size + size
    if size > MAX_HEADER or end > len(body):
        raise BadBody(f"a header of {size} bytes in a body of {len(body)}")
    try:
        header = json.loads(bytes(body[_START.size : end]))
        rows, count = header["arrays"], header["count"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadBody("the header is not the JSON that was expected") from error
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_ARRAYS or type(count) is not int or count < 1:
        raise BadBody("the header names no samples or no arrays")
    return rows, count, end


def _row(row: Any) -> tuple[str, str, list[int]]:
    if not isinstance(row, dict):
        raise BadBody("an array without a description")
    name, dtype, shape = row.get("name"), row.get("dtype"), row.get("shape")
    if not isinstance(name, str) or not isinstance(dtype, str) or dtype not in DTYPES or not isinstance(shape, list):
        raise BadBody(f"the array {name!r} has no known type or no shape")
    if len(shape) > MAX_DIMENSIONS or not all(type(size) is int and size >= 0 for size in shape):
        raise BadBody(f"the array {name!r} has an impossible shape")
    return name, dtype, shape


def _array(body: Any, at: int, dtype: str, shape: list[int]) -> tuple[Any, int]:
    import numpy as np

    kind = np.dtype(dtype).newbyteorder("<")
    values = 1
    for size in shape:
        values *= size
    end = at + values * kind.itemsize
    if end > len(body):
        raise BadBody(f"an array of shape {shape} does not fit in the body")
    return np.frombuffer(body, dtype=kind, count=values, offset=at).reshape(shape), end
