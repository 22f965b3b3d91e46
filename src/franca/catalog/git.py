"""Running git: argument lists, no prompts, one clear error."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence

from franca.errors import Refused, Unavailable

_NETWORK = (
    "could not resolve", "unable to access", "could not read from remote", "connection", "timed out",
    "network is unreachable", "could not read username", "authentication failed", "terminal prompts disabled",
)  # fmt: skip

#: ext:: addresses run commands, nothing that we are given may use them; a folder inside a clone that looks like a
#: repository brings settings of its own, which may be commands as well.
_SAFE = ("-c", "protocol.ext.allow=never", "-c", "safe.bareRepository=explicit", "-c", "core.fsmonitor=false")

Say = Callable[[str], None]


def silent(line: str) -> None:
    """Says nothing."""


def git(arguments: Sequence[str], directory: str, *, say: Say = silent, secret: str = "") -> str:
    """Standard output of a git command. ``secret`` never appears in what is said or raised.

    Raises:
        Unavailable: git is missing, or failed; the message holds what it said.
    """
    program = shutil.which("git")
    if program is None:
        raise Unavailable("git is not installed", hint="install git, for instance: apt-get install git")
    shown = "git " + " ".join(arguments)
    say(_without(shown, secret))
    command = [program, *_SAFE, *arguments]
    environ = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_SSH_COMMAND": _ssh()}
    done = subprocess.run(
        command, cwd=directory, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode:
        raise _failure(_without(shown, secret), _without(done.stderr.decode("utf-8", "replace"), secret))
    return done.stdout.decode("utf-8", "replace")


def _ssh() -> str:
    return os.environ.get("GIT_SSH_COMMAND") or "ssh -oBatchMode=yes"


def _without(text: str, secret: str) -> str:
    return text.replace(secret, "***") if secret else text


def _failure(command: str, said: str) -> Unavailable:
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("Cloning into")]
    reason = "; ".join(lines[-3:]) or "it gave no reason"
    hint = ""
    if any(word in said.lower() for word in _NETWORK):
        hint = "check the address and the network connection, then run the command again"
    return Unavailable(f"{command} failed: {reason}", hint=hint)


def plain_word(word: str, what: str) -> str:
    """``word`` when git cannot take it for an option. Raises Refused."""
    if word.startswith("-") or not word.isprintable() or not word.strip():
        raise Refused(f"{word!r} is not a {what}")
    return word


def changed_files(directory: str) -> list[str]:
    """Tracked files that differ from the last commit."""
    out = git(["status", "--porcelain", "--untracked-files=no"], directory)
    return [line[3:] for line in out.splitlines()]
