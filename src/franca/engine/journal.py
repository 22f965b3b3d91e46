"""The journal of a run: an append-only file of events, one JSON document a line.

A run that only reads the cache leaves no journal: the file is made with the first event that tells of
an effect, and then holds everything from the start.
"""

from __future__ import annotations

import os
import time

from franca.catalog.files import make_directory
from franca.catalog.jsontext import to_line
from franca.engine import places
from franca.errors import Location, MalformedFile
from franca.model.event import EVENTS, CacheStored, Event, HookStarted, NativeStarted
from franca.model.light import TYPE_CHECKING, Any
from franca.model.record import fields_of, replace

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "journal.jsonl"
_EFFECTS = (HookStarted, NativeStarted, CacheStored)
_SECRET_WORDS = ("TOKEN", "PASSWORD", "SECRET", "API_KEY", "PROXY")
_SECRET_ENDS = ("TOKEN", "PASSWORD", "PASSWD", "SECRET", "API_KEY", "SECRET_KEY", "ACCESS_KEY", "PROXY")
MASK = "***"  #: in the place of a secret


class Journal:
    """Events of one run. ``folder`` also holds the logs of its native scripts."""

    def __init__(self, root: str, run: str) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        self.folder = places.folder(root, "runs", f"{stamp}-{run}")
        self._waiting: list[bytes] = []
        self._handle = -1
        self._logs = 0

    def append(self, event: Event) -> None:
        line = _line(_without_secrets(event))
        if self._handle < 0:
            self._waiting.append(line)
            if not isinstance(event, _EFFECTS):
                return
            self._start()
            return
        os.write(self._handle, line)

    def _start(self) -> None:
        make_directory(self.folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._handle = os.open(os.path.join(self.folder, FILE), flags, 0o600)
        os.write(self._handle, b"".join(self._waiting))
        self._waiting.clear()

    def log_path(self, label: str) -> str:
        """A fresh file name for the output of a native script."""
        self._logs += 1
        name = "".join(c if c.isalnum() or c in "._-" else "-" for c in label)[:60]
        return os.path.join(self.folder, f"{self._logs:03d}-{name}.log")

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _line(event: Event) -> bytes:
    """An event as a line of the file."""
    return to_line({"event": event.event, **fields_of(event)}) + b"\n"


def event_of(line: bytes) -> Event:
    """The event in a line of the file. Raises ValueError."""
    import msgspec

    from franca.model.typed import convert

    try:
        data = msgspec.json.decode(line, type=dict)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    kind = EVENTS.get(str(data.get("event")))
    if kind is None:
        raise ValueError(f"there is no event {data.get('event')!r}")
    return convert(data, kind)


def _without_secrets(event: Event) -> Event:
    """Events with the values of variables that look secret replaced: a journal is made to be shared."""
    env = getattr(event, "new_env", None)
    if not env:
        return event
    masked = {k: MASK if any(w in k.upper() for w in _SECRET_WORDS) else v for k, v in env.items()}
    return replace(event, new_env=masked)


def without_secrets(inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs of a run as a journal may hold them: secret values masked, parsed forms left out."""
    dropped = ("parsed_artifact", "parsed_automation", "gh_token", "hf_token")
    return {k: _masked(k, v) for k, v in inputs.items() if k not in dropped}


def is_secret(key: str) -> bool:
    """Whether a key names a secret: ``X_TOKEN`` does, ``MAX_TOKENS`` does not."""
    return key.upper().endswith(_SECRET_ENDS)


def _masked(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _masked(str(k), v) for k, v in value.items()}
    return MASK if value and is_secret(key) else value


def read_journal(path: str) -> Iterator[Event]:
    """The events of a journal file; a last line cut short by a kill is left out. Raises MalformedFile."""
    with open(path, "rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield event_of(line)
            except ValueError as error:
                raise MalformedFile(f"not an event: {error}", where=Location(path, number)) from None
