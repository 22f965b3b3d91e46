"""Bring a package of a Python index into a virtual environment of ours (why so: README.md)."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import subprocess
import sys


def helper():
    """The module beside this file that knows our environments."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "environment.py")
    spec = importlib.util.spec_from_file_location("franca_recipe_environment", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def preprocess(i):
    """Decide in which environment the package goes: this job's, or another when it does not fit there."""
    env = i["env"]
    package = str(env.get("CM_GENERIC_PYTHON_PACKAGE_NAME", "")).strip()
    if not package:
        names = ", ".join(sorted("_" + name for name in i["meta"]["variations"]))
        return {"return": 1, "error": f"name a package, for example _package.numpy or one of: {names}"}
    environment = helper()
    try:
        wanted = request(environment, package, env)
    except environment.BadRequirement as error:
        return {"return": 1, "error": str(error)}
    env["CM_TMP_PYTHON_LIB_REQUIREMENT"] = wanted
    env["CM_TMP_PYTHON_VENV_SWITCH"] = other_environment(environment, env, wanted)
    return {"return": 0}


def request(environment, package, env):
    """The requirement that the limits of this run make."""
    limit = {key: str(env.get(f"CM_{key}") or "").strip() for key in ("VERSION", "VERSION_MIN", "VERSION_MAX")}
    greatest = (limit["VERSION_MAX"], str(env.get("CM_VERSION_MAX_USABLE") or "").strip())
    return environment.requirement(package, limit["VERSION"], limit["VERSION_MIN"], greatest)


def other_environment(environment, env, wanted):
    """Name of the environment to switch to, empty to stay.

    Switches when the environment has gone, and when it holds the package in a version out of the limits while
    others rely on that version. An environment that the user named is theirs: there the version is changed.
    """
    name = str(env.get("CM_PYTHON_VENV_NAME") or "shared")
    venv = str(env.get("CM_PYTHON_VENV_PATH") or "")
    if not venv or environment.read_record(venv) is None:
        return name
    state, _ = environment.answer(venv, wanted)
    if state == "other" and (name == "shared" or name.startswith("fork-")):
        return "fork-" + fingerprint([*env.get("+CM_PYTHON_LIB_REQUESTS", []), wanted])
    return ""


def fingerprint(requests):
    """The same short name for the same set of requirements."""
    return hashlib.sha256("\n".join(sorted(set(requests))).encode()).hexdigest()[:12]


def postprocess(i):
    """Install what is missing and say what there is."""
    env = i["env"]
    environment = helper()
    venv, wanted = env["CM_PYTHON_VENV_PATH"], env["CM_TMP_PYTHON_LIB_REQUIREMENT"]
    earlier = [text for text in env.get("+CM_PYTHON_LIB_REQUESTS", []) if conflicts_not(environment, text, wanted)]
    missing = [text for text in (*earlier, wanted) if environment.answer(venv, text)[0] != "present"]
    if missing:
        failed = install(env, venv, missing, i.get("recursion_spaces", ""))
        if failed:
            return failed
    return describe(environment, env, venv, wanted)


def conflicts_not(environment, text, wanted):
    """Whether an earlier request of this job is about another package than this one."""
    return environment.split(text)[0] != environment.split(wanted)[0]


def install(env, venv, missing, indent):
    """Run the installer with the environment's interpreter; a failed return dictionary, or None."""
    argv = [env["CM_PYTHON_VENV_BIN_WITH_PATH"], "-I", helper().__file__, venv]
    for option, key in (("index-url", "INDEX_URL"), ("extra-index-url", "EXTRA_INDEX_URL")):
        value = str(env.get(f"CM_GENERIC_PYTHON_PIP_{key}") or "").strip()
        if value:
            argv.append(f"--{option}={value}")
    print(f"{indent}    - installing {' '.join(missing)} into {venv}", file=sys.stderr, flush=True)
    done = subprocess.run([*argv, *missing], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode == 0:
        return None
    return {"return": 2, "error": done.stderr.strip() + "\n" + advice(done.stderr, missing)}


def advice(text, missing):
    """What to try next, judged by pip's words."""
    package = re.split(r"[=<>\[]", missing[-1])[0]
    if "ResolutionImpossible" in text or "conflict" in text.lower():
        return (
            f"It does not go together with the packages there: give it an environment of its own with --venv={package}"
        )
    if "Could not find a version" in text or "No matching distribution" in text:
        return (
            "Check the name and the version; an older version may need an older Python (--adr.python3.version_max=...)"
        )
    return "Check the network and the settings of pip (pip config list)"


def describe(environment, env, venv, wanted):
    """Export where the package is and its version."""
    state, version = environment.answer(venv, wanted)
    if state != "present":
        return {"return": 2, "error": f"pip finished, but {wanted} is not in {venv} ({state} {version})"}
    package = re.split(r"[=<>\[]", wanted)[0]
    key = re.sub(r"[^A-Z0-9]", "_", package.upper())
    env["CM_PYTHON_LIB_NAME"], env["CM_PYTHON_LIB_VERSION"] = package, version
    env[f"CM_PYTHON_LIB_{key}_VERSION"] = version
    env[f"CM_PYTHON_LIB_{key}_PATH"] = environment.site_folder(venv)
    env[f"CM_PYTHONLIB_{key}_CACHE_TAGS"] = f"version-{version}"
    env["CM_TMP_PYTHON_LIB_VERSION_KEY"] = f"CM_{key}_VERSION"
    env[f"CM_{key}_VERSION"] = version
    # Only our own request: the engine appends it to those of the caller.
    env["+CM_PYTHON_LIB_REQUESTS"] = [wanted]
    return {"return": 0, "version": version}
