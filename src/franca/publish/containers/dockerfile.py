"""The text of a Dockerfile. Whatever comes from outside is quoted for the place where it stands."""

from __future__ import annotations

import json
from collections.abc import Sequence

from franca.publish.containers import image
from franca.publish.containers.settings import Settings


def dockerfile(
    settings: Settings,
    *,
    commands: Sequence[str],
    copies: Sequence[tuple[str, str]] = (),
    content: Sequence[tuple[str, str]] = (),
) -> str:
    """The whole text. What is the same for every script comes first, so that their images share it.

    Args:
        commands: command lines to run while building, as the account of the image.
        copies: (source in the build context, target in the image), for the installation.
        content: the same, of the script itself.

    Raises:
        UsageError: a value that has no place in a Dockerfile.
    """
    base, user, home = image.base_image(settings), image.account(settings), settings.home
    lines = [
        "# Generated; change the script, not this file.",
        f"FROM {base}",
        "ARG UID=1000",
        "ARG GID=1000",
        "ARG IMAGE_UID=$UID",
        *map(_run, image.system_commands(settings)),
        *([] if user == "root" else [_run(_account(user))]),
        *_env(image.variables(settings)),
        f"USER {user}",
        f"WORKDIR {home}",
        *(_copy(source, target, user) for source, target in copies),
        _run(image.install_command(settings, f"{home}/venv")),
        f'ENV PATH="{home}/venv/bin:$PATH"',
        *(_copy(source, target, user) for source, target in content),
        *map(_run, commands),
        'CMD ["/bin/bash"]',
    ]
    return "\n".join([*lines, ""])


def _account(user: str) -> str:
    """An account with the caller's numbers, so that files in mounted folders are the caller's; one may be there.

    bash has a variable UID of its own, which no build argument can change: hence the second name.
    """
    return (
        'if old="$(getent passwd "$IMAGE_UID" | cut -d: -f1)" && [ -n "$old" ]; then userdel -r "$old" || true; fi; '
        f'getent group "$GID" >/dev/null || groupadd -g "$GID" {user}; '
        f'useradd -m -u "$IMAGE_UID" -g "$GID" -s /bin/bash {user}'
    )


def _run(command: str) -> str:
    """A RUN line in the form that takes any text, newlines included."""
    return "RUN " + json.dumps(["/bin/bash", "-euc", command])


def _copy(source: str, target: str, user: str) -> str:
    return f"COPY --chown={user} " + json.dumps([source, target])


def _env(variables: Sequence[tuple[str, str]]) -> list[str]:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'

    return ["ENV " + " ".join(f"{name}={quoted(text)}" for name, text in variables)] if variables else []
