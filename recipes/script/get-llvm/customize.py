"""Find the LLVM compilers for C and C++."""

from __future__ import annotations

import os

from franca.hooks.compilers import describe_compilers
from franca.hooks.tool import Tool

CLANG = Tool("clang", "CM_LLVM_BIN_WITH_PATH", "CM_LLVM_VERSION", r"clang version\s+(\d[\d.]*\d)", "clang")
preprocess, detect_version = CLANG.find, CLANG.detect_version


def postprocess(i):
    """Describe the chosen compilers."""
    env = i["env"]
    answer = CLANG.chosen(i, detect_version(i))
    if answer["return"] == 0:
        path = env["CM_LLVM_BIN_WITH_PATH"]
        describe_compilers(env, "LLVM", path, os.path.basename(path).replace("clang", "clang++"), answer["version"])
    return answer
