"""Find the GCC compilers for C and C++."""

from __future__ import annotations

import os

from franca.hooks.compilers import describe_compilers
from franca.hooks.tool import Tool

PATTERN = r"(?:gcc|g\+\+|GCC)[^\n]*\)\s*(\d[\d.]*\d)"
GCC = Tool("gcc", "CM_GCC_BIN_WITH_PATH", "CM_GCC_VERSION", PATTERN, "build-essential")
preprocess = GCC.find


def detect_version(i):
    """Read the version that the native script wrote."""
    # On macOS the name gcc is a link to clang.
    with open("tmp-ver.out", encoding="utf-8", errors="replace") as stream:
        if "clang" in stream.read().lower():
            return {"return": 0, "version": -1}
    return GCC.detect_version(i)


def postprocess(i):
    """Describe the chosen compilers."""
    env = i["env"]
    answer = GCC.chosen(i, detect_version(i))
    if answer["return"] == 0:
        path = env["CM_GCC_BIN_WITH_PATH"]
        describe_compilers(env, "GCC", path, os.path.basename(path).replace("gcc", "g++"), answer["version"])
    return answer
