"""What the text of a script's code tells about the variables that it may set."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from franca.engine import scripts


@given(st.lists(st.sampled_from(["CM_", "CM", "_", "A", "z", "9", '"', "+", " ", "\n", "é"])).map("".join))
def test_names_are_those_that_a_regular_expression_finds(text: str) -> None:
    assert list(scripts._names(text, "CM_")) == re.findall("CM_[A-Z0-9_]+", text)
