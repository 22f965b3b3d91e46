"""Facts about this machine in the words that content expects (script engine, section 12.4)."""

from __future__ import annotations

import os
import sys

from franca.model.light import Any

_POSIX = {
    "bat_ext": ".sh",
    "set_env": 'export ${key}="${value}"',
    "env_separator": ":",
    "env_var": "${env_var}",
    "bat_rem": "# ${rem}",
    "run_local_bat": ". ./${bat_file}",
    "run_local_bat_from_python": 'bash -c ". ./${bat_file}"',
    "run_bat": ". ${bat_file}",
    "set_exec_file": 'chmod 755 "${file_name}"',
    "env_quote": '"',
}
_WINDOWS = {
    "bat_ext": ".bat",
    "set_env": "set ${key}=${value}",
    "env_separator": ";",
    "env_var": "%env_var%",
    "bat_rem": "rem ${rem}",
    "run_local_bat": "call ${bat_file}",
    "run_local_bat_from_python": "call ${bat_file}",
    "run_bat": "call ${bat_file}",
    "set_exec_file": "",
    "env_quote": "",
}


def platform_name() -> str:
    """``linux``, ``darwin`` or ``windows``."""
    if os.name == "nt":
        return "windows"
    return "darwin" if sys.platform == "darwin" else "linux"


def bits() -> str:
    """Width of the machine, as text."""
    return "64" if machine().endswith("64") else "32"


def machine() -> str:
    """The processor's architecture in the system's own word."""
    if hasattr(os, "uname"):
        return os.uname().machine
    import platform

    return platform.machine()


def os_info() -> dict[str, Any]:
    """A fresh ``os_info`` dictionary; content may change its copy."""
    name = platform_name()
    info: dict[str, Any] = {"platform": name, **(_WINDOWS if name == "windows" else _POSIX)}
    info["start_script"] = ["@echo off", ""] if name == "windows" else ["#!/bin/bash", ""]
    info["env"] = {}
    info["bits"] = bits()
    info["python_bits"] = "64" if sys.maxsize > 1 << 32 else "32"
    return info
