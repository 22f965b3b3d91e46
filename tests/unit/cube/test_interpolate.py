"""Interpolation follows OmegaConf's notation and is bounded."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.cube.interpolate import Resolver, split
from franca.errors import MalformedFile

TREE: dict[str, Any] = {
    "name": "mn", "version": 3, "which": "name", "nothing": None, "flag": True,
    "docker": {"image": "org/${name}:${version}", "sibling": "${.image}", "up": "${..name}"},
    "list": [1, "${name}"], "map": {"a": "${version}"}, "nested": "${${which}}", "escaped": "\\${name}",
    "env": "${oc.env:HERE}", "default": "${oc.env:NOT_HERE,fallback}", "quoted": "${oc.env:NOT_HERE,'a, b'}",
    "null_default": "${oc.env:NOT_HERE,null}", "chosen": "${oc.select:no.such,${name}}", "item": "${list[1]}",
    "whole": "${docker}",
}  # fmt: skip


def resolved(key: str) -> Any:
    return Resolver(TREE, {"HERE": "yes ${name}"}).get(tuple(key.split(".")))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("docker.image", "org/mn:3"), ("docker.sibling", "org/mn:3"), ("docker.up", "mn"), ("nested", "mn"),
        ("escaped", "${name}"), ("env", "yes ${name}"), ("default", "fallback"), ("quoted", "a, b"),
        ("null_default", None), ("chosen", "mn"), ("item", "mn"), ("list", [1, "mn"]), ("map", {"a": 3}),
        ("whole", {"image": "org/mn:3", "sibling": "org/mn:3", "up": "mn"}), ("flag", True),
    ],
)  # fmt: skip
def test_values(key: str, value: Any) -> None:
    assert resolved(key) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${nme}", "Interpolation key 'nme' not found"), ("${docker.imge}", "docker.imge"), ("${", "without its"),
        ("${}", "not a reference"), ("${x}", "refers to itself"), ("${oc.env:NOT_HERE}", "NOT_HERE"),
        ("${shell:ls}", "unknown function"), ("???", "mandatory"), ("${a b}", "'a b' not found"), ("${...x}", "not a"),
    ],
)  # fmt: skip
def test_what_cannot_be_resolved_is_said(text: str, message: str) -> None:
    tree = {**TREE, "x": text}
    with pytest.raises(MalformedFile, match=message.replace("$", r"\$")):
        Resolver(tree, {}).get(("x",))


def test_a_misspelt_key_gets_a_suggestion() -> None:
    with pytest.raises(MalformedFile) as caught:
        Resolver({**TREE, "x": "${docker.imge}"}, {}).get(("x",))
    assert "docker.image" in caught.value.hint


@pytest.mark.parametrize("leaf", ["x", ""])
def test_growth_is_bounded(leaf: str) -> None:
    tree: dict[str, Any] = {f"a{n}": f"${{a{n + 1}}}${{a{n + 1}}}" for n in range(40)}
    tree["a40"] = leaf
    with pytest.raises(MalformedFile):
        Resolver(tree, {}).get(("a0",))


@given(st.text(st.sampled_from("ab${}.:,'\\ "), max_size=20))
def test_any_text_gives_a_value_or_a_malformed_file(text: str) -> None:
    try:
        Resolver({"x": text, "a": "b"}, {}).get(("x",))
    except MalformedFile:
        pass


@given(st.text(max_size=30).filter(lambda t: "${" not in t))
def test_text_without_references_is_itself(text: str) -> None:
    assert split(text) == ([text] if text else [])
