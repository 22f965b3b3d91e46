"""Questions where nobody sits at a terminal: a ready answer is taken, silence is not waited for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import IO

import pytest

from franca.compat import prompts
from franca.errors import UsageError


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[IO[bytes]]:
    """The writing end of a pipe that is our standard input, open until the test closes it."""
    ours, theirs = os.pipe()
    monkeypatch.setattr(prompts, "PATIENCE", 0.01)
    with os.fdopen(ours) as stdin, os.fdopen(theirs, "wb", buffering=0) as writer:
        monkeypatch.setattr("sys.stdin", stdin)
        yield writer


def test_a_silent_pipe_means_the_first(pipe: IO[bytes], capsys: pytest.CaptureFixture[str]) -> None:
    assert prompts.ask_number(["a", "b"], "More than one tool was found:") == 0
    assert capsys.readouterr().err == "More than one tool was found: the first of 2 is taken: a\n"


def test_a_silent_pipe_is_no_consent(pipe: IO[bytes]) -> None:
    with pytest.raises(UsageError, match="nobody to answer"):
        prompts.ask_consent("Delete it")


def test_each_question_takes_one_line(pipe: IO[bytes]) -> None:
    pipe.write(b"1\nyes\nno\n7\n-1\nrest\n")
    assert prompts.ask_number(["a", "b"]) == 1
    assert prompts.ask_consent("Delete it") is True
    assert prompts.ask_consent("Delete it") is False
    assert prompts.ask_number(["a", "b"]) == 0, "a number too large means the first"
    assert prompts.choose("Which?", ("a", "b"), True) == -1
    assert os.read(sys.stdin.fileno(), 10) == b"rest\n", "the next reader has the rest"


@pytest.mark.parametrize("end", [b"", b"1"])
def test_the_end_of_a_pipe(end: bytes, pipe: IO[bytes]) -> None:
    pipe.write(end)
    pipe.close()
    assert prompts.ask_number(["a", "b"]) == (1 if end else 0)
