"""The Dockerfile text keeps what comes from outside in its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

Loader = Callable[[str, str], ModuleType]


@pytest.fixture(scope="module")
def text(recipe: Loader) -> ModuleType:
    return recipe("build-dockerfile", "text")


@given(command=st.text(min_size=1))
def test_any_command_is_one_instruction(text: ModuleType, command: str) -> None:
    line = text.run(command)
    assert "\n" not in line
    assert json.loads(line.removeprefix("RUN ")) == ["/bin/bash", "-euc", command]


@pytest.mark.parametrize(
    ("value", "written"), [("plain", '"plain"'), ('a "b"', '"a \\"b\\""'), ("$HOME\\x", '"\\$HOME\\\\x"'), ("", '""')]
)
def test_values_are_not_expanded_by_the_builder(text: ModuleType, value: str, written: str) -> None:
    assert text.quoted(value) == written


def test_parts_are_in_order(text: ModuleType) -> None:
    content = text.dockerfile(
        "debian",
        "debian:12",
        package="franca[inference]",
        packages=["numactl"],
        variables=[("A", "1 2")],
        copies=["from here:to"],
        commands=["cm run script --tags=detect,os"],
        comments=["two\nlines"],
    )
    kinds = [line.split(" ")[0] for line in content.splitlines()]
    assert " ".join(kinds) == "# # FROM ARG ARG ARG RUN RUN RUN ENV USER WORKDIR COPY RUN ENV RUN CMD"
    assert "# two lines" in content
    assert "'franca[inference]'" in content
    assert 'COPY --chown=cmuser ["from here", "to"]' in content


@pytest.mark.parametrize(
    "change",
    [
        {"packages": ["x; rm -rf /"]},
        {"variables": [("A B", "1")]},
        {"variables": [("A", "1\nRUN evil")]},
        {"copies": ["only-one"]},
        {"copies": ["a:b\nRUN evil"]},
    ],
)
def test_texts_without_a_place_are_refused(text: ModuleType, change: dict[str, list[object]]) -> None:
    with pytest.raises(text.BadRequest):
        text.dockerfile("ubuntu", "ubuntu:24.04", package="franca", **change)


@pytest.mark.parametrize(("system", "given"), [("plan9", ""), ("ubuntu", "x y"), ("ubuntu", "--flag")])
def test_bad_images_are_refused(text: ModuleType, system: str, given: str) -> None:
    with pytest.raises(text.BadRequest):
        text.base_image(system, "", given)


def test_the_account_has_the_number_that_the_builder_was_given(text: ModuleType) -> None:
    """bash has a read-only UID of its own."""
    assert "$UID" not in text.account()
    content = text.dockerfile("debian", "debian:12", package="franca")
    assert content.index("ARG UID=1000\n") < content.index("ARG IMAGE_UID=$UID\n") < content.index("RUN")
