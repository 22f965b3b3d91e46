"""A meter that does not exist: answers as the daemon of a real one would, from a formula. For tests and rehearsals."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

from franca.mlperf.power.records import utc_stamp

VOLTS = 230.0
POWER_FACTOR = 0.95
IDENTITY = "Simulated,1000,1,1,1,1,0,1,1,version=0-simulated,mode=power,1,1,1,0,0,no_cal_date,no meter"
BANNER = "SIMULATED: written by Franca's stand-in for a power meter; nothing was measured."
_RIPPLE_S = 7.0


def steady(watts: float) -> Callable[[float], float]:
    """A load around ``watts`` with a ripple of one per cent, a function of the time in seconds."""
    return lambda moment: watts * (1 + 0.01 * math.sin(2 * math.pi * moment / _RIPPLE_S))


class Exchange(NamedTuple):
    """A command to the daemon and its reply."""

    cmd: str
    reply: str


class SimulatedMeter:
    """Keeps the commands it was given, its log, and the samples of each mark.

    Args:
        load: watts at a time (seconds since the epoch).
        interval_s: time between samples, seconds; a real meter gives one a second.
    """

    def __init__(self, load: Callable[[float], float], interval_s: float = 1.0) -> None:
        self._load = load
        self._interval_s = interval_s
        self._running = ("", 0.0)
        self.exchanges: list[Exchange] = []
        self.log = [BANNER + "\n"]
        self.samples: dict[str, list[str]] = {}

    def ask(self, command: str) -> str:
        """Carry out a command of the daemon's language and return its reply."""
        reply = self._answer(command)
        self.exchanges.append(Exchange(command, reply))
        self._note(f"Response to client sent: {reply}")
        return reply

    def _answer(self, command: str) -> str:
        word, _, rest = command.partition(",")
        if word == "Hello":
            self._note("Uncertainty checking for Simulated is not activated: there is no meter")
            return "Hello, PTDaemon here!"
        if word == "Identify":
            return IDENTITY
        if word == "RR":
            return "Ranges,1,1.000000,1,300.000000"
        if word == "SR":
            return f"Range {rest[:1]} changed"
        if word == "Go":
            return self._go(command.rpartition(",")[2])
        if word == "Stop":
            return self._stop()
        return f"Error: unknown command {word}"

    def _go(self, mark: str) -> str:
        self._running = (mark, time.time())
        self._note(f"Go with mark '{mark}'")
        return "Starting untimed measurement, maximum 500000 samples at 1000ms with 0 rampup samples"

    def _stop(self) -> str:
        mark, since = self._running
        if not mark:
            return "Error: no measurement to stop"
        self._running = ("", 0.0)
        count = int((time.time() - since) / self._interval_s) + 1
        self.samples[mark] = [self._sample(since + n * self._interval_s, mark) for n in range(count)]
        self._note("Completed test")
        return "Stopping untimed measurement"

    def _sample(self, moment: float, mark: str) -> str:
        watts = self._load(moment)
        amps = watts / (VOLTS * POWER_FACTOR)
        values = f"Watts,{watts:.6f},Volts,{VOLTS:.6f},Amps,{amps:.6f},PF,{POWER_FACTOR:.6f}"
        return f"Time,{utc_stamp(moment)},{values},Mark,{mark}\n"

    def _note(self, text: str) -> None:
        self.log.append(f"{utc_stamp(time.time())}: {text}\n")
