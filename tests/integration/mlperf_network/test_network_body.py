"""Bodies: what is packed comes back, and nothing else is believed."""

from __future__ import annotations

import json
import struct

import pytest

np = pytest.importorskip("numpy")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.extra import numpy as arrays  # noqa: E402

from franca.mlperf.network.body import DTYPES, MAX_HEADER, BadBody, Batch, pack, unpack  # noqa: E402

SHAPES = arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)
ARRAYS = st.sampled_from(sorted(DTYPES)).flatmap(lambda name: arrays.arrays(np.dtype(name), SHAPES))


def body_of(header: object, rest: bytes = b"", magic: bytes = b"FRB1") -> bytes:
    raw = json.dumps(header).encode() if not isinstance(header, bytes) else header
    return magic + struct.pack("<I", len(raw)) + raw + rest


def one(name="", dtype="int8", shape=(2,)) -> dict:
    return {"name": name, "dtype": dtype, "shape": list(shape)}


@given(st.dictionaries(st.text(max_size=5), ARRAYS, min_size=1, max_size=4), st.integers(1, 1 << 40))
def test_arrays_come_back_as_they_were(found, samples) -> None:
    again = unpack(b"".join(pack(Batch(samples, found))))
    assert again.samples == samples and list(again.arrays) == list(found)
    for name, array in found.items():
        assert again.arrays[name].dtype == array.dtype and again.arrays[name].shape == array.shape
        assert again.arrays[name].tobytes() == array.tobytes()


def test_big_endian_and_strided_arrays_keep_their_values() -> None:
    swapped = np.arange(6, dtype=">i4").reshape(2, 3)
    again = unpack(b"".join(pack(Batch(2, {"a": swapped, "b": swapped.T[::2]}))))
    assert again.arrays["a"].tolist() == swapped.tolist() and again.arrays["b"].tolist() == swapped.T[::2].tolist()


def test_objects_and_texts_are_not_sent() -> None:
    for array in (np.array([object()]), np.array(["a"]), np.array([1j])):
        with pytest.raises(BadBody, match="cannot be sent"):
            pack(Batch(1, {"": array}))


BAD = {
    "empty": b"",
    "another magic": body_of({"count": 1, "arrays": [one()]}, b"ab", magic=b"PICK"),
    "no header": b"FRB1\x10\x00\x00\x00{}",
    "a huge header": b"FRB1" + struct.pack("<I", MAX_HEADER + 1) + b" " * (MAX_HEADER + 1),
    "not JSON": body_of(b"\xff\xfe"),
    "deep JSON": body_of(b"[" * 20000),
    "no arrays": body_of({"count": 1, "arrays": []}),
    "no samples": body_of({"count": 0, "arrays": [one()]}, b"ab"),
    "a count that is no number": body_of({"count": True, "arrays": [one()]}, b"ab"),
    "too many arrays": body_of({"count": 1, "arrays": [one(str(k), shape=(0,)) for k in range(100)]}),
    "two of a name": body_of({"count": 2, "arrays": [one(), one()]}, b"abcd"),
    "an object type": body_of({"count": 2, "arrays": [one(dtype="object")]}, b"a" * 16),
    "an unhashable type": body_of({"count": 2, "arrays": [one(dtype=[1])]}, b"a" * 16),
    "a negative size": body_of({"count": 2, "arrays": [one(shape=(-2,))]}, b"ab"),
    "too many dimensions": body_of({"count": 2, "arrays": [one(shape=(1,) * 40)]}, b"a"),
    "a shape beyond the body": body_of({"count": 2, "arrays": [one(shape=(1 << 40, 1 << 40))]}, b"ab"),
    "bytes too many": body_of({"count": 2, "arrays": [one()]}, b"abc"),
    "bytes too few": body_of({"count": 2, "arrays": [one()]}, b"a"),
    "a row that is a text": body_of({"count": 2, "arrays": ["float32"]}, b"ab"),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_a_bad_body_is_refused(body: bytes) -> None:
    with pytest.raises(BadBody):
        unpack(body)


@settings(max_examples=200)
@given(st.binary(max_size=200), st.integers(0, 60), st.binary(min_size=1, max_size=4))
def test_any_damage_gives_a_batch_or_one_error(tail: bytes, at: int, patch: bytes) -> None:
    good = bytearray(b"".join(pack(Batch(2, {"": np.arange(4, dtype="float32").reshape(2, 2)}))))
    for body in (b"FRB1" + tail, bytes(good[:at]) + patch + bytes(good[at + len(patch) :]), bytes(good[:at])):
        try:
            unpack(body)
        except BadBody:
            pass
