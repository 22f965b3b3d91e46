"""Option strings become the words that a POSIX shell would make, and nothing is ever executed."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.errors import UsageError
from franca.runners.words import Facts, expand, split_options

FACTS = Facts({"HOME": "/home/me", "TWO": "a b", "ONE": "x", "QUOTED": "a'b", "EMPTY": ""}, 1000, 100)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("--rm -u $(id -u):$(id -g) -e A=b", ("--rm", "-u", "1000:100", "-e", "A=b")),
        ("-v ~/.ssh:/root/.ssh", ("-v", "/home/me/.ssh:/root/.ssh")),
        ("~", ("/home/me",)),
        ("a~ ~user", ("a~", "~user")),
        ("-e 'A=b c' -e \"D=$ONE\"", ("-e", "A=b c", "-e", "D=x")),
        ("'$ONE ~'", ("$ONE ~",)),
        ("$TWO", ("a", "b")),
        ('"$TWO"', ("a b",)),
        ("x${TWO}y", ("xa", "by")),
        ("$EMPTY", ()),
        ('""', ("",)),
        ("$QUOTED", ("a'b",)),
        ("a\\ b", ("a b",)),
        ("; touch x | y && z", (";", "touch", "x", "|", "y", "&&", "z")),
        ("$(touch x) `touch y`", ("$(touch", "x)", "`touch", "y`")),
        ("$ $1 ${ONE", ("$", "$1", "${ONE")),
    ],
)
def test_words_of_an_option_string(text: str, words: tuple[str, ...]) -> None:
    assert split_options(text, FACTS) == words


@pytest.mark.parametrize("text", ["'open", '"open', "$NOT_SET", "a\0b"])
def test_what_would_lose_a_word_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="cpu_args"):
        split_options(text, FACTS, "cpu_args")


def test_a_value_is_one_word_whatever_is_in_it() -> None:
    assert expand("a 'b' $TWO; $(id -u)", FACTS) == "a 'b' a b; 1000"


_PLAIN = st.text(st.sampled_from("ab'\"\\ \t~;|&<>()$`*?[]{}#!-=/."), max_size=12).filter(lambda s: "$" not in s)


@given(_PLAIN)
def test_without_expansions_the_words_are_the_standard_librarys(text: str) -> None:
    facts = Facts({"HOME": "~"}, 0, 0)
    try:
        expected = shlex.split(text)
    except ValueError:
        return  # unclosed quotes and a trailing backslash are each parser's own affair
    assert list(split_options(text, facts)) == expected


@pytest.mark.parametrize("text", ["$TWO$ONE", "x$TWO\"$TWO\"'$TWO'", "$ONE~ $TWO", '"a\\"b" c\\d "\\x"'])
def test_the_words_are_those_of_a_shell(text: str) -> None:
    script = "for word in " + text + '; do printf "%s\\0" "$word"; done'
    done = subprocess.run(
        ["/bin/sh", "-c", script], env=dict(FACTS.environ), capture_output=True, text=True, check=True
    )
    assert split_options(text, FACTS) == tuple(done.stdout.split("\0")[:-1])
