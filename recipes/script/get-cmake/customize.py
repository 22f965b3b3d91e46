"""Find CMake."""

from __future__ import annotations

import os


def preprocess(i):
    """Choose the program; the native script then asks it for its version."""
    env = i["env"]
    given = str(env.get("CM_CMAKE_BIN_WITH_PATH") or "")
    if given:
        return (
            {"return": 0}
            if os.access(given, os.X_OK)
            else refuse(f"CM_CMAKE_BIN_WITH_PATH: {given} is not an executable file")
        )
    anchor(env)
    found = i["automation"].find_artifact(
        {
            "file_name": "cmake.exe" if i["os_info"]["platform"] == "windows" else "cmake",
            "default_path_env_key": "PATH",
            "env": env,
            "os_info": i["os_info"],
            "detect_version": True,
            "env_path_key": "CM_CMAKE_BIN_WITH_PATH",
            "run_script_input": i["run_script_input"],
            "recursion_spaces": i["recursion_spaces"],
        }
    )
    return refuse(NOT_FOUND, 16) if found["return"] == 16 else found


def anchor(env):
    """Make the given places absolute: the user named them from where they are, and here is the cache entry."""
    start = str(env.get("CM_TMP_CURRENT_PATH") or "")
    for key in ("CM_INPUT", "CM_TMP_PATH"):
        parts = str(env.get(key) or "").split(os.pathsep)
        if parts != [""]:
            env[key] = os.pathsep.join(os.path.join(start, os.path.expanduser(part)) for part in parts if part)


NOT_FOUND = (
    "cmake was not found in the searched folders (on Debian and Ubuntu: apt-get install cmake)."
    " Name one with --input=/path/to/cmake or a folder with --path=/folder"
)


def refuse(error, status=1):
    """A failed return dictionary."""
    return {"return": status, "error": error}


def detect_version(i):
    """Read the version that the native script wrote."""
    return i["automation"].parse_version(
        {
            "match_text": r"cmake version\s+(\d[\d.]*\d)",
            "group_number": 1,
            "env_key": "CM_CMAKE_VERSION",
            "which_env": i["env"],
        }
    )


def postprocess(i):
    """Describe the chosen program."""
    env = i["env"]
    found = detect_version(i)
    if found["return"] > 0:
        return found
    version, path = found["version"], env["CM_CMAKE_BIN_WITH_PATH"]
    if version == -1:
        return refuse(f"{path} is not cmake")
    describe(env, path, version)
    env["CM_GET_DEPENDENT_CACHED_PATH"] = path
    return {"return": 0, "version": version}


def describe(env, path, version):
    """Export what dependants use."""
    env["CM_CMAKE_VERSION"], env["CM_CMAKE_CACHE_TAGS"] = version, f"version-{version}"
    env["CM_CMAKE_BIN_PATH"], env["CM_CMAKE_BIN"] = os.path.split(path)
    env["CM_MAKE_CORES"] = str(env.get("CM_MAKE_CORES") or env.get("CM_HOST_CPU_TOTAL_CORES") or os.cpu_count() or 1)
