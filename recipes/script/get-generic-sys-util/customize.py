"""Find a program of the operating system, or say how to get it; installs it only when told to."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys

# program -> package, where the two differ; a manager that is not named uses the program's own name
_PACKAGES = {
    "g++": {"dnf": "gcc-c++", "yum": "gcc-c++", "zypper": "gcc-c++", "pacman": "gcc"},
    "xz": {"apt": "xz-utils"},
}


def preprocess(i):
    """Find the program; nothing else is changed unless the caller asked for an installation."""
    env = i["env"]
    name = str(env.get("CM_SYS_UTIL_NAME") or "")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+_-]*", name):
        return {"return": 1, "error": f"name a program, for example _tool.make (got {name!r})"}
    path = find(name)
    if not path and str(env.get("CM_SYS_UTIL_INSTALL", "")).lower() in ("yes", "true", "on", "1"):
        failed = install(name, env)
        if failed:
            return failed
        path = find(name)
    if not path:
        hint = " ".join(install_command(name, env)) or "the package manager of your system"
        return {
            "return": 16,
            "error": f"{name} is not installed; get it with: {hint} (or repeat this with --install=yes)",
        }
    env["CM_SYS_UTIL_WITH_PATH"] = path
    return {"return": 0}


def find(name):
    """Full path of a program in PATH or the folders of system programs, or an empty text."""
    folders = [os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"]
    return shutil.which(name, path=os.pathsep.join(folders)) or ""


def install_command(name, env):
    """The command that installs a program here; empty when the package manager is unknown."""
    manager = str(env.get("CM_HOST_OS_PACKAGE_MANAGER") or "")
    command = shlex.split(str(env.get("CM_HOST_OS_PACKAGE_MANAGER_INSTALL_CMD") or ""))
    package = _PACKAGES.get(name, {}).get(manager, name)
    return [*command, package] if command else []


def install(name, env):
    """Install a program; a failed return dictionary, or None."""
    command = install_command(name, env)
    if not command:
        return {"return": 1, "error": f"{name} is not installed, and the package manager of this system is unknown"}
    as_root = [] if os.name == "nt" or os.geteuid() == 0 or "brew" in command else ["sudo", "-n"]
    argv = [*as_root, "env", *command]
    print("installing:", " ".join(argv), file=sys.stderr, flush=True)
    try:
        status = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=2, check=False).returncode
    except OSError as error:
        return {"return": 1, "error": f"{' '.join(argv)}: {error}"}
    return {"return": 1, "error": f"{' '.join(argv)} ended with status {status}"} if status else None
