"""Find the LLVM compilers for C and C++."""

from __future__ import annotations

import os


def preprocess(i):
    """Choose the program; the native script then asks it for its version."""
    env = i["env"]
    given = str(env.get("CM_LLVM_BIN_WITH_PATH") or "")
    if given:
        return (
            {"return": 0}
            if os.access(given, os.X_OK)
            else refuse(f"CM_LLVM_BIN_WITH_PATH: {given} is not an executable file")
        )
    anchor(env)
    found = i["automation"].find_artifact(
        {
            "file_name": "clang.exe" if i["os_info"]["platform"] == "windows" else "clang",
            "default_path_env_key": "PATH",
            "env": env,
            "os_info": i["os_info"],
            "detect_version": True,
            "env_path_key": "CM_LLVM_BIN_WITH_PATH",
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
    "clang was not found in the searched folders (on Debian and Ubuntu: apt-get install clang)."
    " Name one with --input=/path/to/clang or a folder with --path=/folder"
)


def refuse(error, status=1):
    """A failed return dictionary."""
    return {"return": status, "error": error}


def detect_version(i):
    """Read the version that the native script wrote."""
    return i["automation"].parse_version(
        {
            "match_text": r"clang version\s+(\d[\d.]*\d)",
            "group_number": 1,
            "env_key": "CM_LLVM_VERSION",
            "which_env": i["env"],
        }
    )


def postprocess(i):
    """Describe the chosen program."""
    env = i["env"]
    found = detect_version(i)
    if found["return"] > 0:
        return found
    version, path = found["version"], env["CM_LLVM_BIN_WITH_PATH"]
    if version == -1:
        return refuse(f"{path} is not clang")
    describe(env, path, version)
    env["CM_GET_DEPENDENT_CACHED_PATH"] = path
    return {"return": 0, "version": version}


def describe(env, path, version):
    """Export what dependants use: the pair of compilers and the flags of each way of compiling."""
    folder, name = os.path.split(path)
    cxx = name.replace("clang", "clang++")
    env.update(
        {
            "CM_LLVM_VERSION": version,
            "CM_LLVM_BIN": name,
            "CM_LLVM_INSTALLED_PATH": folder,
            "CM_LLVM_CACHE_TAGS": f"version-{version}",
            "CM_COMPILER_FAMILY": "LLVM",
            "CM_COMPILER_VERSION": version,
            "CM_COMPILER_CACHE_TAGS": f"version-{version},family-llvm",
            "CM_C_COMPILER_BIN": name,
            "CM_C_COMPILER_WITH_PATH": path,
            "CM_CXX_COMPILER_BIN": cxx,
            "CM_CXX_COMPILER_WITH_PATH": os.path.join(folder, cxx),
        }
    )
    for language in ("C", "CXX"):
        env[f"CM_{language}_COMPILER_FLAG_OUTPUT"] = "-o "
        env[f"CM_{language}_COMPILER_FLAG_VERSION"] = "--version"
    for way, level in (("FAST", "-O3"), ("DEBUG", "-O0"), ("DEFAULT", "-O2")):
        env[f"CM_COMPILER_FLAGS_{way}"] = env[f"CM_LINKER_FLAGS_{way}"] = level
    chosen = [flags(env)]
    for key in ("+ CFLAGS", "+ CXXFLAGS", "+ FFLAGS", "+ LDFLAGS"):
        env[key] = list(chosen)


def flags(env):
    """The optimisation that the caller asked for."""
    for way in ("FAST", "DEBUG"):
        if str(env.get(f"CM_{way}_COMPILATION", "")).lower() in ("yes", "on", "1", "true"):
            return env[f"CM_COMPILER_FLAGS_{way}"]
    return env["CM_COMPILER_FLAGS_DEFAULT"]
