"""A content repository under git, and the franca command in this process."""

from __future__ import annotations

import io
import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from franca.cli.main import main
from tests.integration.engine.conftest import Bench


class Result:
    """What a command printed, and its status."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Franca = Callable[..., Result]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(tmp_path)
    for name, value in made.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MLC_REPOS", str(tmp_path / "MLC"))
    for name in ("FRANCA_QUIET", "FRANCA_VERBOSE", "CM_INDEX", "CM_SCRIPT_EXTRA_CMD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(made.work)
    return made


@pytest.fixture
def franca(bench: Bench, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Franca]:
    """Runs a command line in this process, with nobody to ask; native scripts are heard as well."""
    monkeypatch.setattr("sys.stdin", io.StringIO())
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}

    def run(*words: str) -> Result:
        status = main(words)
        got = capfd.readouterr()
        return Result(status, got.out, got.err)

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit_all(folder: Path, message: str = "x") -> str:
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")
