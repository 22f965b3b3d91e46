"""Find CMake."""

from __future__ import annotations

import os

from franca.hooks.tool import Tool

CMAKE = Tool("cmake", "CM_CMAKE_BIN_WITH_PATH", "CM_CMAKE_VERSION", r"cmake version\s+(\d[\d.]*\d)", "cmake")
preprocess, detect_version = CMAKE.find, CMAKE.detect_version


def postprocess(i):
    """Export what dependants use."""
    env = i["env"]
    answer = CMAKE.chosen(i, detect_version(i))
    if answer["return"] == 0:
        env["CM_CMAKE_CACHE_TAGS"] = f"version-{answer['version']}"
        env["CM_CMAKE_BIN_PATH"], env["CM_CMAKE_BIN"] = os.path.split(env["CM_CMAKE_BIN_WITH_PATH"])
        cores = env.get("CM_MAKE_CORES") or env.get("CM_HOST_CPU_TOTAL_CORES") or os.cpu_count() or 1
        env["CM_MAKE_CORES"] = str(cores)
    return answer
