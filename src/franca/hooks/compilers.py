"""What a pair of C and C++ compilers exports for the recipes that compile."""

from __future__ import annotations

import os
from typing import Any

TRUE = ("yes", "on", "1", "true")
LEVELS = {"FAST": "-O3", "DEBUG": "-O0", "DEFAULT": "-O2"}  #: optimisation of each way of compiling


def describe_compilers(env: dict[str, Any], family: str, path: str, cxx_name: str, version: str) -> None:
    """Set the keys of a compiler: its files, version, and the flags of each way of compiling.

    Args:
        family: ``GCC`` or ``LLVM``; names the keys.
        path: the C compiler.
        cxx_name: the name of the C++ compiler beside it.
    """
    folder, name = os.path.split(path)
    env.update(
        {
            f"CM_{family}_BIN": name,
            f"CM_{family}_INSTALLED_PATH": folder,
            f"CM_{family}_CACHE_TAGS": f"version-{version}",
            "CM_COMPILER_FAMILY": family,
            "CM_COMPILER_VERSION": version,
            "CM_COMPILER_CACHE_TAGS": f"version-{version},family-{family.lower()}",
            "CM_C_COMPILER_BIN": name,
            "CM_C_COMPILER_WITH_PATH": path,
            "CM_CXX_COMPILER_BIN": cxx_name,
            "CM_CXX_COMPILER_WITH_PATH": os.path.join(folder, cxx_name),
        }
    )
    for language in ("C", "CXX"):
        env[f"CM_{language}_COMPILER_FLAG_OUTPUT"] = "-o "
        env[f"CM_{language}_COMPILER_FLAG_VERSION"] = "--version"
    for way, level in LEVELS.items():
        env[f"CM_COMPILER_FLAGS_{way}"] = env[f"CM_LINKER_FLAGS_{way}"] = level
    for key in ("+ CFLAGS", "+ CXXFLAGS", "+ FFLAGS", "+ LDFLAGS"):
        env[key] = [LEVELS[asked_way(env)]]


def asked_way(env: dict[str, Any]) -> str:
    """The way of compiling that the caller asked for."""
    for way in ("FAST", "DEBUG"):
        if str(env.get(f"CM_{way}_COMPILATION", "")).lower() in TRUE:
            return way
    return "DEFAULT"
