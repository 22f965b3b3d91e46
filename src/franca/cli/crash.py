"""A file with what is needed to find out why Franca itself failed."""

from __future__ import annotations

import os
import platform
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence

from franca import __version__
from franca.grammar.shell import command_line

_SECRET = ("pat", "token", "password", "secret", "key")


def write_report(error: BaseException, words: Sequence[str], environ: Mapping[str, str]) -> str:
    """Write the traceback and the command (values of secret-looking options left out); returns the path."""
    text = "\n".join([
        f"franca {__version__}, Python {platform.python_version()}, {platform.platform()}",
        "command: " + command_line(["franca", *map(_without_secret, words)]),
        "",
        "".join(traceback.format_exception(type(error), error, error.__traceback__)),
    ])  # fmt: skip
    name = f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    root = environ.get("CM_REPOS", "").strip() or os.path.join(os.path.expanduser("~"), "CM")
    for folder in (os.path.join(root, ".franca", "crashes"), tempfile.gettempdir()):
        try:
            os.makedirs(folder, exist_ok=True)
            path = os.path.join(folder, name)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(text)
            return path
        except OSError:
            continue
    return "(no place to write it)"


def _without_secret(word: str) -> str:
    key, equals, _ = word.partition("=")
    return f"{key}=..." if equals and any(mark in key.lower() for mark in _SECRET) else word
