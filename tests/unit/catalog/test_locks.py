"""Locks between processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from franca.catalog.locks import holder, locked
from franca.errors import Busy, Unavailable

HOLD = """
import sys
from franca.catalog.locks import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path: Path):
    """Another process that holds the lock."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "a.lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None and child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.communicate()


def test_a_waiter_is_told_who_holds_it(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    said: list[str] = []
    with pytest.raises(Busy, match=f"process {other.pid} holds"):
        with locked(str(tmp_path / "a.lock"), timeout=0.05, on_wait=said.append):
            pass
    assert said == [f"waiting for process {other.pid} to let go of {tmp_path / 'a.lock'}"]
    assert holder(str(tmp_path / "a.lock")) == other.pid


def test_a_killed_holder_lets_go(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    os.kill(other.pid, signal.SIGKILL)
    with locked(str(tmp_path / "a.lock"), timeout=5):
        assert holder(str(tmp_path / "a.lock")) == os.getpid()
    assert holder(str(tmp_path / "a.lock")) is None


def test_waiting_without_a_limit_ends_when_the_holder_does(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    threading.Timer(0.1, other.kill).start()
    with locked(str(tmp_path / "a.lock")):
        assert other.wait(5) is not None


def test_the_same_thread_may_enter_again(tmp_path: Path) -> None:
    path = str(tmp_path / "deep" / "a.lock")
    with locked(path), locked(path, timeout=0):
        assert holder(path) == os.getpid()
    assert holder(path) is None


def test_another_thread_has_to_wait(tmp_path: Path) -> None:
    path = str(tmp_path / "a.lock")
    outcome: list[str] = []

    def enter() -> None:
        try:
            with locked(path, timeout=0):
                outcome.append("in")
        except Busy:
            outcome.append("busy")

    with locked(path):
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
    assert outcome == ["busy"]


def test_an_error_inside_lets_go(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(str(tmp_path / "a.lock")):
        raise KeyError("x")
    assert holder(str(tmp_path / "a.lock")) is None


def test_a_lock_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot lock"), locked(str(tmp_path / "file" / "a.lock")):
        pass
