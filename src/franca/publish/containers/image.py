"""What goes into an image, whichever engine makes it: checked values, and the shell commands that install."""

from __future__ import annotations

import re
from collections.abc import Iterable

from franca.errors import UsageError
from franca.grammar.shell import is_name, quote
from franca.publish.containers.settings import Settings

#: Programs that scripts take for granted, and the packages that bring them.
_PROGRAMS = ("python3", "git", "wget")
_PACKAGES = ("python3", "python3-pip", "git", "wget", "ca-certificates")
_INSTALL = {
    "apt": "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y {} && rm -rf /var/lib/apt/lists/*",
    "dnf": "dnf install -y {} && dnf clean all",
}
_MORE = {"apt": ("python3-venv",), "dnf": ("shadow-utils",)}
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9./:@_-]*")
_PATH = re.compile(r"/[A-Za-z0-9./:@_-]*")
_SYSTEM_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+:_-]*")
_ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]*")


def base_image(settings: Settings, *, path: bool = False) -> str:
    """The base; ``path``: it may be a place in the file system. Raises UsageError for anything else."""
    if path and _PATH.fullmatch(settings.base_image):
        return settings.base_image
    return _checked(_IMAGE, settings.base_image, "docker_base_image", "the name of an image")


def account(settings: Settings) -> str:
    return _checked(_ACCOUNT, settings.user, "docker_user", "the name of an account")


def system_commands(settings: Settings) -> list[str]:
    """Install what scripts take for granted, unless the base image has it, and what the script asks for."""
    manager = "apt" if settings.os in ("ubuntu", "debian") else "dnf"
    for name in settings.extra_sys_deps:
        _checked(_SYSTEM_PACKAGE, name, "docker_extra_sys_deps", "the name of a package")
    usual = _INSTALL[manager].format(" ".join((*_PACKAGES, *_MORE[manager])))
    present = " && ".join([*(f"command -v {name}" for name in _PROGRAMS), "python3 -c 'import ensurepip, venv'"])
    commands = [f"{{ {present}; }} > /dev/null 2>&1 || {{ {usual}; }}"]
    if settings.extra_sys_deps:
        commands.append(_INSTALL[manager].format(" ".join(settings.extra_sys_deps)))
    return commands


def install_command(settings: Settings, folder: str) -> str:
    """Make the environment ``folder`` with Franca in it."""
    what = " ".join(quote(word) for word in settings.package.split())
    return f"python3 -m venv {folder} && {folder}/bin/pip install --no-cache-dir {what}"


def copied_files(settings: Settings) -> list[tuple[str, str]]:
    """(source, target) of ``copy_files``: ``SOURCE:TARGET``, or the two with a blank between."""
    return [_pair(text) for text in settings.copy_files]


def _pair(text: str) -> tuple[str, str]:
    parts: Iterable[str] = text.split(":") if ":" in text else text.split()
    words = list(parts)
    if len(words) != 2 or "\n" in text or not all(words):
        raise UsageError(f"docker_copy_files: {text!r} is not SOURCE:TARGET")
    return words[0], words[1]


def variables(settings: Settings) -> list[tuple[str, str]]:
    """The variables of the image, by name. Raises UsageError for one that an image cannot hold."""
    out = []
    for name, value in sorted(settings.dockerfile_env.items()):
        text = str(value)
        if not is_name(name) or "\n" in text or "\0" in text:
            raise UsageError(f"docker_dockerfile_env: {name}={text!r} is no variable of an image", hint="use one line")
        out.append((name, text))
    return out


def _checked(pattern: re.Pattern[str], text: str, key: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise UsageError(f"{key}: {text!r} is not {what}")
    return text
