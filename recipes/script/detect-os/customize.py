"""Facts about the operating system, read in process: no native script, no child process."""

from __future__ import annotations

import os

# package manager -> (distribution ids that use it, install command, refresh command)
_MANAGERS = {
    "apt": (("debian", "ubuntu"), "DEBIAN_FRONTEND=noninteractive apt-get install -y", "apt-get update -y"),
    "dnf": (("rhel", "fedora", "centos", "rocky", "almalinux"), "dnf install -y", "dnf update -y"),
    "yum": (("amzn",), "yum install -y --skip-broken", "yum update -y"),
    "pacman": (("arch",), "pacman -Sy --noconfirm", "pacman -Syu --noconfirm"),
    "zypper": (("sles", "suse", "opensuse", "opensuse-leap"), "zypper install -y", "zypper update -y"),
    "apk": (("alpine",), "apk add", "apk update"),
    "brew": (("macos",), "brew install", "brew update"),
    "choco": (("windows",), "choco install -y", "choco upgrade -y"),
}
_LIBRARY_FOLDERS = ("/usr/local/lib", "/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib64")


def preprocess(i):
    """Set every key at once; there is nothing to run afterwards."""
    env, state, os_info = i["env"], i["state"], i["os_info"]
    env["CM_HOST_OS_TYPE"] = os_info["platform"]
    env["CM_HOST_OS_BITS"] = os_info["bits"]
    env["CM_HOST_PYTHON_BITS"] = os_info["python_bits"]
    system, node, release, version, machine = uname()
    env["CM_HOST_OS_MACHINE"] = machine
    env["CM_HOST_PLATFORM_FLAVOR"] = machine
    env["CM_HOST_OS_KERNEL_VERSION"] = release
    env["CM_HOST_SYSTEM_NAME"] = node
    state["os_uname_machine"] = machine
    state["os_uname_all"] = " ".join(part for part in (system, node, release, version, machine) if part)
    env.update(distribution(os_info["platform"]))
    env.update(package_manager(env["CM_HOST_OS_FLAVOR"], env.get("CM_HOST_OS_FLAVOR_LIKE", "")))
    if os_info["platform"] == "linux":
        env["CM_HOST_OS_GLIBC_VERSION"] = glibc_version()
        env["+CM_HOST_OS_DEFAULT_LIBRARY_PATH"] = library_folders(machine)
    if os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv"):
        env["CM_RUN_INSIDE_DOCKER"] = "yes"
    return {"return": 0}


def uname():
    """System, host, release, version and machine. Asking ``platform`` costs as much as all the rest of this script."""
    if hasattr(os, "uname"):
        return tuple(os.uname())
    import platform

    return tuple(platform.uname())[:5]


def distribution(kind):
    """Name, relatives and version of the distribution as environment keys."""
    if kind == "linux":
        return linux_distribution(read_first(("/etc/os-release", "/usr/lib/os-release")))
    import platform

    version = platform.mac_ver()[0] if kind == "darwin" else platform.version()
    return {
        "CM_HOST_OS_FLAVOR": "macos" if kind == "darwin" else kind,
        "CM_HOST_OS_VERSION": version,
    }


def linux_distribution(text):
    """Keys from the text of an os-release file (format: os-release(5)); lower case as native script names want."""
    fields = {}
    for line in text.splitlines():
        key, separator, value = line.strip().partition("=")
        if separator and not key.startswith("#"):
            fields[key] = value
    return {
        "CM_HOST_OS_FLAVOR": unquote(fields.get("ID", "linux")).lower(),
        "CM_HOST_OS_FLAVOR_LIKE": unquote(fields.get("ID_LIKE", "")).lower(),
        "CM_HOST_OS_VERSION": unquote(fields.get("VERSION_ID", "")).lower(),
    }


def unquote(value):
    """The value of one os-release assignment, which is written in shell quoting."""
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    inner = value[1:-1] if quoted else value
    if not any(char in inner for char in ("\"'\\" if quoted else "\"'\\ \t")):
        return inner
    import shlex

    try:
        words = shlex.split(value)
    except ValueError:
        return value
    return words[0] if words else ""


def package_manager(flavor, flavor_like):
    """The package manager of a distribution and its commands; nothing when it is unknown."""
    names = [flavor, *flavor_like.split()]
    for name in names:
        for manager, (flavors, install, update) in _MANAGERS.items():
            if name in flavors:
                return {
                    "CM_HOST_OS_PACKAGE_MANAGER": manager,
                    "CM_HOST_OS_PACKAGE_MANAGER_INSTALL_CMD": install,
                    "CM_HOST_OS_PACKAGE_MANAGER_UPDATE_CMD": update,
                }
    return {}


def glibc_version():
    """Version of the C library, such as ``2.36``; empty with another library (musl)."""
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")[2]
    except (AttributeError, ValueError, OSError):
        return ""


def library_folders(machine):
    """Existing folders where a linker looks without being told."""
    triplet = f"{machine}-linux-gnu"
    multiarch = [f"{prefix}/{triplet}" for prefix in ("/usr/local/lib", "/lib", "/usr/lib")]
    return [folder for folder in (*multiarch, *_LIBRARY_FOLDERS) if os.path.isdir(folder)]


def read_first(paths):
    """Text of the first readable file, or an empty text."""
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="replace") as stream:
                return stream.read()
        except OSError:
            continue
    return ""
