"""A process and all that it has started: found, asked to end, made to end.

A shell that is told to end does so at once and leaves the programs that it waits for behind; its own number is
therefore not enough.
"""

from __future__ import annotations

import os
import time
from typing import NamedTuple

_TERMINATE, _KILL = 15, 9


class Member(NamedTuple):
    """One process. Its time of start tells a number that is used again; "" = not known."""

    pid: int
    parent: int
    group: int
    started: str


def family(pid: int) -> list[Member]:
    """The process and everything below it, parents first. Without /proc: the process alone."""
    everyone = _processes()
    found = [one for one in everyone if one.pid == pid]
    for one in found:  # grows while it is read
        found += [child for child in everyone if child.parent == one.pid and child not in found]
    return found or [Member(pid, 0, 0, "")]


def ask(members: list[Member]) -> None:
    """SIGTERM to the members that share the first one's process group; others belong to one that will see to them."""
    for one in members:
        if one.group == members[0].group:
            _signal(one, _TERMINATE)


def end(members: list[Member]) -> None:
    """SIGKILL to all that still live, and to what they have started since."""
    for one in members:
        if alive(one):
            for each in reversed(family(one.pid)):
                _signal(each, _KILL)


def alive(member: Member) -> bool:
    """Whether the process still runs; one that ended and waits to be collected does not."""
    if not member.started:
        return _signal(member, 0)
    now = _process(member.pid)
    return now is not None and now.started == member.started


def wait(members: list[Member], patience_s: float) -> None:
    """Until none lives, or the patience is over."""
    limit = time.monotonic() + patience_s
    while time.monotonic() < limit and any(alive(one) for one in members):
        time.sleep(0.02)


def _signal(member: Member, number: int) -> bool:
    try:
        os.kill(member.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _processes() -> list[Member]:
    try:
        numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    return [one for one in map(_process, sorted(numbers)) if one is not None]


def _process(pid: int) -> Member | None:
    """From /proc/PID/stat (proc(5)): state, parent, group and start time stand after the name in parentheses."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            fields = stream.read().rpartition(b")")[2].split()
    except OSError:
        return None
    if len(fields) < 20 or fields[0] in (b"Z", b"X"):
        return None
    return Member(pid, int(fields[1]), int(fields[2]), fields[19].decode())
