"""Reads of an ONNX file what a submission states about it: types of its inputs and of its weights.

Standard library only, and nothing of the weights themselves is read: the file is mapped, and their bytes are stepped
over. The encoding is protocol buffers; field numbers are those of the ONNX schema (onnx.proto3).
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import NamedTuple

#: TensorProto.DataType, by the names that submissions use.
TYPES = {
    1: "fp32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "fp16",
    11: "fp64", 16: "bf16", 17: "fp8", 18: "fp8", 19: "fp8", 20: "fp8", 21: "uint4", 22: "int4", 23: "fp4",
}  # fmt: skip
_BYTES = 2  # wire type of nested messages, texts and raw data
_MODEL_GRAPH, _GRAPH_NODE, _GRAPH_TENSOR, _GRAPH_INPUT = 7, 1, 5, 11
_NODE_OP, _NODE_ATTRIBUTE, _ATTRIBUTE_TENSOR = 4, 5, 5


class Types(NamedTuple):
    """Names of types, sorted."""

    inputs: tuple[str, ...]
    weights: tuple[str, ...]


class _Tensor(NamedTuple):
    name: str
    kind: int
    axes: int


def read_types(path: str) -> Types | None:
    """The types of a model; None for a file that is no ONNX model.

    Weights are tensors of two axes or more: biases, scales and shapes beside quantised weights keep types of their
    own, and say nothing about them. A model that has none of two axes is known by all of its tensors.
    """
    try:
        with open(path, "rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _types(data)
    except (OSError, ValueError, IndexError):  # an empty file cannot be mapped
        return None


def _types(data: mmap.mmap) -> Types | None:
    tensors: list[_Tensor] = []
    inputs: dict[str, int] = {}
    for begin, end in _parts(data, 0, len(data), _MODEL_GRAPH):
        for field, (left, right) in _nested(data, begin, end):
            if field == _GRAPH_TENSOR:
                tensors.append(_tensor(data, left, right))
            elif field == _GRAPH_NODE:
                tensors += _constants(data, left, right)
            elif field == _GRAPH_INPUT:
                name, kind = _port(data, left, right)
                inputs[name] = kind
    if not inputs:
        return None
    named = {tensor.name for tensor in tensors}  # older files list weights among the inputs
    matrices = [tensor.kind for tensor in tensors if tensor.axes > 1] or [tensor.kind for tensor in tensors]
    return Types(_names(kind for name, kind in inputs.items() if name not in named), _names(matrices))


def _names(kinds: Iterator[int] | list[int]) -> tuple[str, ...]:
    return tuple(sorted({TYPES[kind] for kind in kinds if kind in TYPES}))


def _constants(data: mmap.mmap, begin: int, end: int) -> list[_Tensor]:
    """Tensors inside a node of operator Constant."""
    ops = [data[left:right] for left, right in _parts(data, begin, end, _NODE_OP)]
    if ops != [b"Constant"]:
        return []
    attributes = _parts(data, begin, end, _NODE_ATTRIBUTE)
    return [_tensor(data, *place) for one in attributes for place in _parts(data, *one, _ATTRIBUTE_TENSOR)]


def _tensor(data: mmap.mmap, begin: int, end: int) -> _Tensor:
    name, kind, axes = "", 0, 0
    for field, wire, number, left, right in _fields(data, begin, end):
        if field == 1:  # one axis each, or all of them packed into one field
            axes += 1 if wire != _BYTES else _varints(data, left, right)
        elif field == 2:
            kind = number
        elif field == 8:
            name = data[left:right].decode("utf-8", "replace")
    return _Tensor(name, kind, axes)


def _port(data: mmap.mmap, begin: int, end: int) -> tuple[str, int]:
    """Name and type of a ValueInfoProto; type 0 where it is no tensor."""
    name, kind = "", 0
    for field, (left, right) in _nested(data, begin, end):
        if field == 1:
            name = data[left:right].decode("utf-8", "replace")
        elif field == 2:
            for place in _parts(data, left, right, 1):
                kind = next((number for field, _, number, _, _ in _fields(data, *place) if field == 1), 0)
    return name, kind


def _varints(data: mmap.mmap, begin: int, end: int) -> int:
    return sum(1 for place in range(begin, end) if data[place] < 0x80)


def _parts(data: mmap.mmap, begin: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    return (place for field, place in _nested(data, begin, end) if field == wanted)


def _nested(data: mmap.mmap, begin: int, end: int) -> Iterator[tuple[int, tuple[int, int]]]:
    return ((field, (left, right)) for field, wire, _, left, right in _fields(data, begin, end) if wire == _BYTES)


def _fields(data: mmap.mmap, begin: int, end: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Field number, wire type, number, and begin and end of the bytes. Raises ValueError: not this encoding."""
    place = begin
    while place < end:
        key, place = _varint(data, place)
        field, wire, number, left = key >> 3, key & 7, 0, place
        if wire == 0:
            number, place = _varint(data, place)
        elif wire == _BYTES:
            size, left = _varint(data, place)
            place = left + size
        elif wire in (1, 5):
            place += 8 if wire == 1 else 4
        else:
            raise ValueError("no protocol buffer")
        if not field or place > end:
            raise ValueError("no protocol buffer")
        yield field, wire, number, left, place


def _varint(data: mmap.mmap, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("no protocol buffer")
