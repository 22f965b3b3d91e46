"""Reads weights from a folder that the torchsnapshot library wrote, without that library.

Such a folder has ``.snapshot_metadata``, JSON with an entry for each value of each process (``0/model/NAME``), and
the bytes of tensors in files beside it, several in one file or one in several. A large tensor is kept in pieces
(``ChunkedTensor``); one that was spread over processes has its pieces in the entries of all of them
(``ShardedTensor``). Only tensors of float32 in plain bytes are read, which is how that library keeps float32; nothing
is unpickled. Folders of ``torch.distributed.checkpoint`` are another format, whose metadata are a pickle; they are not
read.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from franca.errors import Location, MalformedFile
from franca.mlperf.tasks.files import field, inside, read_json

METADATA = ".snapshot_metadata"
VALUE_BYTES = 4  #: float32, the only type that is read
PIECES = {"ChunkedTensor": "chunks", "ShardedTensor": "shards"}


class Piece(NamedTuple):
    """A block of a tensor and the bytes it lies in, row by row."""

    offsets: tuple[int, ...]
    sizes: tuple[int, ...]
    path: str
    start: int

    @property
    def where(self) -> tuple[slice, ...]:
        return tuple(slice(first, first + size) for first, size in zip(self.offsets, self.sizes, strict=True))

    @property
    def ends(self) -> tuple[int, ...]:
        return tuple(first + size for first, size in zip(self.offsets, self.sizes, strict=True))


def is_snapshot(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, METADATA))


def read_snapshot(folder: str) -> dict[str, Any]:
    """Its tensors by name (``model/NAME``), as arrays. A tensor takes memory once.

    Raises:
        NotFound, MalformedFile: no metadata, or they do not agree with the files.
    """
    path = os.path.join(folder, METADATA)
    manifest = field(read_json(path, "metadata of the weights"), "manifest", dict, path, "the snapshot")
    pieces: dict[str, dict[tuple[int, ...], Piece]] = {}
    for key, entry in manifest.items():
        name = key.partition("/")[2]  # without the process
        for piece in _pieces(folder, path, name, entry):
            pieces.setdefault(name, {}).setdefault(piece.offsets, piece)  # processes repeat what is the same in all
    _check_size([piece for found in pieces.values() for piece in found.values()], path)
    return {name: _joined(list(found.values()), path, name) for name, found in pieces.items()}


def _pieces(folder: str, path: str, name: str, entry: Any) -> Iterator[Piece]:
    """Blocks of a tensor; none for what is no tensor."""
    kind = field(entry, "type", str, path, name)
    if kind == "Tensor":
        shape = _numbers(entry, "shape", path, name)
        yield _piece(folder, path, name, entry, (0,) * len(shape), shape)
    elif kind in PIECES:
        for part in field(entry, PIECES[kind], list, path, name):
            offsets, sizes = _numbers(part, "offsets", path, name), _numbers(part, "sizes", path, name)
            yield _piece(folder, path, name, field(part, "tensor", dict, path, name), offsets, sizes)


def _piece(folder: str, path: str, name: str, entry: Any, offsets: tuple[int, ...], sizes: tuple[int, ...]) -> Piece:
    kind = tuple(field(entry, key, str, path, name) for key in ("serializer", "dtype"))
    if kind != ("buffer_protocol", "torch.float32"):
        problem = f"{name}: {kind[1]} by {kind[0]} is not read here, expected torch.float32 by buffer_protocol"
        raise MalformedFile(problem, where=Location(path))
    file = inside(folder, field(entry, "location", str, path, name), path)
    length = VALUE_BYTES * math.prod(sizes)
    first, end = 0, length
    if entry.get("byte_range") is not None:
        first, end = (*_numbers(entry, "byte_range", path, name), -1, -1)[:2]
    if len(offsets) != len(sizes) or end - first != length:
        problem = f"{name}: {end - first} bytes at {offsets} are no block of shape {sizes}"
        raise MalformedFile(problem, where=Location(path))
    if not os.path.isfile(file) or os.path.getsize(file) < end:
        raise MalformedFile(f"{name}: {file} does not have the {end} bytes that it needs", where=Location(path))
    return Piece(offsets, sizes, file, first)


def _numbers(entry: Any, key: str, path: str, name: str) -> tuple[int, ...]:
    found = field(entry, key, list, path, name)
    if not all(type(number) is int and number >= 0 for number in found):
        raise MalformedFile(f"{name}: {key} must be numbers, found {found!r:.60}", where=Location(path))
    return tuple(found)


def _joined(pieces: list[Piece], path: str, name: str) -> Any:
    """The tensor that the blocks make up."""
    import numpy as np

    if len({len(piece.sizes) for piece in pieces}) != 1:
        raise MalformedFile(f"{name}: its pieces have different numbers of axes", where=Location(path))
    shape = tuple(map(max, zip(*(piece.ends for piece in pieces), strict=True)))
    if sum(math.prod(piece.sizes) for piece in pieces) != math.prod(shape):
        raise MalformedFile(f"{name}: its pieces do not fill a tensor of shape {shape}", where=Location(path))
    whole: Any = np.zeros(shape, dtype="<f4")
    for piece in pieces:
        if math.prod(piece.sizes):
            whole[piece.where] = np.memmap(piece.path, dtype="<f4", mode="r", offset=piece.start, shape=piece.sizes)
    return whole


def _check_size(pieces: list[Piece], path: str) -> None:
    """Refuse pieces that share bytes: few of them could claim any amount of memory."""
    wanted = sum(VALUE_BYTES * math.prod(piece.sizes) for piece in pieces)
    there = sum(os.path.getsize(file) for file in {piece.path for piece in pieces})
    if wanted > there:
        raise MalformedFile(f"wants {wanted} bytes of files that have {there}", where=Location(path))
