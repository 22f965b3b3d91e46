"""The text of a Dockerfile. Whatever comes from outside is quoted for the place where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from franca.errors import UsageError
from franca.grammar.shell import is_name, quote
from franca.publish.containers.settings import Settings

_PACKAGES = ("python3", "python3-pip", "git", "wget", "ca-certificates")
_INSTALL = {
    "apt": "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y {} && rm -rf /var/lib/apt/lists/*",
    "dnf": "dnf install -y {} && dnf clean all",
}
_MORE = {"apt": ("python3-venv",), "dnf": ("shadow-utils",)}
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9./:@_-]*")
_SYSTEM_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+:_-]*")
_ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]*")


def dockerfile(settings: Settings, *, commands: Sequence[str], copies: Sequence[tuple[str, str]] = ()) -> str:
    """The whole text.

    Args:
        commands: command lines to run while building, as the account of the image.
        copies: (source in the build context, target in the image).

    Raises:
        UsageError: a value that has no place in a Dockerfile.
    """
    _checked(_IMAGE, settings.base_image, "docker_base_image", "the name of an image")
    user = _checked(_ACCOUNT, settings.user, "docker_user", "the name of an account")
    home = "/root" if user == "root" else f"/home/{user}"
    copied = [*copies, *map(_pair, settings.copy_files)]
    wheels = [target for source, target in copies if source.endswith(".whl")]
    lines = [
        "# Generated; change the script, not this file.",
        f"FROM {settings.base_image}",
        "ARG UID=1000",
        "ARG GID=1000",
        _run(_system(settings)),
        *([] if user == "root" else [_run(_account(user))]),
        *(_env(name, value) for name, value in sorted(settings.dockerfile_env.items())),
        f"USER {user}",
        f"WORKDIR {home}",
        *(_copy(source, target, user) for source, target in copied),
        _run(f"python3 -m venv {home}/venv && {home}/venv/bin/pip install --no-cache-dir "
             + " ".join(quote(word) for word in wheels or settings.package.split())),
        f'ENV PATH="{home}/venv/bin:$PATH"',
        *map(_run, commands),
        'CMD ["/bin/bash"]',
    ]  # fmt: skip
    return "\n".join([*lines, ""])


def _system(settings: Settings) -> str:
    manager = "apt" if settings.os in ("ubuntu", "debian") else "dnf"
    names = [*_PACKAGES, *_MORE[manager], *settings.extra_sys_deps]
    for name in names:
        _checked(_SYSTEM_PACKAGE, name, "docker_extra_sys_deps", "the name of a package")
    return _INSTALL[manager].format(" ".join(names))


def _account(user: str) -> str:
    """An account with the caller's numbers, so that files in mounted folders are the caller's; one may be there."""
    return (
        'if old="$(getent passwd "$UID" | cut -d: -f1)" && [ -n "$old" ]; then userdel -r "$old" || true; fi; '
        f'getent group "$GID" >/dev/null || groupadd -g "$GID" {user}; '
        f'useradd -m -u "$UID" -g "$GID" -s /bin/bash {user}'
    )


def _run(command: str) -> str:
    """A RUN line in the form that takes any text, newlines included."""
    return "RUN " + json.dumps(["/bin/bash", "-euc", command])


def _copy(source: str, target: str, user: str) -> str:
    return f"COPY --chown={user} " + json.dumps([source, target])


def _pair(text: str) -> tuple[str, str]:
    parts: Iterable[str] = text.split(":") if ":" in text else text.split()
    words = list(parts)
    if len(words) != 2 or "\n" in text:
        raise UsageError(f"docker_copy_files: {text!r} is not SOURCE:TARGET")
    return words[0], words[1]


def _env(name: str, value: object) -> str:
    text = str(value)
    if not is_name(name) or "\n" in text:
        raise UsageError(f"docker_dockerfile_env: {name}={text!r} is no variable of an image", hint="use one line")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'ENV {name}="{escaped}"'


def _checked(pattern: re.Pattern[str], text: str, key: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise UsageError(f"{key}: {text!r} is not {what}")
    return text
