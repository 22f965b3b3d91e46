"""The client's side of a power measurement: ranging, then testing, then the director's records.

Franca's own client is for rehearsals: the checker accepts records of a released version of the official client only,
in all divisions (10.5, checks 1 and 2; rule W3). ``released`` runs that one instead.
"""

from __future__ import annotations

import os
import shutil
import socket
import time
import uuid
from collections.abc import Callable

import msgspec

from franca.errors import Refused, StepFailed, Unavailable
from franca.mlperf.power.records import SessionLog
from franca.mlperf.power.wire import CLIENT_HELLO, FETCHED, PORT, SERVER_HELLO, Wire

RUN_LOGS = ("mlperf_log_detail.txt", "mlperf_log_summary.txt")
PHASES = {"ranging": "ranging", "testing": "run_1"}
"""Phase of the protocol to the folder that its logs go to."""

MAX_CLOCK_DIFFERENCE_S = 0.2
"""Larger differences between the two clocks are refused before anything is run; the checks allow 0.5 to 0.8 s."""

CONNECT_S = 10.0
ANSWER_S = 120.0  #: a director may take half a minute to start its meter


class PowerServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the director is and how it is asked. Amperes and volts of 0: found by the ranging run."""

    host: str
    port: int = PORT
    ntp: str = ""  #: time server that the director is told to use; "" = it keeps its clock
    max_amps: float = 0.0
    max_volts: float = 0.0
    label: str = ""
    client: str = ""  #: ``client.py`` of a released MLCommons tool; "" = Franca's own client


def connect(server: PowerServer) -> Wire:
    """Raises Unavailable when nobody answers there."""
    try:
        connection = socket.create_connection((server.host, server.port), CONNECT_S)
    except OSError as error:
        raise Unavailable(
            f"the power director at {server.host}:{server.port} does not answer: {error.strerror or error}",
            hint="start the director, or give its place with --adr.mlperf-power-client.power_server=HOST and .port=N",
        ) from None
    connection.settimeout(ANSWER_S)
    return Wire(connection, f"the director at {server.host}:{server.port}")


def reach(server: PowerServer) -> None:
    """Find out before a long run whether somebody answers. Raises Unavailable."""
    connect(server).close()


def measure(server: PowerServer, workload: Callable[[str], str], out: str) -> None:
    """Run the workload once for ranging and once for testing under the director's meter.

    Args:
        workload: runs the benchmark for a phase (``ranging`` or ``testing``); returns the folder of LoadGen's logs.
        out: existing folder; gets ``power/``, ``ranging/`` and ``run_1/`` of section 10.3.

    Raises:
        Unavailable: no director, or the connection broke.
        StepFailed: the director refused a command.
        Refused: its clock is too far from ours.
    """
    with connect(server) as wire:
        _Session(wire, out).measure(server, workload)


class _Session:
    def __init__(self, wire: Wire, out: str) -> None:
        self._wire = wire
        self._out = out
        self._log = SessionLog("client")

    def measure(self, server: PowerServer, workload: Callable[[str], str]) -> None:
        if self._ask(CLIENT_HELLO) != SERVER_HELLO:
            raise StepFailed(f"{self._wire.who} is no power director of the protocol that Franca speaks")
        self._synchronise(server)
        self._open(server.label)
        limits = f",{server.max_volts:g},{server.max_amps:g}" if server.max_amps and server.max_volts else ""
        for number, phase in enumerate(("testing",) if limits else PHASES):
            if number:  # ranging took minutes, in which clocks drift apart
                self._synchronise(server)
            else:
                self._compare_clocks()
            self._phase(phase, limits, workload)
        self._log.write(self._out)
        self._order(f"session,{self._log.session},done")
        for name in FETCHED:
            if not (limits and name.startswith("ranging")):
                self._fetch(name)
        self._order(f"cleanup,{self._log.session}")

    def _synchronise(self, server: PowerServer) -> None:
        if server.ntp:
            self._order("set_ntp")
        self._compare_clocks()

    def _open(self, label: str) -> None:
        self._log.client_uuid = str(uuid.uuid4())
        answer = self._ask(f"new,{label},{self._log.client_uuid}")
        session, _, identity = answer.removeprefix("OK ").partition(",")
        if not answer.startswith("OK ") or not session or not identity:
            raise StepFailed(f"{self._wire.who} opened no session: {answer}")
        self._log.session, self._log.server_uuid = session, identity

    def _phase(self, phase: str, limits: str, workload: Callable[[str], str]) -> None:
        name = f"session,{self._log.session}"
        self._log.mark(phase)
        self._order(f"{name},start,{phase}{limits if phase == 'testing' else ''}")
        self._log.mark(phase)
        self._log.say(f"Running workload in {phase} mode")
        logs = workload(phase)
        self._log.mark(phase)
        self._order(f"{name},stop,{phase}")
        self._log.mark(phase)
        place = os.path.join(self._out, PHASES[phase])
        os.makedirs(place, exist_ok=True)
        for file in RUN_LOGS:
            source = os.path.join(logs, file)
            if os.path.abspath(source) != os.path.abspath(os.path.join(place, file)):
                shutil.copyfile(source, os.path.join(place, file))

    def _compare_clocks(self) -> None:
        before = time.time()
        answer = self._ask("time")
        after = time.time()
        try:
            theirs = float(answer)
        except ValueError:
            raise StepFailed(f"{self._wire.who} answered {answer!r} to the question for its time") from None
        difference = max(theirs - after, before - theirs, 0.0)
        if not difference <= MAX_CLOCK_DIFFERENCE_S:
            raise Refused(
                f"the clock of {self._wire.who} is {difference:.3f} s off ours, at most {MAX_CLOCK_DIFFERENCE_S} s "
                "are allowed: samples could not be matched to the run",
                hint="synchronise both machines with one time server (NTP)",
            )
        self._log.say(f"clocks differ by {difference * 1000:.0f} ms at most")

    def _ask(self, command: str) -> str:
        self._log.say(f"Sending command to the server: {command!r}")
        asked = time.time()
        self._wire.send(command)
        reply = self._wire.receive()
        if reply is None:
            raise Unavailable(f"{self._wire.who} closed the connection after {command!r}")
        self._log.message(command, asked, reply, time.time())
        self._log.say(f"Got response: {reply!r}")
        return reply

    def _order(self, command: str) -> None:
        reply = self._ask(command)
        if reply != "OK":
            raise StepFailed(f"{self._wire.who} refused {command!r}: {reply}")

    def _fetch(self, name: str) -> None:
        path = os.path.join(self._out, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self._wire.send(f"download,{self._log.session},{name}")
        self._wire.receive_file(path)
