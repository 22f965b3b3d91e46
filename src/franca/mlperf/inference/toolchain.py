"""Software beside the packages that a result stands on: the compiler, and the container around it (section 18.1)."""

from __future__ import annotations

import re
import shutil
import subprocess

from franca.mlperf.inference.machine import Machine

PATIENCE_S = 20.0  #: a driver that hangs must not hold up a benchmark
_IN_DOCKER = "/.dockerenv"


def compiler() -> str:
    """``gcc-12.2.0``; "" without one."""
    found = _version(["gcc", "-dumpfullversion", "-dumpversion"])
    return f"gcc-{found}" if found else ""


def container(machine: Machine) -> str:
    """Version of the Docker that this runs in, ``unknown`` where it cannot be asked from inside; "" outside of one."""
    inside = bool(machine.names(_IN_DOCKER))
    return (_version(["docker", "--version"]) or "unknown") if inside else ""


def answer_of(argv: list[str]) -> str:
    """What a tool prints; "" where there is no such tool, or it fails or hangs."""
    if not shutil.which(argv[0]):
        return ""
    try:
        done = subprocess.run(argv, capture_output=True, timeout=PATIENCE_S, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace")


def _version(argv: list[str]) -> str:
    found = re.search(r"\d+(?:\.\d+)*", answer_of(argv))
    return found[0] if found else ""
