"""What the two sides of an isolated hook say to each other: one JSON text a line, over two pipes.

Nothing here can carry code. Text that is no valid Unicode (paths, mostly) survives, because everything outside ASCII
is escaped. Keys become text and tuples lists, as they do in every file that CM content exchanges.
"""

from __future__ import annotations

import json
import os
import select
import time
from typing import Any

from franca import errors
from franca.errors import FrancaError, HookFailed, Location
from franca.model.artifact import Artifact, Repo
from franca.model.dialect import DIALECTS
from franca.model.ids import ObjectRef
from franca.model.script import Script

Message = dict[str, Any]

#: What a hook may change; its changes go back.
LIVE = ("env", "state", "const", "const_state", "meta", "run_state")
LONGEST = 256 << 20  #: bytes of one message; more is a mistake
_ERROR_PARTS = ("hint", "log", "step", "status", "classic")


class Gone(Exception):
    """The other side has ended or closed its pipe."""


class Late(Exception):
    """The other side has not answered in time."""


class Talk:
    """One side's ends of the two pipes. ``default`` makes text of what JSON cannot hold; without it that is refused."""

    def __init__(self, reading: int, writing: int, *, default: Any = None) -> None:
        self.default = default
        self.reading, self.writing = reading, writing
        self._kept = bytearray()

    def say(self, message: Message) -> None:
        """Raises Gone; TypeError or ValueError when the message holds what JSON cannot."""
        data = memoryview(json.dumps(message, default=self.default).encode("ascii") + b"\n")
        try:
            while data:
                data = data[os.write(self.writing, data) :]
        except OSError as error:
            raise Gone from error

    def hear(self, *, deadline: float = 0.0, ended: Any = None) -> Message:
        """The next message.

        Args:
            deadline: by the monotonic clock; 0 for none.
            ended: asked now and then whether the other side lives: its children may keep the pipe open.

        Raises Gone, Late, and ValueError for what is no message.
        """
        searched = 0
        while (end := self._kept.find(b"\n", searched)) < 0:
            searched = len(self._kept)
            if searched > LONGEST:
                raise ValueError("the message is too long")
            self._kept += self._more(deadline, ended)
        line = bytes(self._kept[:end])
        del self._kept[: end + 1]
        try:
            message = json.loads(line)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        if not isinstance(message, dict):
            raise ValueError("a mapping was expected")
        return message

    def _more(self, deadline: float, ended: Any) -> bytes:
        while True:
            left = min(0.5, deadline - time.monotonic()) if deadline else 0.5
            if left <= 0:
                raise Late
            over = ended is not None and ended()  # asked first: what it wrote before its end is read still
            if select.select([self.reading], [], [], 0 if over else left)[0]:
                data = os.read(self.reading, 1 << 16)
                if data:
                    return data
                raise Gone
            if over:
                raise Gone

    def close(self) -> None:
        for descriptor in (self.reading, self.writing):
            try:
                os.close(descriptor)
            except OSError:  # closed before
                pass


# --- errors ------------------------------------------------------------------------------------------


def error_data(error: FrancaError) -> Message:
    where = error.where
    return {
        "class": type(error).__name__,
        "message": error.message,
        "where": [where.path, where.line, where.column, where.key] if where else None,
        **{name: getattr(error, name) for name in _ERROR_PARTS if hasattr(error, name)},
    }


def error_from(data: Message) -> FrancaError:
    """The error that ``data`` tells of; of the general class when its own is not known."""
    kind = getattr(errors, str(data.get("class")), None)
    if not (isinstance(kind, type) and issubclass(kind, FrancaError)):
        kind = HookFailed
    where = data.get("where")
    place = Location(str(where[0]), int(where[1]), int(where[2]), str(where[3])) if where else None
    error: FrancaError = kind(str(data.get("message")), where=place)
    for name in _ERROR_PARTS:
        if name in data:
            setattr(error, name, int(data[name]) if name == "status" else str(data[name]))
    return error


# --- scripts -----------------------------------------------------------------------------------------


def script_data(script: Script) -> Message:
    """A script, its meta as the catalog read it."""
    one, repo = script.artifact, script.repo
    return {
        "ref": [one.ref.alias, one.ref.uid],
        "kind": [one.kind.alias, one.kind.uid],
        "tags": list(one.tags),
        "path": one.path,
        "meta": one.meta,
        "original_meta": one.original_meta,
        "meta_files": list(one.files),
        "files": sorted(script.files),
        "repo": {
            "ref": [repo.ref.alias, repo.ref.uid],
            "path": repo.path,
            "prefix": repo.prefix,
            "dialect": repo.dialect.name,
            "meta": repo.meta,
            "writable": repo.writable,
            "trusted": repo.trusted,
        },
    }


def script_from(data: Message) -> Script:
    place = data["repo"]
    repo = Repo(
        ObjectRef(*place["ref"]),
        place["path"],
        place["prefix"],
        DIALECTS[place["dialect"]],
        place["meta"],
        place["writable"],
        place["trusted"],
    )
    artifact = Artifact(
        ObjectRef(*data["ref"]),
        ObjectRef(*data["kind"]),
        tuple(data["tags"]),
        data["path"],
        repo,
        data["meta"],
        data["original_meta"],
        tuple(data["meta_files"]),
    )
    return Script(artifact, frozenset(data["files"]))


# --- changes -----------------------------------------------------------------------------------------


class Kept:
    """Texts of the live dictionaries, to tell what has changed since."""

    def __init__(self, live: dict[str, dict[str, Any]], *, default: Any = None) -> None:
        self.live = live
        self.default = default
        self._texts = {name: self._text(value) for name, value in live.items()}

    def changes(self) -> Message:
        """Those that have changed since they were last looked at.

        Raises:
            HookFailed: one holds what cannot leave the process.
        """
        out = {}
        for name, value in self.live.items():
            try:
                text = self._text(value)
            except (TypeError, ValueError, RecursionError) as error:
                raise HookFailed(f"{name} holds a value that cannot leave its process: {error}") from None
            if text != self._texts[name]:
                self._texts[name] = text
                out[name] = value
        return out

    def take_over(self, changes: Message) -> None:
        """Make the live dictionaries what the other side says that they are."""
        for name, value in changes.items():
            if name not in self.live or not isinstance(value, dict):
                raise ValueError(f"unexpected {name!r}")
            live = self.live[name]
            live.clear()
            live.update(value)
            self._texts[name] = self._text(live)

    def _text(self, value: Any) -> str:
        return json.dumps(value, default=self.default)
