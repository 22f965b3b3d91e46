"""An estimate of the processor's power from the kernel's energy counters (Linux RAPL), where they can be read.

It leaves out memory modules, disks, fans and the power supply, so it is shown as an estimate and never as the power
of a submission (mlperf-inference section 10.6). Standard library only: it runs in the benchmark's own process.
"""

from __future__ import annotations

import os
import re
import time
from typing import NamedTuple

COUNTERS = "/sys/class/powercap"
_PACKAGE = re.compile(r"[a-z-]+-rapl:\d+")  # one per processor; deeper zones are parts of it and would count twice


class _Counter(NamedTuple):
    path: str
    wraps_at: int  #: microjoules
    start: int


class EnergyMeter:
    """Starts when it is made; ``watts`` is the mean since then. A counter that wraps once in between is right."""

    def __init__(self, root: str = COUNTERS) -> None:
        self._counters = [counter for zone in _zones(root) if (counter := _open(zone)) is not None]
        self._began = time.monotonic()

    def watts(self) -> float | None:
        """Mean power of all processors, None where there is no readable counter."""
        seconds = time.monotonic() - self._began
        used = [_used(counter) for counter in self._counters]
        if not used or seconds <= 0 or any(one is None for one in used):
            return None
        return sum(one for one in used if one is not None) / 1e6 / seconds


def _zones(root: str) -> list[str]:
    try:
        return sorted(os.path.join(root, name) for name in os.listdir(root) if _PACKAGE.fullmatch(name))
    except OSError:
        return []


def _open(zone: str) -> _Counter | None:
    path = os.path.join(zone, "energy_uj")
    start, wraps_at = _number(path), _number(os.path.join(zone, "max_energy_range_uj"))
    return None if start is None or wraps_at is None else _Counter(path, wraps_at, start)


def _used(counter: _Counter) -> int | None:
    now = _number(counter.path)
    if now is None:
        return None
    return now - counter.start if now >= counter.start else now + counter.wraps_at - counter.start


def _number(path: str) -> int | None:
    try:
        with open(path, encoding="ascii") as source:
            return int(source.read())
    except (OSError, ValueError):
        return None
