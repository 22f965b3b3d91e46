"""The installed commands, as whole processes: a quick answer is the slow answer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

LAUNCHERS = Path(__file__).resolve().parents[3] / "launchers"

if not LAUNCHERS.is_dir():
    pytest.skip("the launchers are part of a checkout", allow_module_level=True)


def run(environ: dict[str, str], *words: str) -> tuple[str, str, int]:
    """Output, messages and status of ``franca`` (or the command named by the first word)."""
    environ = {**environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, str(LAUNCHERS / words[0]), *words[1:]]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    return done.stdout, done.stderr, done.returncode


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Two scripts; nothing here changes them."""
    home = {"HOME": str(tmp_path_factory.mktemp("home")), "PATH": os.environ["PATH"]}
    for name in ("alpha", "beta"):
        made = run(home, "franca", "add", "script", name, f"--tags=greek,{name}")
        assert made[2] == 0, made[1]
    time.sleep(0.1)
    run(home, "franca", "find", "script")
    return home


@pytest.mark.parametrize(
    "words",
    [
        ("franca", "find", "script"),
        ("franca", "find", "script", "alpha"),
        ("franca", "ls", "script", "*a"),
        ("franca", "find", "script", "--tags=greek,-beta"),
        ("franca", "find", "script", "nosuch"),
        ("franca", "find", "script", "--json"),
        ("franca", "show", "script", "alpha"),
        ("franca", "show", "script", "alpha", "--json"),
        ("franca", "load", "script", "alpha"),
        ("franca", "show", "script", "nosuch"),
        ("franca", "find", "cache"),
        ("cm", "find", "script", "alpha"),
        ("cm", "load", "script", "alpha"),
        ("cm", "load", "script", "nosuch"),
    ],
    ids=" ".join,
)
def test_the_answer_stays_the_same(store: dict[str, str], words: tuple[str, ...]) -> None:
    slow = run({**store, "CM_INDEX": "no"}, *words)
    answers = [run(store, *words) for _ in range(3)]
    assert answers == [slow] * 3


def test_a_reader_that_leaves_early_is_no_error(store: dict[str, str]) -> None:
    environ = {**store, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = f'"{sys.executable}" "{LAUNCHERS / "franca"}" find script | head -c 1'
    done = subprocess.run(["sh", "-c", command], env=environ, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("/", "")


def test_launchers_are_plain_files_for_any_interpreter() -> None:
    for name in ("franca", "cm", "cmr"):
        path = LAUNCHERS / name
        lines = path.read_text().splitlines()
        assert lines[0] == "#!python" and os.access(path, os.X_OK)
        assert lines[-1] == f'main("{path.name}")' and len(lines) == 4
