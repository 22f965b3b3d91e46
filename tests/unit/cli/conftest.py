"""A storage root and a command line for each test."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from franca.cli.main import main


class Result:
    """What a command printed, and its status."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home; the current directory is another empty folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CM_REPOS", str(tmp_path / "CM"))
    monkeypatch.setenv("MLC_REPOS", str(tmp_path / "MLC"))
    for name in ("FRANCA_QUIET", "FRANCA_VERBOSE", "CM_INDEX", "CM_SCRIPT_EXTRA_CMD"):
        monkeypatch.delenv(name, raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return tmp_path / "CM"


@pytest.fixture
def franca(root: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Result]]:
    """Runs a command line in this process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}

    def run(*words: str) -> Result:
        status = main(words)
        got = capsys.readouterr()
        return Result(status, got.out, got.err)

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)
