"""Hands a cube's request over to the cube runner; the words never pass through a shell as text."""

import os
import shlex
import sys


def preprocess(i):
    env = i["env"]
    cube = env.get("CM_CUBE_PATH", "")
    if not cube:
        return {"return": 1, "error": "run cube needs --mlcube=PATH"}
    words = [sys.executable, "-m", "franca.compat.mlcube_front", "run", "--user", f"--mlcube={cube}"]
    words.append(f"--platform={env.get('CM_CUBE_PLATFORM') or 'native'}")
    if env.get("CM_CUBE_TASK"):
        words.append(f"--task={env['CM_CUBE_TASK']}")
    workspace = env.get("CM_CUBE_WORKSPACE") or default_workspace(cube)
    env["CM_CUBE_WORKSPACE"] = workspace
    words.append(f"--workspace={workspace}")
    words += [f"-P{line}" for line in lines(env.get("CM_CUBE_OVERRIDES", ""), "\n")]
    words += lines(env.get("CM_CUBE_PARAMETERS", "").replace(",", "\n"), "\n")
    path = os.path.abspath("tmp-run-cube.sh")
    with open(path, "w", encoding="utf-8") as file:
        file.write("exec " + shlex.join(words) + "\n")
    env["CM_CUBE_COMMAND_FILE"] = path
    return {"return": 0}


def default_workspace(cube):
    """The cube's own workspace; a fetched cube's is a directory here."""
    if os.path.exists(cube):
        root = cube if os.path.isdir(cube) else os.path.dirname(cube)
        return os.path.join(os.path.abspath(root), "workspace")
    return os.path.abspath("cube-workspace")


def lines(text, separator):
    return [line.strip() for line in text.split(separator) if line.strip()]
