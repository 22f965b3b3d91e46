"""A director with a simulated meter: the other end of a power measurement, for tests and rehearsals.

It speaks the protocol of section 10.2 of mlperf-inference, so the released client works with it as well as ours.
Every session name ends in ``-simulated``, ``server.json`` says so too, and the checker refuses such records (W5).
"""

from __future__ import annotations

import os
import re
import shutil
import socketserver
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from types import TracebackType

from franca.mlperf.power.meter import BANNER, SimulatedMeter, steady
from franca.mlperf.power.records import SIMULATED, SessionLog
from franca.mlperf.power.wire import CLIENT_HELLO, FETCHED, SERVER_HELLO, Gone, Wire

DEFAULT_WATTS = 100.0
SILENCE_S = 24 * 3600.0  #: a client may be busy with a run for this long
_LABEL = re.compile(r"[A-Za-z0-9_-]{0,100}")
_EXTRA = "run_1/ptd_out.txt"
"""Asked for by the newest releases of the client; nothing reads it."""


class SimulatedDirector:
    """Serves measurements on a port until closed; use as a context manager. ``address`` is (host, port)."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        load: Callable[[float], float] | None = None,
        interval_s: float = 1.0,
    ) -> None:
        def meter() -> SimulatedMeter:
            return SimulatedMeter(load or steady(DEFAULT_WATTS), interval_s)

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.settimeout(SILENCE_S)
                _Conversation(Wire(self.request, "the client"), meter()).hold()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server((host, port), Handler)
        self.address: tuple[str, int] = self._server.server_address[:2]  # type: ignore[assignment]

    def __enter__(self) -> SimulatedDirector:
        threading.Thread(target=self.serve, name="franca-director", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self) -> None:
        """Answer clients until another thread closes the director."""
        self._server.serve_forever(poll_interval=0.1)


class _Conversation:
    """One client's connection."""

    def __init__(self, wire: Wire, meter: SimulatedMeter) -> None:
        self._wire = wire
        self._meter = meter
        self._log = SessionLog("server")
        self._folder = ""
        self._finished = False
        self._order: list[str] = []

    def hold(self) -> None:
        """Answer until the client goes; what it did not fetch is removed."""
        try:
            if self._greet():
                while (command := self._wire.receive()) is not None:
                    self._react(command)
        except (OSError, Gone):
            pass  # the client reports it; here there is nobody to tell
        finally:
            if self._folder:
                shutil.rmtree(self._folder, ignore_errors=True)

    def _greet(self) -> bool:
        asked, hello = time.time(), self._wire.receive()
        self._wire.send(SERVER_HELLO)
        self._log.message(hello or "", asked, SERVER_HELLO, time.time())
        return hello == CLIENT_HELLO

    def _react(self, command: str) -> None:
        asked = time.time()
        self._log.say(f"Got command from the client {command!r}")
        words = command.split(",")
        if words[0] == "download":
            self._download(words)
            return
        reply = self._answer(words)
        if words[0] == "session" and words[-1] == "done" and reply == "OK":
            self._finish()  # both sides' records end before this command
        else:
            self._log.message(command, asked, reply, time.time())
        self._log.say(f"Sending reply to client {reply!r}")
        self._wire.send(reply)

    def _answer(self, words: list[str]) -> str:
        kind = words[0]
        if kind == "time":
            return repr(time.time())
        if kind == "set_ntp":
            return "OK"  # a simulated director never touches the clock of its machine
        if kind == "new" and len(words) == 3:
            return self._new(words[1], words[2])
        if kind == "session" and len(words) >= 3:
            return self._session(words[1], words[2:])
        if kind == "cleanup":
            return "OK"
        return "Error"

    def _new(self, label: str, client: str) -> str:
        if not _LABEL.fullmatch(label):
            return "Error: invalid label"
        try:
            self._log.client_uuid = str(uuid.UUID(client))
        except ValueError:
            return "Error: invalid identifier"
        stamp = time.strftime("%Y-%m-%d_%H-%M-%S", time.gmtime())
        self._log.session = f"{stamp}_{label}{SIMULATED}"
        self._log.server_uuid = str(uuid.uuid4())
        self._folder = self._folder or tempfile.mkdtemp(prefix="franca-director-")
        for command in ("Hello", "Identify", "RR"):
            self._meter.ask(command)
        return f"OK {self._log.session},{self._log.server_uuid}"

    def _session(self, name: str, words: list[str]) -> str:
        if not self._log.session or name not in (self._log.session, "*"):
            return "Error: unknown session"
        if words[0] in ("start", "stop") and len(words) >= 2 and words[1] in self._log.phases:
            return self._phase(words[0], words[1])
        if words == ["done"]:
            return "OK"
        return "Error: unknown session command"

    def _phase(self, action: str, phase: str) -> str:
        step = f"{action} {phase}"
        if step in self._order or (action == "stop" and f"start {phase}" not in self._order):
            return f"Error: {step} is out of order"
        self._order.append(step)
        self._log.mark(phase)
        if action == "start":
            volts, amps = ("Auto", "Auto") if phase == "ranging" else ("300", "1")
            self._meter.ask(f"SR,V,{volts}")
            self._meter.ask(f"SR,A,{amps}")
            self._meter.ask(f"Go,1000,0,{self._log.session}_{phase}")
        else:
            self._meter.ask("Stop")
        self._log.mark(phase)
        return "OK"

    def _finish(self) -> None:
        if self._finished:
            return
        self._finished = True
        for command in ("Stop", "SR,V,Auto", "SR,A,Auto"):
            self._meter.ask(command)
        for phase, place in (("ranging", "ranging"), ("testing", "run_1")):
            lines = self._meter.samples.get(f"{self._log.session}_{phase}")
            if lines is not None:
                self._write(f"{place}/spl.txt", lines)
        self._write("power/ptd_logs.txt", self._meter.log)
        self._write(_EXTRA, [BANNER + "\n"])
        self._log.write(
            self._folder,
            ptd_messages=[exchange._asdict() for exchange in self._meter.exchanges],
            ptd_config={"command": [], "device_type": None, "interface_flag": "", "device_port": "", "channel": None},
        )

    def _write(self, name: str, lines: list[str]) -> None:
        path = os.path.join(self._folder, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(lines)

    def _download(self, words: list[str]) -> None:
        known = len(words) == 3 and words[1] == self._log.session and words[2] in (*FETCHED, _EXTRA)
        if known and self._finished:
            self._wire.send_file(os.path.join(self._folder, *words[2].split("/")))
        else:
            self._wire.send("Error")
