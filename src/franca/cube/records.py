"""The record of cube runs: an append-only file of events, one JSON object per line, and their logs.

Records lie outside the workspace, in the user's state directory, so that a run leaves there only what its
task made: ``$XDG_STATE_HOME/franca/cube/NAME-KEY/journal.jsonl`` and ``logs/``.

This is not :mod:`franca.engine.journal`: that one is a folder per run below a repositories root, which a cube
does not have, and its reader answers for scripts that can be replayed. A cube is asked what its tasks did last, so
its record is one file per cube. A task that runs as a script step is in both.
"""

from __future__ import annotations

import os

from franca.cube.files import sha256
from franca.cube.places import key_of
from franca.model.job import Expected
from franca.model.light import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_HASHED = 10_000  # files of one output directory
MAX_BYTES = 4 << 30  # of one output; larger ones are recorded without a digest


class TaskStarted(NamedTuple):
    """A task is about to run. ``at`` is seconds since the epoch, ``run`` ties the two events together."""

    at: float
    run: str
    cube: str  #: path of the definition
    cube_digest: str  #: sha256 of the definition
    task: str
    platform: str
    workspace: str
    commands: list[str]  #: as they could be pasted
    image: str = ""
    values: dict[str, str] = {}
    event: str = "cube_task_started"


class TaskFinished(NamedTuple):
    """A task has ended, whatever its status."""

    at: float
    run: str
    task: str
    status: int
    seconds: float
    outputs: dict[str, Any]  #: by parameter: path, type, bytes, sha256
    log: str = ""
    event: str = "cube_task_finished"


class Journal(NamedTuple):
    """The record of one cube. Safe for processes that write at the same time."""

    directory: str

    @property
    def path(self) -> str:
        return os.path.join(self.directory, "journal.jsonl")

    def append(self, event: TaskStarted | TaskFinished) -> None:
        """Add one line; a single write, so lines of two processes never mix. Failure to record is no failure."""
        try:
            os.makedirs(self.directory, exist_ok=True)
            line = encoded(event._asdict()).encode() + b"\n"
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)
        except OSError:
            return

    def events(self) -> list[dict[str, Any]]:
        """What is recorded, oldest first; a line that was cut off by a crash is left out."""
        import json

        try:
            with open(self.path, "rb") as file:
                lines = file.read().splitlines()
        except OSError:
            return []
        out = []
        for line in lines:
            try:
                out.append(json.loads(line))
            except ValueError:
                continue
        return out


def encoded(value: Any) -> str:
    """JSON in one line. For plain texts without the module json, whose import costs more than a short command."""
    try:
        return _plain(value)
    except ValueError:
        import json

        return json.dumps(value, separators=(",", ":"))


def _plain(value: Any) -> str:
    """Raises ValueError for what needs more than quotes and backslashes escaped."""
    if isinstance(value, str) and value.isascii() and value.isprintable():
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and abs(value) < float("inf")):
        return repr(value)
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return "{" + ",".join(f"{_plain(key)}:{_plain(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_plain, value)) + "]"
    raise ValueError(value)


def journal_of(path: str, name: str, environ: Mapping[str, str]) -> Journal:
    """The record of the cube with the definition ``path``."""
    state = environ.get("XDG_STATE_HOME") or os.path.join(environ.get("HOME", ""), ".local", "state")
    plain = "".join(c if c.isalnum() else "-" for c in name)[:40]
    return Journal(os.path.join(state, "franca", "cube", f"{plain}-{key_of(path)}"))


def described(outputs: tuple[Expected, ...]) -> dict[str, Any]:
    """Outputs with their digests; a directory's digest covers the names and contents of its files."""
    return {output.name: _described(output) for output in outputs}


def _described(output: Expected) -> dict[str, Any]:
    record: dict[str, Any] = {"path": output.path, "type": "directory" if output.directory else "file"}
    try:
        if os.path.isdir(output.path):
            files, size, digest = _tree(output.path)
            return {**record, "files": files, "bytes": size, "sha256": digest}
        size = os.path.getsize(output.path)
        return {**record, "bytes": size, "sha256": sha256(output.path) if size <= MAX_BYTES else ""}
    except OSError:
        return {**record, "missing": True}


def _tree(directory: str) -> tuple[int, int, str]:
    from hashlib import sha256 as digest

    state, count, size = digest(), 0, 0
    for base, directories, names in os.walk(directory):
        directories.sort()
        for name in sorted(names):
            path = os.path.join(base, name)
            if not os.path.isfile(path) or os.path.islink(path):
                continue
            count, size = count + 1, size + os.path.getsize(path)
            if count > MAX_HASHED or size > MAX_BYTES:
                return count, size, ""
            state.update(f"{os.path.relpath(path, directory)}\0{sha256(path)}\n".encode("utf-8", "surrogateescape"))
    return count, size, state.hexdigest()


def broken_promises(outputs: tuple[Expected, ...]) -> list[str]:
    """What is wrong with the declared outputs after a run that claims success."""
    wrong = []
    for output in outputs:
        if output.directory:
            if not os.path.isdir(output.path):
                wrong.append(f"output directory {output.name} ({output.path}) is missing")
            elif not os.listdir(output.path):
                wrong.append(f"output directory {output.name} ({output.path}) is empty")
        elif not os.path.exists(output.path):
            wrong.append(f"output file {output.name} ({output.path}) is missing")
        elif os.path.isfile(output.path) and not os.path.getsize(output.path):
            wrong.append(f"output file {output.name} ({output.path}) is empty")
    return wrong
