"""A power measurement by the released MLCommons client, whose records are the ones that a submission may carry.

The tool is not shipped: its licence and its checksummed sources are its own. Users point to a copy of it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence

from franca.errors import NotFound, StepFailed
from franca.mlperf.power.client import PHASES, PowerServer

DEFAULT_NTP = "time.google.com"
CLIENT_LOG = "power-client.log"


def command_line(
    server: PowerServer, workload: Sequence[str] | str, logs: str, out: str, *, timestamp: bool = False
) -> list[str]:
    """The client's words (10.1).

    Args:
        workload: the tool hands it to a shell, so words are quoted for one; a text is what the user wrote for it.
        timestamp: results go into a folder of their own below ``out``, named after the session.
    """
    text = workload if isinstance(workload, str) else shlex.join(workload)
    words = [sys.executable, server.client, "-a", server.host, "-p", str(server.port), "-w", text]
    words += ["-L", logs, "-o", out, "-n", server.ntp or DEFAULT_NTP]
    if not timestamp:
        words.append("--no-timestamp-path")
    if server.label:
        words += ["-l", server.label]
    if server.max_amps and server.max_volts:
        words += ["--max-amps", f"{server.max_amps:g}", "--max-volts", f"{server.max_volts:g}"]
    return words


def measure_released(server: PowerServer, workload: Sequence[str], logs: str, out: str) -> None:
    """Run the released client around a command that writes LoadGen's logs into ``logs``; results go to ``out``.

    Raises:
        NotFound: no client at that path.
        StepFailed: it ended with an error; its last line, and where its log is.
    """
    if not os.path.isfile(server.client):
        raise NotFound(
            f"no power client at {server.client}",
            hint="clone the MLCommons power tools and give the path of ptd_client_server/client.py",
        )
    log = os.path.join(out, CLIENT_LOG)
    with open(log, "wb") as stream:
        # The benchmark's process ends when its standard input does, so the pipe stays open as long as the client runs.
        process = subprocess.Popen(
            command_line(server, workload, logs, out),
            stdin=subprocess.PIPE, stdout=stream, stderr=subprocess.STDOUT, env=environment_of(server.client),
        )  # fmt: skip
        try:
            status = process.wait()
        finally:
            process.kill()
            if process.stdin:
                process.stdin.close()
    # When the clocks cannot be synchronised the tool ends early with status 0.
    if status or not os.path.isdir(os.path.join(out, PHASES["testing"])):
        raise StepFailed(f"the power client ended with status {status}: {_last_line(log)}", step="power", log=log)
    os.unlink(log)


def environment_of(program: str) -> dict[str, str]:
    """The tool imports itself as a package from the folder above its own."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(program)))
    return {**os.environ, "PYTHONPATH": root}


def _last_line(log: str) -> str:
    with open(log, encoding="utf-8", errors="replace") as source:
        lines = [line.strip() for line in source if line.strip()]
    return lines[-1] if lines else "it printed nothing"
