"""Words to commands: kinds, options, suggestions, and the line that repeats a command."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from franca.cli import registry
from franca.cli.parsing import Bound, bind, read_line, split_kind, static_kind, to_repeat, unknown_action
from franca.errors import UsageError


def bound(line: str, environ: dict[str, str] | None = None, files: dict[str, Any] | None = None) -> Bound:
    invocation = read_line(shlex.split(line), lambda path: (files or {})[path])
    command = registry.command(invocation.action, invocation.kind)
    assert command is not None
    return bind(command, invocation, lambda word: word == "demo", environ or {})


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        ("find", "script", ()),
        ("find script", "script", ()),
        ("find scripts x", "script", ("x",)),
        ("find cache", "cache", ()),
        ("find repo a b", "repo", ("a", "b")),
        ("find demo", "demo", ()),
        ("find detect-os", "script", ("detect-os",)),
        ('run "get python3"', "script", ("get python3",)),
        ('run --quiet "get python3"', "script", ("get python3",)),
        ("--json find script x", "script", ("x",)),
        ("find --json script", "script", ()),
        ("find script,5b4e0237da074764 x", "script,5b4e0237da074764", ("x",)),
        ("find 5b4e0237da074764 x", "5b4e0237da074764", ("x",)),
        ('find "*" name', "*", ("name",)),
        ('find "get-*"', "script", ("get-*",)),
        ("show SCRIPT x", "SCRIPT", ("x",)),
        ("doctor x", "", ("x",)),
    ],
)
def test_kind_and_words(line: str, kind: str, words: tuple[str, ...]) -> None:
    got = bound(line)
    assert (got.kind, got.words) == (kind, words)


def test_kinds_known_without_looking() -> None:
    assert static_kind("caches") == "cache"
    assert static_kind("script,0000000000000000") == "script,0000000000000000"
    assert static_kind("script,x") == static_kind("demo") == static_kind("") == ""
    assert split_kind(read_line(["run"], dict), lambda word: False) == ("script", ())


def test_options_get_their_names_and_forms() -> None:
    got = bound("run x -q -v --tags,=a,b --env.K=1 --json=no --unknown=5 --adr.python.version_min=3.8")
    assert got.options == {
        "quiet": True, "verbose": True, "tags": "a,b", "env": {"K": "1"}, "json": False,
        "adr": {"python": {"version_min": "3.8"}},
    }  # fmt: skip
    assert got.inputs == {"unknown": "5"}
    assert got.flag("quiet") and not got.flag("json") and got.text("tags") == "a,b"


def test_dashes_in_option_names() -> None:
    assert bound("rm cache --dry-run").flag("dry_run")
    assert bound("rm cache --dry_run").flag("dry_run")


def test_environment_gives_what_the_line_leaves_out() -> None:
    assert bound("run x", {"FRANCA_QUIET": "yes"}).flag("quiet")
    assert not bound("run x --quiet-", {"FRANCA_QUIET": "yes"}).flag("quiet")
    assert not bound("run x", {"FRANCA_QUIET": "no"}).flag("quiet")


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("find script --tgs=x", ["--tgs", "closest: --tags"]),
        ("find script --jsn", ["--jsn", "--json"]),
        ("find script --tags", ["--tags needs a value"]),
        ("run x --env=1", ["--env takes keys"]),
        ("find script --long=maybe", ["--long is a switch", "maybe"]),
        ("find script --tags.a=1", ["--tags takes one value"]),
        ("find script -- x", ["nothing after --"]),
        ("doctor --fix", ["doctor has no option --fix"]),
    ],
)
def test_wrong_options_say_what_is_wrong(line: str, texts: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        bound(line)
    for text in texts:
        assert text in str(caught.value)
    assert caught.value.hint


def test_misspelt_actions_get_suggestions() -> None:
    assert "closest: find" in unknown_action("fnid").message
    assert "closest: doctor" in unknown_action("docter").message
    assert "closest" not in unknown_action("zzzzzz").message


@pytest.mark.parametrize(
    ("line", "repeated"),
    [
        ('run "get python3" -q --json -v', "franca run script 'get python3' --quiet"),
        ("ls", "franca find script"),
        ("run x --env.A='b c' --k,=1,2 --no-x-", "franca run script x '--env.A=b c' --k,=1,2 --no_x-"),
        ("run x @f.json --n=2", "franca run script x --a.b=1 --n=2"),
        ("run x -- a 'b c'", "franca run script x -- a 'b c'"),
        ("plan x --dot", "franca plan script x"),
    ],
)
def test_the_line_that_repeats_a_command(line: str, repeated: str) -> None:
    files = {"f.json": {"a": {"b": "1"}, "n": "1"}}
    assert to_repeat(bound(line, files=files)) == repeated


def test_a_repeated_line_means_the_same() -> None:
    first = bound("run 'get x' --env.A='$(x) \"q\"' --tags=a --flag --l,=p,q -- rest '; rm'")
    again = bound(to_repeat(first).removeprefix("franca "))
    assert (again.kind, again.words, again.options, again.inputs) == (
        first.kind, first.words, first.options, first.inputs,
    )  # fmt: skip
    assert again.invocation.rest == first.invocation.rest
