"""What else the machine did during a run, from the kernel's own counts: a busy machine is a cause, not an excuse.

Linux: /proc/stat counts the time of all processors; what our children used is known; the rest is other programs, and
``steal`` is what the hypervisor took (proc(5)). Elsewhere there is nothing to read and nothing is said.
"""

from __future__ import annotations

import os
import time

from franca.mlperf.inference.results import HostLoad


class Watch:
    """Starts when it is made; :meth:`stop` says what happened since."""

    def __init__(self) -> None:
        self._clock = time.monotonic()
        self._all = _processor_times()
        self._own = _own_seconds()
        self._load = _load_average()

    def stop(self) -> HostLoad | None:
        """The load since the start; None where it cannot be read. Call it after the children have been waited for."""
        seconds = time.monotonic() - self._clock
        now = _processor_times()
        if self._all is None or now is None or seconds <= 0:
            return None
        busy, steal = (max(0.0, after - before) for after, before in zip(now, self._all, strict=True))
        others = max(0.0, busy - (_own_seconds() - self._own))
        return HostLoad(
            cores=os.cpu_count() or 1,
            others=round(others / seconds, 3),
            steal=round(steal / seconds, 3),
            load_before=self._load,
            load_after=_load_average(),
        )


def _processor_times() -> tuple[float, float] | None:
    """Seconds that all processors together were busy, and that were stolen from them, since the machine started."""
    try:
        with open("/proc/stat", encoding="ascii") as stream:
            fields = stream.readline().split()
        ticks = [int(field) for field in fields[1:9]]
        user, nice, system, _idle, _wait, irq, soft, steal = ticks
        return (user + nice + system + irq + soft) / _ticks(), steal / _ticks()
    except (OSError, ValueError):
        return None


def _ticks() -> int:
    return os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """Processor time of this process and of the children that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _load_average() -> float:
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return 0.0
