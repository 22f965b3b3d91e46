"""Run a program and measure it."""

from __future__ import annotations

import json
import os
import shlex
import sys


def preprocess(i):
    """Make the command line and hand it over in a file."""
    env = i["env"]
    counts = {}
    for name, least in (("repeat", 1), ("warmup", 0)):
        given = str(env.get(f"CM_BENCHMARK_{name.upper()}", least))
        if not given.isdigit() or int(given) < least:
            return {"return": 1, "error": f"{name} {given!r}: expected a whole number of at least {least}"}
        counts[name] = int(given)
    folder = os.path.abspath(str(env.get("CM_RUN_DIR") or os.getcwd()))
    if not os.path.isdir(folder):
        return {"return": 1, "error": f"run_dir {folder} does not exist"}
    env["CM_RUN_DIR"], env["CM_RUN_CMD"] = folder, command_line(env, folder)
    env["CM_TMP_BENCHMARK_PYTHON"] = sys.executable
    with open("tmp-benchmark.json", "w", encoding="utf-8") as stream:
        json.dump({"command": env["CM_RUN_CMD"], "folder": folder, **counts}, stream)
    # The engine writes every key into a shell script; there, this text would be expanded.
    i["env"].pop("CM_RUN_CMD")
    return {"return": 0}


def command_line(env, folder):
    """The command of the caller, or the program with what goes before and after it."""
    command = str(env.get("CM_RUN_CMD") or "")
    if not command:
        name = str(env.get("CM_BIN_NAME") or ("run.exe" if os.name == "nt" else "run.out"))
        parts = [str(env.get("CM_RUN_PREFIX") or ""), shlex.quote(os.path.join(folder, name))]
        command = " ".join(part for part in (*parts, str(env.get("CM_RUN_SUFFIX") or "")) if part.strip())
    before = str(env.get("CM_RUN_PREFIX0") or "")
    return f"{before} {command}" if before else command


def postprocess(i):
    """Export the command that was measured."""
    i["env"]["CM_RUN_CMD"] = i["state"]["benchmark"]["command"]
    return {"return": 0}
