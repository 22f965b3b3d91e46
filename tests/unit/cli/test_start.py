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
    "import atexit, json, os, sys\n"
    "atexit.register(lambda: os.write(3, json.dumps(sorted(sys.modules)).encode()))\n"
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
    return set(json.loads(told or b"[]"))  # nothing is told when the fast lane has answered


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


def test_modules_that_want_typing_extensions_still_get_it() -> None:
    code = (
        "import sys\nfrom franca import _boot\n_boot.load_msgspec()\n"
        "assert 'msgspec' in sys.modules and 'typing_extensions' not in sys.modules\n"
        "import importlib.util\nprint(importlib.util.find_spec('typing_extensions') is not None)\n"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    plain = "import importlib.util; print(importlib.util.find_spec('typing_extensions') is not None)"
    assert there == subprocess.run([sys.executable, "-c", plain], capture_output=True, text=True).stdout.strip()
