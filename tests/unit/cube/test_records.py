"""The journal's lines are JSON, whatever stands in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.cube.records import encoded

SCALARS = st.one_of(
    st.text(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.none()
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


@given(VALUES)
def test_every_value_can_be_read_back_from_one_line(value: Any) -> None:
    line = encoded(value)
    assert json.loads(line) == value
    assert "\n" not in line


@pytest.mark.parametrize("text", ["plain", 'a "b" \\ c', "it's", "", "tab\there", "é", "\0"])
def test_texts_are_written_as_the_json_module_does(text: str) -> None:
    assert encoded({"k": [text, 1, 2.5, True]}) == json.dumps({"k": [text, 1, 2.5, True]}, separators=(",", ":"))
