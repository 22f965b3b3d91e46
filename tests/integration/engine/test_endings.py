"""A command that is told to end takes with it all that its native scripts have started. Real processes throughout."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.engine.conftest import Bench
from tests.integration.engine.test_faults import wait_for

# Stands for a program that coordinates: says its last words when it is asked to end.
PROGRAM = """import os, signal, subprocess, sys, time
def stop(number, frame):
    print("last words", flush=True)
    sys.exit(9)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGHUP, stop)
below = subprocess.Popen(["sleep", "100"])
with open(os.environ["MARK"], "a") as out:
    out.write(f"{os.getpid()}\\n{below.pid}\\n")
time.sleep(100)
"""
RUN = 'python3 "$CM_TMP_CURRENT_SCRIPT_PATH/program.py"\necho never\n'


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stream:
            return stream.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def all_gone(pids: list[int], seconds: float = 60) -> bool:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def started(bench: Bench, program: str = PROGRAM, **more: str) -> tuple[subprocess.Popen[str], list[int]]:
    mark = bench.work / "mark"
    bench.script("long", run=RUN, files={"program.py": program})
    process = bench.start("run", "script", "--tags=long", MARK=str(mark), **more)
    wait_for(mark, 2)
    return process, [int(line) for line in mark.read_text().splitlines()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_a_signal_to_the_command_alone_ends_the_whole_family(bench: Bench, number: signal.Signals) -> None:
    process, below = started(bench)
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 128 + number, err
    assert all_gone(below)
    assert "Traceback" not in err and "never" not in out
    log = next(line.split("log: ", 1)[1] for line in err.splitlines() if "log: " in line).rstrip("!")
    assert "last words" in Path(log).read_text(), "what it said while it ended is in the log"


def test_a_program_that_does_not_want_to_end_is_killed(bench: Bench) -> None:
    deaf = PROGRAM.replace("sys.exit(9)", "pass")
    process, below = started(bench, deaf)
    os.kill(process.pid, signal.SIGTERM)
    process.communicate(timeout=120)
    assert process.returncode == 143
    assert all_gone(below)


def test_a_second_signal_does_not_cut_the_clearing_up_short(bench: Bench) -> None:
    process, below = started(bench)
    for _ in range(3):
        os.kill(process.pid, signal.SIGTERM)
        time.sleep(0.01)
    process.communicate(timeout=120)
    assert process.returncode == 143 and all_gone(below)


def test_a_terminal_that_goes_away_ends_everything(bench: Bench) -> None:
    mark = bench.work / "mark"
    bench.script("long", run=RUN, files={"program.py": PROGRAM})
    code = "import sys; from franca.compat.cm_front import main; sys.exit(main('cm', sys.argv[1:]))"
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(bench.work)
        words = [sys.executable, "-c", code, "run", "script", "--tags=long"]
        os.execve(sys.executable, words, bench.environ(MARK=str(mark)))
    wait_for(mark, 2)
    below = [int(line) for line in mark.read_text().splitlines()]
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 129
    assert all_gone(below)


def test_what_was_started_to_outlive_its_terminal_does(bench: Bench) -> None:
    bench.script("brief", run='touch "$MARK"\nsleep 1\necho finished\n')
    mark = bench.work / "mark"
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        process = bench.start("run", "script", "--tags=brief", MARK=str(mark))
    finally:
        signal.signal(signal.SIGHUP, before)
    for _ in range(1200):
        if mark.exists():
            break
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGHUP)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "finished" in out
