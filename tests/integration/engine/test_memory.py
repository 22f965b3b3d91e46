"""Answers from memory: a cached run may be answered without running, but what it leaves behind is always left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.engine.conftest import Bench


def launched(bench: Bench, program: str, *argv: str) -> subprocess.CompletedProcess[str]:
    """The program as its launcher starts it, fast lane included."""
    code = f"from franca._boot import main; main({program!r})"
    time.sleep(0.3)  # files younger than this are never trusted
    return subprocess.run(
        [sys.executable, "-c", code, *argv], cwd=bench.work, env=bench.environ(), text=True, capture_output=True,
        stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("program", ["franca", "cm"])
@pytest.mark.parametrize(("flag", "file"), [("--save_to_json=out.json", "out.json"), ("--save_env", "tmp-env.sh")])
def test_a_file_that_was_asked_for_is_written_every_time(bench: Bench, program: str, flag: str, file: str) -> None:
    bench.script("lib", "cache: true\nnew_env_keys: [CM_X]\n", run="echo CM_X=1 > tmp-run-env.out\n")
    for _ in range(4):
        done = launched(bench, program, "run", "script", "--tags=lib", "--quiet", flag)
        assert done.returncode == 0, done.stderr
        path = bench.work / file
        assert path.exists()
        path.unlink()


@pytest.mark.parametrize("program", ["franca", "cm"])
def test_a_cached_answer_follows_the_cache(bench: Bench, program: str) -> None:
    bench.script("lib", "cache: true\nnew_env_keys: [CM_X]\n", run="echo CM_X=first > tmp-run-env.out\n")
    for _ in range(3):
        done = launched(bench, program, "run", "script", "--tags=lib", "--quiet", "--json")
        assert '"CM_X": "first"' in done.stdout
    state = bench.entries()[0] / "cm-cached-state.json"
    kept = json.loads(state.read_text())
    kept["new_env"]["CM_X"] = "second"
    fresh = Path(str(state) + ".new")
    fresh.write_text(json.dumps(kept))
    os.replace(fresh, state)
    done = launched(bench, program, "run", "script", "--tags=lib", "--quiet", "--json")
    assert '"CM_X": "second"' in done.stdout
