"""The watchers of a store, to look at, to start and to end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from franca import _boot, _packed, _watch
from franca.catalog.index import Identity
from franca.catalog.locks import holder
from franca.catalog.snapshot import DOUBTS
from franca.errors import Busy, Unavailable
from franca.model.dialect import DIALECTS

ENDS_S = 10.0  #: for one that was told to end


class Watched(msgspec.Struct, frozen=True):
    """How it is with the watcher of one index."""

    dialect: str
    index: str
    artifacts: int  #: spots of the index, those without an artifact among them; 0 when there is no index
    running: bool = False
    state: str = "never started"  #: watching, starting, ended, refused, failed, stopped
    why: str = ""
    process: int = 0
    since: float = 0.0  #: seconds since the epoch
    answers: int = 0
    vouches_for: int = 0  #: artifacts
    directories: int = 0
    renewals: int = 0  #: how often it had to compare all files, because more had happened than it could follow
    renewed_for: str = ""  #: the last reason
    cpu_s: float = 0.0
    resident_bytes: int = 0


#: What only the watcher itself knows.
_ITS_OWN = ("since", "answers", "vouches_for", "directories", "renewals", "renewed_for", "cpu_s", "resident_bytes")


def watched(environ: Mapping[str, str]) -> tuple[Watched, ...]:
    """The watchers of the indexes of this installation, by dialect; one without an index only where it is asked for."""
    found = [_look(_identity(environ, dialect)) for dialect in DIALECTS]
    return tuple(one for one in found if one.artifacts or one.dialect == "classic")


def start(environ: Mapping[str, str], dialect: str = "classic") -> Watched:
    """Start the watcher of an index in the background, whatever its size. Raises Unavailable."""
    from franca.catalog.catalog import Catalog

    quiet = {**environ, "FRANCA_WATCH": "no"}
    Catalog.open(quiet, home_dialect=DIALECTS[dialect]).repos()
    who = _identity(environ, dialect)
    path = _boot.snapshot_path(who)
    if holder(_watch.lock_path(path)) is None:
        try:
            _watch.note(path, f"{time.time() + _watch.AGAIN_S:.0f}", "starting")
            started = _watch.start(path, who, environ)
        except OSError as error:
            raise Unavailable(f"cannot start a watcher of {path}: {error.strerror}") from None
        if not started:
            raise Unavailable(
                "this interpreter cannot be started again in the background",
                hint="run: python -m franca.catalog.watcher",
            )
    return _look(who)


def stop(environ: Mapping[str, str], dialect: str = "classic") -> Watched:
    """End the watcher of an index; none is started by itself any more, until :func:`start`. Raises Busy."""
    who = _identity(environ, dialect)
    path = _boot.snapshot_path(who)
    until = time.monotonic() + ENDS_S
    try:
        if os.path.isdir(os.path.dirname(path)):
            _watch.note(path, _watch.NEVER, "stopped")
    except OSError as error:
        raise Unavailable(f"cannot write beside {path}: {error.strerror}") from None
    told = 0
    while process := holder(_watch.lock_path(path)):
        if process != told and _is_watcher(process):
            os.kill(process, signal.SIGTERM)
            told = process
        if time.monotonic() > until:
            raise Busy(f"the watcher, process {process}, does not end", hint=f"end it: kill -9 {process}")
        time.sleep(0.02)
    return _look(who)


def _identity(environ: Mapping[str, str], dialect: str) -> Identity:
    return (*_boot.identity(environ), dialect)


def _is_watcher(process: int) -> bool:
    try:
        with open(f"/proc/{process}/cmdline", "rb") as stream:
            return b"franca.catalog.watcher" in stream.read()
    except OSError:
        return False


def _look(who: Identity) -> Watched:
    path = _boot.snapshot_path(who)
    process = holder(_watch.lock_path(path)) or 0
    state, why = _noted(path)
    if not process and state == "watching":
        state, why = "ended", "it was killed"
    told = _told(path) if process else {}
    return Watched(
        who[-1], path, _artifacts(path, who), running=bool(process), state=state, why=why, process=process, **told
    )


def _noted(path: str) -> tuple[str, str]:
    """State and reason, as written down last."""
    try:
        with open(_watch.state_path(path), encoding="utf-8", errors="replace") as stream:
            again, state, why = [*stream.read(4096).split("\n"), "", "", ""][:3]
    except OSError:
        return "never started", ""
    if again == _watch.NEVER and state != "watching":
        return "stopped", ""
    if state == "starting" and not (again.isdigit() and int(again) > time.time()):
        return "ended", "it did not come up"
    return state or "never started", why


def _told(path: str) -> dict[str, Any]:
    """What the watcher itself says; nothing while it is busy."""
    try:
        told = dict(msgspec.json.decode(_watch.ask(path, _watch.STATUS)))
        return {name: told[name] for name in _ITS_OWN}
    except (OSError, ValueError, TypeError, KeyError, ImportError, AttributeError):
        return {}


def _artifacts(path: str, who: Identity) -> int:
    try:
        view = _packed.read_view(path, who)
    except DOUBTS:
        return 0
    try:
        return sum(part.count for part in view.parts) - len(view.dead)
    finally:
        view.close()
