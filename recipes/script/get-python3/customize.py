"""Find a Python 3 interpreter, or accept the one that the caller names; with a name, an environment made from it."""

from __future__ import annotations

import os
import sys

from franca.hooks.answers import NOT_FOUND, refuse
from franca.hooks.tool import Tool

PYTHON = Tool(
    "python3",
    "CM_PYTHON_BIN_WITH_PATH",
    "CM_PYTHON_VERSION",
    r"Python\s+(\d[\w.+]*)",
    extra_paths={"include": "+C_INCLUDE_PATH", "lib": "+LD_LIBRARY_PATH"},
)
detect_version = PYTHON.detect_version


def preprocess(i):
    """Choose the interpreter; the native script then asks it for its version."""
    env = i["env"]
    given = "" if env.get("CM_PYTHON_VENV_PATH") else str(env.get("CM_PYTHON_BIN_WITH_PATH", ""))
    # An environment of the caller is not what this recipe has found: it must not enter the cache.
    for key in [key for key in env if key.startswith(("CM_PYTHON_VENV_", "CM_VIRTUAL_ENV_"))]:
        del env[key]
    env["CM_TMP_PYTHON_NAMED"] = str(env.get("CM_NAME") or "").strip().lower()
    if given:
        return PYTHON.accept(env, given)
    env.pop("CM_PYTHON_BIN_WITH_PATH", None)
    found = PYTHON.find(i)
    return fall_back(i) if found["return"] == NOT_FOUND else found


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
    return refuse(
        f"no Python 3 interpreter with {limits} in {place}"
        " (name one with --input=/path/to/python3 or a folder with --path=/folder)",
        NOT_FOUND,
    )


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


def postprocess(i):
    """Describe the chosen interpreter, or that of the environment which was made with it."""
    env = i["env"]
    answer = PYTHON.chosen(i, detect_version(i))
    if answer["return"] > 0:
        return answer
    version = answer["version"]
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
    # Where both fit, entries are taken in the order of their tags: this one must come before named environments.
    first = [] if kind == "virtual" else ["base-interpreter"]
    return {"return": 0, "version": version, "add_extra_cache_tags": [f"version-{version}", kind, *first]}
