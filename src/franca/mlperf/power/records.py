"""What both ends write about a measurement: ``client.json`` and ``server.json`` (mlperf-inference section 10.3)."""

from __future__ import annotations

import os
import time
from typing import Any

from franca.catalog.files import write_json_atomic
from franca.mlperf.submission.documents import file_digest

SIMULATED = "-simulated"
"""Ends the name of every session that no meter took part in, so that each file that names it says so."""


def utc_stamp(moment: float) -> str:
    """``MM-DD-YYYY hh:mm:ss.mmm``, UTC, the form of samples and of the daemon's log."""
    milliseconds = round(moment * 1000)
    text = time.strftime("%m-%d-%Y %H:%M:%S", time.gmtime(milliseconds // 1000))
    return f"{text}.{milliseconds % 1000:03d}"


class SessionLog:
    """One side's record of a session in progress. ``side`` is ``client`` or ``server``."""

    def __init__(self, side: str) -> None:
        self.side = side
        self.session = ""
        self.client_uuid = ""
        self.server_uuid = ""
        self.messages: list[dict[str, Any]] = []
        self.phases: dict[str, list[list[float]]] = {"ranging": [], "testing": []}
        self._lines: list[str] = []

    @property
    def simulated(self) -> bool:
        return self.session.endswith(SIMULATED)

    def say(self, text: str) -> None:
        """A line of ``client.log`` or ``server.log``."""
        now = time.time()
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))
        self._lines.append(f"{self.side} {stamp},{int(now * 1000) % 1000:03d} [INFO] {text}\n")

    def message(self, command: str, asked: float, reply: str, answered: float) -> None:
        self.messages.append({"cmd": command, "cmd_time": asked, "reply": reply, "reply_time": answered})

    def mark(self, phase: str) -> None:
        """One of the four times of a phase: before and after its start, before and after its stop."""
        self.phases[phase].append([time.time(), time.monotonic()])

    def write(self, folder: str, **more: Any) -> None:
        """Write ``power/<side>.log``, then ``power/<side>.json`` with the digests of all files below ``folder``."""
        place = os.path.join(folder, "power")
        os.makedirs(place, exist_ok=True)
        with open(os.path.join(place, f"{self.side}.log"), "w", encoding="utf-8") as out:
            out.writelines(self._lines)
        record: dict[str, Any] = {
            "version": "1.0",
            "timezone": 0,
            "modules": {},
            "sources": {},  # Franca is no release of the official tool; its sources would match none (10.5, 1)
            "messages": self.messages,
            "uuid": {"client": self.client_uuid, "server": self.server_uuid},
            "session_name": self.session,
            "results": digests(folder),
            "phases": self.phases,
            "tool": "franca",
            **more,
        }
        if self.simulated:
            record["simulated"] = True
        write_json_atomic(os.path.join(place, f"{self.side}.json"), record)


def digests(folder: str) -> dict[str, str]:
    """SHA-1 of every file below a folder by its relative path."""
    found: dict[str, str] = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            found[os.path.relpath(path, folder).replace(os.sep, "/")] = file_digest(path, "sha1")
    return dict(sorted(found.items()))
