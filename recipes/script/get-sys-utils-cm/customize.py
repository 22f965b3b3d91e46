"""Look whether the usual programs that scripts call are on this machine.

Missing ones are named with the command that installs them; that is no failure, because most scripts need only a few.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys

PROGRAMS = ("bash", "git", "curl", "wget", "tar", "gzip", "bzip2", "xz", "unzip", "make", "cmake", "gcc", "g++", "file")
_PACKAGES = {
    "apt": {"xz": "xz-utils"},
    "dnf": {"g++": "gcc-c++"},
    "yum": {"g++": "gcc-c++"},
    "zypper": {"g++": "gcc-c++"},
    "pacman": {"g++": "gcc"},
}


def preprocess(i):
    """Name what is missing, and install it only when the caller asked for it."""
    env = i["env"]
    if is_on(env, "CM_SKIP_SYS_UTILS"):
        return {"return": 0}
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing and is_on(env, "CM_SYS_UTILS_INSTALL"):
        status = install(missing, env)
        if status:
            return {"return": 1, "error": f"installing {', '.join(missing)} ended with status {status}"}
        missing = [name for name in missing if not shutil.which(name)]
    env["CM_SYS_UTILS_MISSING"] = ",".join(missing)
    if missing:
        hint = " ".join(command(missing, env)) or "the package manager of this system"
        print(
            f"missing: {', '.join(missing)}; get them with: {hint} (or repeat this with --install=yes)", file=sys.stderr
        )
    return {"return": 0}


def is_on(env, key):
    """Whether a switch is set."""
    return str(env.get(key, "")).lower() in ("yes", "true", "on", "1")


def command(missing, env):
    """The command that installs programs here; empty when the package manager is unknown."""
    words = shlex.split(str(env.get("CM_HOST_OS_PACKAGE_MANAGER_INSTALL_CMD") or ""))
    names = _PACKAGES.get(str(env.get("CM_HOST_OS_PACKAGE_MANAGER") or ""), {})
    return [*words, *dict.fromkeys(names.get(name, name) for name in missing)] if words else []


def install(missing, env):
    """Status of the installation."""
    words = command(missing, env)
    if not words:
        return "unknown (no known package manager)"
    as_root = [] if os.name == "nt" or os.geteuid() == 0 or "brew" in words else ["sudo", "-n"]
    try:
        argv = [*as_root, "env", *words]
        return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=2, check=False).returncode
    except OSError as error:
        return str(error)
