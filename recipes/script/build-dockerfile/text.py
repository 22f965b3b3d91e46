"""The text of a Dockerfile for a script. Everything that comes from outside is quoted for the place where it stands."""

from __future__ import annotations

import json
import re
import shlex

USER = "cmuser"
# programs that scripts take for granted; packages are installed only where the base image lacks one
_PROGRAMS = ("python3", "git", "wget")
_PACKAGES = ("python3", "python3-pip", "git", "wget", "ca-certificates")
# distribution -> (image, default version, install command, clean-up, more packages)
_SYSTEMS = {
    "ubuntu": ("ubuntu", "24.04", "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y", "apt"),
    "debian": ("debian", "12", "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y", "apt"),
    "rhel": ("registry.access.redhat.com/ubi9", "latest", "dnf install -y", "dnf"),
    "fedora": ("fedora", "41", "dnf install -y", "dnf"),
}
_CLEAN = {"apt": "rm -rf /var/lib/apt/lists/*", "dnf": "dnf clean all"}
_MORE = {"apt": ("python3-venv",), "dnf": ("shadow-utils",)}


class BadRequest(ValueError):
    """A value that has no place in a Dockerfile."""


def base_image(system, version, given=""):
    """The image to start from; raises BadRequest."""
    if system not in _SYSTEMS:
        raise BadRequest(f"docker_os {system!r}: expected one of {', '.join(_SYSTEMS)}")
    image = given or f"{_SYSTEMS[system][0]}:{version or _SYSTEMS[system][1]}"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9./:@_-]*", image):
        raise BadRequest(f"{image!r} is not the name of an image")
    return image


def dockerfile(system, image, *, package, packages=(), variables=(), copies=(), commands=(), comments=()):
    """The whole text. ``variables`` are pairs, ``copies`` 'source target' texts, ``commands`` shell command lines."""
    lines = ["# Generated; change the script, not this file.", *(f"# {one_line(text)}" for text in comments)]
    lines += [f"FROM {image}", "ARG UID=1000", "ARG GID=1000", "ARG IMAGE_UID=$UID"]
    lines += [run(command) for command in (*system_commands(system, packages), account())]
    lines += [f"ENV {name}={quoted(value)}" for name, value in (checked(pair) for pair in variables)]
    lines += [f"USER {USER}", f"WORKDIR /home/{USER}"]
    lines += [copy(text) for text in copies]
    lines += [
        run(f"python3 -m venv /home/{USER}/venv && /home/{USER}/venv/bin/pip install --no-cache-dir {word(package)}")
    ]
    lines += [f'ENV PATH="/home/{USER}/venv/bin:$PATH"']
    lines += [run(command) for command in commands]
    return "\n".join([*lines, 'CMD ["/bin/bash"]', ""])


def system_commands(system, packages):
    """Install what every script takes for granted, unless it is there, and then the packages that were asked for."""
    _, _, install, manager = _SYSTEMS[system]
    for name in packages:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+:_-]*", name):
            raise BadRequest(f"extra_sys_deps: {name!r} is not the name of a package")
    tests = [*(f"command -v {name}" for name in _PROGRAMS), "python3 -c 'import ensurepip, venv'"]
    usual = f"{install} {' '.join((*_PACKAGES, *_MORE[manager]))} && {_CLEAN[manager]}"
    commands = [f"{{ {' && '.join(tests)}; }} > /dev/null 2>&1 || {{ {usual}; }}"]
    if packages:
        commands.append(f"{install} {' '.join(packages)} && {_CLEAN[manager]}")
    return commands


def account():
    """Make the account of the image; an account with the wanted number may be there already (ubuntu has one).

    bash has a UID of its own, which no build argument can change: hence the second name.
    """
    return (
        'if old="$(getent passwd "$IMAGE_UID" | cut -d: -f1)" && [ -n "$old" ]; then userdel -r "$old" || true; fi; '
        f'getent group "$GID" >/dev/null || groupadd -g "$GID" {USER}; '
        f'useradd -m -u "$IMAGE_UID" -g "$GID" -s /bin/bash {USER}'
    )


def run(command):
    """A RUN line in the form that takes any text, newlines included."""
    return "RUN " + json.dumps(["/bin/bash", "-euc", command], ensure_ascii=False)


def copy(text):
    """A COPY line from 'source target' or 'source:target'."""
    parts = text.split(":") if ":" in text else text.split()
    if len(parts) != 2 or "\n" in text:
        raise BadRequest(f"copy_files {text!r}: expected source:target")
    return f"COPY --chown={USER} " + json.dumps(parts, ensure_ascii=False)


def checked(pair):
    """A variable whose name is one; raises BadRequest."""
    name, value = pair
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", str(name)):
        raise BadRequest(f"{name!r} is not the name of a variable")
    return name, str(value)


def quoted(value):
    """A value of ENV; the builder would expand dollar signs."""
    if "\n" in value:
        raise BadRequest(f"value {value!r}: a variable of an image holds one line")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'


def word(text):
    """One shell word."""
    return shlex.quote(text)


def one_line(text):
    """A comment without line breaks."""
    return " ".join(str(text).split())
