"""Shell lines, checked by what a real bash makes of them."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from franca.errors import UsageError
from franca.grammar.shell import command_line, export_lines, is_name, join_path, quote, unexportable


def bash(lines: list[str], names: list[str], env: dict[str, str] | None = None) -> list[str]:
    """The values that a bash has after these lines."""
    script = "\n".join([*lines, *(f'printf "%s\\0" "${{{name}}}"' for name in names)])
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, check=True, env={"PATH": "/bin:/usr/bin", **(env or {})}
    )
    assert done.stderr == b""
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


UNHARMED = [
    "", "plain", "two words", '"', 'say "hi"', "it's", "a\\b", "a\\\\b", "\\", "\\\\", "end\\", "a\nb",
    "a\\\nb", "tab\there", "é ü 漢字 🙂", "!bang", "#hash", "a;b|c&d>e<f(g)", "*?[x]", "~", "%s", "-n", "=",
    "C:\\dir\\sub\\", "one ` tick", "open ${brace", "open $(paren",
]  # fmt: skip
PLAIN = st.characters(blacklist_characters="\0$`", blacklist_categories=["Cs"])


def test_values_arrive_unharmed() -> None:
    env = {f"V{n}": value for n, value in enumerate(UNHARMED)}
    for new in (False, True):
        assert bash(export_lines(env, new=new), list(env)) == UNHARMED


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.text(PLAIN, max_size=12),
        min_size=20,
        max_size=40,
    )
)
def test_any_values_without_expansions_arrive_unharmed(values: list[str]) -> None:
    env = {f"V{n}": value for n, value in enumerate(values)}
    assert bash(export_lines(env, new=True), list(env)) == values


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=12),
        min_size=20,
        max_size=40,
    )
)
def test_literal_values_never_expand(values: list[str]) -> None:
    env = {f"V{n}": value for n, value in enumerate(values)}
    assert bash(export_lines(env, new=True, literals=True), list(env)) == values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("$HOME/x", "/h/x"),
        ("${HOME}", "/h"),
        ("$(echo hi)", "hi"),
        ("`echo hi`", "hi"),
        ("\\$HOME", "$HOME"),
        ("\\`", "`"),
        ('\\"quoted\\"', '"quoted"'),
    ],
)
def test_bash_expands_what_content_relies_on(value: str, expected: str) -> None:
    assert bash(export_lines({"V": value}, new=False), ["V"], {"HOME": "/h"}) == [expected]


@pytest.mark.parametrize(
    ("key", "value", "name", "line", "result"),
    [
        ("+PATHS", ["a", "b"], "PATHS", 'export PATHS="a:b:${PATHS}"', "a:b:old"),
        ("+ PATHS", ["-O2", "-g"], "PATHS", 'export PATHS="-O2 -g ${PATHS}"', "-O2 -g old"),
        ("+,PATHS", ["x"], "PATHS", 'export PATHS="x,${PATHS}"', "x,old"),
        ("+PATHS", ["a b", 'c"d'], "PATHS", 'export PATHS="a b:c\\"d:${PATHS}"', 'a b:c"d:old'),
    ],
)
def test_lists_go_before_the_present_value(key: str, value: list[str], name: str, line: str, result: str) -> None:
    assert export_lines({key: value}, new=False) == [line]
    assert bash([line], [name], {"PATHS": "old"}) == [result]
    assert join_path(key, value, "old") == (name, result)


def test_an_empty_plus_list_adds_no_empty_folder() -> None:
    assert export_lines({"+PATH": []}, new=False) == []


@pytest.mark.parametrize(
    ("value", "classic", "new"),
    [
        (["a", "b"], "['a', 'b']", "a:b"),
        (5, "5", "5"),
        (True, "True", "True"),
        (None, "None", "None"),
        (1.5, "1.5", "1.5"),
    ],
)
def test_values_of_other_types(value: Any, classic: str, new: str) -> None:
    # script engine 19.6
    assert export_lines({"K": value}, new=False) == [f'export K="{classic}"']
    assert export_lines({"K": value}, new=True) == [f'export K="{new}"']


def test_lines_are_sorted_and_plus_comes_first() -> None:
    assert [line.split("=")[0] for line in export_lines({"B": "1", "+PATH": ["x"], "A": "2"}, new=False)] == [
        "export PATH", "export A", "export B",
    ]  # fmt: skip


def test_keys_that_are_code_are_left_out_and_named(tmp_path: Any) -> None:
    mark = tmp_path / "pwned"
    env = {f"X=1; touch {mark}; Y": "v", "A-B": "v", "1X": "v", "+": ["v"], "OK": "v", "": "v", "É": "v"}
    lines = export_lines(env, new=False)
    assert lines == ['export OK="v"']
    assert set(unexportable(env)) == set(env) - {"OK"}
    assert is_name("_A1") and not is_name("A B")


def test_nul_is_refused() -> None:
    with pytest.raises(UsageError, match="NUL"):
        export_lines({"K": "a\0b"}, new=False)


def test_command_lines_read_back() -> None:
    words = ["franca", "run", "a b", "--k=$(x)", "it's", ""]
    assert command_line(words) == """franca run 'a b' '--k=$(x)' 'it'"'"'s' ''"""
    assert bash([f"set -- {command_line(words)}", 'V="$5$#"'], ["V"]) == ["it's6"]
    assert quote("--a=b/c.d:1,2") == "--a=b/c.d:1,2"
