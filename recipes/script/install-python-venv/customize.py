"""A virtual environment that lives in the cache entry of this recipe."""

from __future__ import annotations

import os
import re

DEFAULT_NAME = "shared"


def preprocess(i):
    """Fix the name; the native script creates the environment in the cache entry."""
    env = i["env"]
    name = str(env.get("CM_TMP_PYTHON_VENV_NAME") or env.get("CM_NAME") or DEFAULT_NAME).strip().lower()
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,99}", name):
        return {"return": 1, "error": f"name {name!r}: an environment name is made of a-z, 0-9, '.', '_' and '-'"}
    env["CM_PYTHON_VENV_NAME"] = name
    env.pop("CM_TMP_PYTHON_VENV_NAME", None)
    return {"return": 0}


def postprocess(i):
    """Say where the environment is; dependants use its interpreter."""
    env, windows = i["env"], i["os_info"]["platform"] == "windows"
    path = os.path.join(os.getcwd(), "venv")
    scripts = os.path.join(path, "Scripts" if windows else "bin")
    python = os.path.join(scripts, "python.exe" if windows else "python3")
    if not os.path.isfile(python):
        return {"return": 1, "error": f"the virtual environment has no interpreter: {python}"}
    env["CM_PYTHON_VENV_PATH"] = env["CM_VIRTUAL_ENV_PATH"] = path
    env["CM_VIRTUAL_ENV_DIR"] = "venv"
    env["CM_VIRTUAL_ENV_SCRIPTS_PATH"] = scripts
    env["CM_PYTHON_VENV_BIN_WITH_PATH"] = env["CM_PYTHON_BIN_WITH_PATH"] = python
    env["CM_PYTHON_BIN_PATH"], env["CM_PYTHON_BIN"] = os.path.split(python)
    # Only our own line: the engine appends it to what the caller already has.
    i["state"]["script_prefix"] = [activation(scripts, windows)]
    # The link breaks when the base interpreter goes, so the engine drops the entry then.
    env["CM_GET_DEPENDENT_CACHED_PATH"] = python
    name = env["CM_PYTHON_VENV_NAME"]
    result = {"return": 0, "add_extra_cache_tags": [f"name-{name}", f"_name.{name}"]}
    if env.get("CM_PYTHON_VERSION"):
        result["version"] = env["CM_DETECTED_VERSION"] = env["CM_PYTHON_VERSION"]
    return result


def activation(scripts, windows):
    """The line that makes a native script run inside the environment."""
    if windows:
        return f'call "{os.path.join(scripts, "activate.bat")}"'
    path = os.path.join(scripts, "activate").replace("'", "'\\''")
    return f". '{path}'"
