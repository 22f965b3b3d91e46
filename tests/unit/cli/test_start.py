"""What a short command imports: each of these modules would cost more than the command's own work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

WATCH = (
    "import atexit, os, sys\n"
    "atexit.register(lambda: os.write(3, ' '.join(sys.modules).encode()))\n"
    "from franca._boot import main\nmain(sys.argv.pop(1))\n"
)
HEAVY = {
    "ast", "asyncio", "dis", "hashlib", "importlib.resources", "inspect", "linecache", "logging", "packaging",
    "pathlib", "rich", "shutil", "tempfile", "tokenize", "traceback", "typing_extensions", "urllib.parse",
    "yaml",
}  # fmt: skip


def imported(home: Path, *words: str) -> set[str]:
    """The modules that a command line has imported when it ends, once the index knows what there is."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("CM_", "MLC_", "FRANCA_", "PYTHON"))}
    for _ in range(3):
        time.sleep(0.15)  # files that are younger are read again
        reading, writing = os.pipe()
        command = ["bash", "-c", f'exec "$@" 3>&{writing}', "bash", sys.executable, "-c", WATCH, *words]
        done = subprocess.run(
            command, env={**environ, "HOME": str(home)}, cwd=home, pass_fds=(writing,), capture_output=True, check=False
        )
        os.close(writing)
        with os.fdopen(reading, "rb") as stream:
            told = stream.read()
        assert done.returncode == 0, done.stderr
    return set(told.decode().split())  # nothing is told when the fast lane has answered


@pytest.mark.parametrize(
    "words",
    [
        ("franca", "--help"),
        ("franca", "plan", "detect os"),
        ("franca", "run", "detect os"),
        ("cm", "run", "script", "detect os"),
        ("cm", "find", "script", "detect-os", "--json"),
    ],
)
def test_nothing_heavy_is_imported(words: tuple[str, ...], tmp_path: Path) -> None:
    assert imported(tmp_path, *words) & HEAVY == set()


#: Half of a bare interpreter's start each, or more; nothing that a plain run does needs one of them.
DEAR = {
    "collections", "contextlib", "copy", "dataclasses", "enum", "functools", "json", "locale", "msgspec", "platform",
    "re", "selectors", "shlex", "signal", "subprocess", "threading", "typing", "uuid", "weakref",
}  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("franca", "plan", "detect os"),
        ("franca", "run", "detect os"),
        ("franca", "run", "plain"),
        ("cm", "run", "script", "plain"),
        ("cm", "load", "script", "detect-os", "--min"),
        ("mlc", "show", "script", "detect-os"),
    ],
)
def test_nothing_dear_is_imported(words: tuple[str, ...], tmp_path: Path) -> None:
    spot = tmp_path / "CM" / "repos" / "local" / "script" / "plain"
    spot.mkdir(parents=True)
    meta = {"alias": "plain", "uid": "ab" * 8, "automation_alias": "script", "automation_uid": "5b4e0237da074764"}
    (spot / "_cm.json").write_text(json.dumps({**meta, "tags": ["plain"]}))
    (spot / "run.sh").write_text("echo done\n")
    assert imported(tmp_path, *words) & (DEAR | HEAVY) == set()


def test_modules_that_want_typing_extensions_still_get_it() -> None:
    code = (
        "import sys\nfrom franca import _boot\n_boot.load_msgspec()\n"
        "assert 'msgspec' in sys.modules and 'typing_extensions' not in sys.modules\n"
        "import importlib.util\nprint(importlib.util.find_spec('typing_extensions') is not None)\n"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    plain = "import importlib.util; print(importlib.util.find_spec('typing_extensions') is not None)"
    assert there == subprocess.run([sys.executable, "-c", plain], capture_output=True, text=True).stdout.strip()


ENDING = """
import atexit, sys, threading
from franca import _boot
atexit.register(lambda: print("exit function"))
def slow(name, argv):
    print("text", end=" ")
    if argv == ["thread"]:
        threading.Timer(0.2, lambda: print("thread")).start()
    if argv == ["gently"]:
        _boot.end_gently()
    return 3
_boot.slow = slow
_boot.main("franca")
"""


@pytest.mark.parametrize(
    ("word", "said"),
    [("plain", "text exit function\n"), ("gently", "text exit function\n"), ("thread", "text thread\nexit function\n")],
)
def test_a_command_ends_with_its_output_whole(word: str, said: str) -> None:
    done = subprocess.run([sys.executable, "-c", ENDING, word], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, said, "")


def test_a_command_whose_reader_has_gone_says_so() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    code = ENDING.replace("atexit.register", "str")  # nothing but the end itself flushes
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", code, "x"]
    done = subprocess.run(command, env=environ, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert done.returncode == 120 and b"BrokenPipeError" in done.stderr  # as Python ends


LAST = """
import os
class Last:
    def __del__(self):
        os.write(1, b"let go")
LAST = Last()
def preprocess(i):
    return {"return": 0}
"""


def test_what_content_leaves_to_the_end_happens(tmp_path: Path) -> None:
    spot = tmp_path / "CM" / "repos" / "local" / "script" / "last"
    spot.mkdir(parents=True)
    meta = {"alias": "last", "uid": "ab" * 8, "automation_alias": "script", "automation_uid": "5b4e0237da074764"}
    (spot / "_cm.json").write_text(json.dumps({**meta, "tags": ["last"]}))
    (spot / "customize.py").write_text(LAST)
    code = "from franca._boot import main\nmain('franca')\n"
    command = [sys.executable, "-c", code, "run", "last"]
    environ = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(command, env=environ, cwd=tmp_path, check=True, capture_output=True)
    assert b"let go" in done.stdout
