"""watch: the process that vouches for the index of a large store."""

from __future__ import annotations

import time

from franca import _packed, _watch
from franca.catalog import watchers
from franca.catalog.watchers import Watched
from franca.cli.output import Answer, plain
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.errors import UsageError


def watch(bound: Bound, session: Session) -> Answer:
    word = bound.words[0] if bound.words else "status"
    dialect = bound.text("dialect", "classic")
    if word == "status" and len(bound.words) < 2:
        found = watchers.watched(session.environ)
    elif word == "start" and len(bound.words) < 2:
        found = (watchers.start(session.environ, dialect),)
    elif word == "stop" and len(bound.words) < 2:
        found = (watchers.stop(session.environ, dialect),)
    else:
        raise UsageError(f"watch {' '.join(bound.words)}: status, start or stop was expected")
    lines = [line for one in found for line in _lines(one, session)]
    return Answer({"watchers": list(found), "starts_at": _packed.LARGE}, tuple(lines))


def _lines(one: Watched, session: Session) -> list[str]:
    lines = [f"{one.dialect} index: {plain(one.index)}, {one.artifacts} artifacts"]
    if one.running and one.vouches_for:
        minutes = (time.time() - one.since) / 60
        lines += [
            f"  watching, process {one.process}, for {minutes:.0f} minutes: {one.answers} answers",
            f"  vouches for {one.vouches_for} artifacts by {one.directories} directories; "
            f"{one.cpu_s:.1f} s of CPU so far, {one.resident_bytes >> 20} MiB",
        ]
        if one.renewals:
            lines.append(
                f"  had to compare all files again {one.renewals} times, last because {plain(one.renewed_for)}"
            )
    elif one.running:
        lines.append(f"  process {one.process} compares all files; until then every question looks for itself")
    else:
        lines.append(f"  not running: {one.state}" + (f", {plain(one.why)}" if one.why else ""))
        lines.append(f"  {_starts(one, session)}")
    return lines


def _starts(one: Watched, session: Session) -> str:
    """Whether the next question will start one."""
    if one.state == "stopped":
        return "it stays so until: franca watch start"
    if _watch.wanted(session.environ, one.artifacts):
        return "a question that has to look at all artifacts starts it" + (
            " after an hour" if one.state == "refused" else ""
        )
    return f"it starts by itself from {_packed.LARGE} artifacts on, and with FRANCA_WATCH=yes"
