"""Writes small ONNX files with nothing but the standard library: models for tests, benchmarks, demonstrations.

Only what such models need: float32 and int64 initialisers, nodes with integer, float or integer-list
attributes, one input, one output, a free batch axis. The encoding is protocol buffers; field numbers are those
of the ONNX schema (onnx.proto3, IR version 8).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

FLOAT, INT64 = 1, 7  # TensorProto.DataType
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_INTS = 1, 2, 7


class Node(NamedTuple):
    op: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    attributes: dict[str, int | float | Sequence[int]] = {}


class Tensor(NamedTuple):
    """An initialiser; ``raw`` holds the values little-endian, row by row."""

    name: str
    dims: Sequence[int]
    raw: bytes
    kind: int = FLOAT


class Port(NamedTuple):
    """A graph input or output; a text in ``dims`` is a free axis."""

    name: str
    dims: Sequence[int | str]


def model(nodes: Sequence[Node], tensors: Sequence[Tensor], given: Port, result: Port, opset: int = 13) -> bytes:
    """A complete ONNX file."""
    graph = b"".join(_field(1, _node(n)) for n in nodes) + _text(2, "franca")
    graph += b"".join(_field(5, _tensor(t)) for t in tensors)
    graph += _field(11, _port(given)) + _field(12, _port(result))
    return _number(1, 8) + _text(2, "franca") + _field(7, graph) + _field(8, _text(1, "") + _number(2, opset))


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, payload: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(payload)) + payload


def _text(field: int, text: str) -> bytes:
    return _field(field, text.encode())


def _node(node: Node) -> bytes:
    out = b"".join(_text(1, name) for name in node.inputs) + b"".join(_text(2, name) for name in node.outputs)
    out += _text(4, node.op)
    return out + b"".join(_field(5, _attribute(k, v)) for k, v in node.attributes.items())


def _attribute(name: str, value: int | float | Sequence[int]) -> bytes:
    out = _text(1, name)
    if isinstance(value, int):
        return out + _number(3, value) + _number(20, _ATTRIBUTE_INT)
    if isinstance(value, float):
        return out + _varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, _ATTRIBUTE_FLOAT)
    return out + b"".join(_number(8, v) for v in value) + _number(20, _ATTRIBUTE_INTS)


def _tensor(tensor: Tensor) -> bytes:
    out = b"".join(_number(1, d) for d in tensor.dims)
    return out + _number(2, tensor.kind) + _text(8, tensor.name) + _field(9, tensor.raw)


def _port(port: Port) -> bytes:
    shape = b"".join(_field(1, _text(2, d) if isinstance(d, str) else _number(1, d)) for d in port.dims)
    tensor_type = _number(1, FLOAT) + _field(2, shape)
    return _text(1, port.name) + _field(2, _field(1, tensor_type))
