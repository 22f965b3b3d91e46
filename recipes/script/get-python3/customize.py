"""Find a Python 3 interpreter, or accept the one that the caller names; with a name, an environment made from it."""

from __future__ import annotations

import os
import sys


def preprocess(i):
    """Choose the interpreter; the native script then asks it for its version."""
    env = i["env"]
    given = "" if env.get("CM_PYTHON_VENV_PATH") else str(env.get("CM_PYTHON_BIN_WITH_PATH", ""))
    # An environment of the caller is not what this recipe has found: it must not enter the cache.
    for key in [key for key in env if key.startswith(("CM_PYTHON_VENV_", "CM_VIRTUAL_ENV_"))]:
        del env[key]
    env["CM_TMP_PYTHON_NAMED"] = str(env.get("CM_NAME") or "").strip().lower()
    if given:
        return accept(env, given)
    env.pop("CM_PYTHON_BIN_WITH_PATH", None)
    anchor(env)
    found = search(i)
    if found["return"] == 16:
        return fall_back(i)
    return found


def anchor(env):
    """Make the given places absolute: the user named them from where they are, and here is the cache entry."""
    start = str(env.get("CM_TMP_CURRENT_PATH") or "")
    for key in ("CM_INPUT", "CM_TMP_PATH"):
        parts = str(env.get(key) or "").split(os.pathsep)
        if parts != [""]:
            env[key] = os.pathsep.join(os.path.join(start, os.path.expanduser(part)) for part in parts if part)


def accept(env, path):
    """Take an interpreter that the caller named by environment or variation."""
    if not os.path.isfile(path) or not os.access(path, os.X_OK):
        return {"return": 1, "error": f"CM_PYTHON_BIN_WITH_PATH: {path} is not an executable file"}
    env["CM_PYTHON_BIN_WITH_PATH"] = os.path.abspath(path)
    return {"return": 0}


def search(i):
    """Let the engine search ``--input``, ``--path`` or PATH and choose by version."""
    windows = i["os_info"]["platform"] == "windows"
    return i["automation"].find_artifact(
        {
            "file_name": "python.exe" if windows else "python3",
            "default_path_env_key": "PATH",
            "env": i["env"],
            "os_info": i["os_info"],
            "detect_version": True,
            "env_path_key": "CM_PYTHON_BIN_WITH_PATH",
            "run_script_input": i["run_script_input"],
            "recursion_spaces": i["recursion_spaces"],
            "extra_paths": {"include": "+C_INCLUDE_PATH", "lib": "+LD_LIBRARY_PATH"},
        }
    )


def fall_back(i):
    """No candidate was found: use the interpreter that runs the engine when it meets the request."""
    env = i["env"]
    wanted = {key: str(env.get(f"CM_{key}", "") or "") for key in ("VERSION", "VERSION_MIN", "VERSION_MAX")}
    own = ".".join(str(part) for part in sys.version_info[:3])
    asked_for_place = env.get("CM_TMP_PATH") or env.get("CM_INPUT")
    if not asked_for_place and sys.executable and suits(own, wanted):
        env["CM_PYTHON_BIN_WITH_PATH"] = sys.executable
        return {"return": 0}
    limits = ", ".join(f"{key.lower()} {value}" for key, value in wanted.items() if value) or "any version"
    place = asked_for_place or "PATH"
    return {
        "return": 16,
        "error": f"no Python 3 interpreter with {limits} in {place}"
        " (name one with --input=/path/to/python3 or a folder with --path=/folder)",
    }


def suits(version, wanted):
    """Whether a version meets the exact, least and greatest version of a request (empty: no limit)."""
    mine = numbers(version)
    if wanted["VERSION"] and mine != numbers(wanted["VERSION"]):
        return False
    if wanted["VERSION_MIN"] and mine < numbers(wanted["VERSION_MIN"]):
        return False
    return not (wanted["VERSION_MAX"] and mine > numbers(wanted["VERSION_MAX"]))


def numbers(version):
    """``3.11.7rc1`` -> (3, 11, 7): leading digits of every part."""
    parts = []
    for part in version.split("."):
        digits = "".join(c for c in part if c.isdigit()) if part[:1].isdigit() else ""
        parts.append(int(digits or 0))
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def detect_version(i):
    """Read the version that the native script wrote."""
    return i["automation"].parse_version(
        {
            "match_text": r"Python\s+(\d[\w.+]*)",
            "group_number": 1,
            "env_key": "CM_PYTHON_VERSION",
            "which_env": i["env"],
        }
    )


def postprocess(i):
    """Describe the chosen interpreter, or that of the environment which was made with it."""
    env = i["env"]
    found = detect_version(i)
    if found["return"] > 0:
        return found
    version = found["version"]
    path = env["CM_PYTHON_BIN_WITH_PATH"]
    env["CM_PYTHON_BIN_PATH"], env["CM_PYTHON_BIN"] = os.path.split(path)
    parts = [*version.split("."), "", "", ""]
    for name, value in zip(("MAJOR", "MINOR", "PATCH"), parts, strict=False):
        env[f"CM_PYTHON_{name}_VERSION"] = value
    kind = "non-virtual"
    if env.get("CM_TMP_PYTHON_NAMED"):
        kind = "virtual"
        env["+PATH"] = [env["CM_VIRTUAL_ENV_SCRIPTS_PATH"], *env.get("+PATH", [])]
    env["CM_PYTHON_CACHE_TAGS"] = f"version-{version},{kind}"
    # The engine drops a cache entry whose file has gone.
    env["CM_GET_DEPENDENT_CACHED_PATH"] = path
    # Where both fit, entries are taken in the order of their tags: this one must come before named environments.
    first = [] if kind == "virtual" else ["base-interpreter"]
    return {"return": 0, "version": version, "add_extra_cache_tags": [f"version-{version}", kind, *first]}
