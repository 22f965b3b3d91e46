"""The live view of a run: how fast it answers just now, and how long the slowest percent waits.

LoadGen gives no sign of life during a test. The system under test counts anyway (its histogram of times): a thread of
the child writes these counts down once a second, the parent reads the file and tells what changed since. A thread
that wakes once a second costs nothing that a measurement could see. Standard library only: the child runs it too.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from franca.mlperf.inference.job import Job, write_json

FILE = "progress.json"
EVERY_S = 1.0  #: between two reports of the child
LINE_S = 15.0  #: between two lines for a log; a terminal shows each report in place
P99 = 0.99


@contextmanager
def reporting(sut: Any, outdir: str) -> Iterator[None]:
    """Write the counts of ``sut`` into ``outdir`` while the block runs; nothing for one that does not count."""
    if not hasattr(sut, "histogram"):
        yield
        return
    done = threading.Event()
    thread = threading.Thread(target=_report, args=(sut, outdir, done), name="franca-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=5)


def _report(sut: Any, outdir: str, done: threading.Event) -> None:
    path = os.path.join(outdir, FILE)
    try:
        while not done.wait(EVERY_S):
            write_json(path, {"at": time.monotonic(), "times": sut.histogram()})
        os.unlink(path)
    except OSError:
        pass  # a full disk ends the view, not the run


class Reading(NamedTuple):
    """Answers since the reading before, a second, and the 99th percentile of their times in milliseconds."""

    answers: int
    rate: float
    p99_ms: float


class Follower:
    """The parent's side: call :meth:`tick` while waiting. ``say`` gets a line for a log now and then."""

    def __init__(self, job: Job, say: Callable[[str], None]) -> None:
        self._job = job
        self._say = say
        self._last: tuple[float, dict[int, int]] = (0.0, {})
        self._told = 0.0
        self._shown = False
        self._terminal = sys.stderr.isatty()

    def tick(self, elapsed_s: float) -> None:
        """Read what is new and show it: in place on a terminal, every quarter of a minute elsewhere."""
        if not self._terminal and elapsed_s - self._told < LINE_S:
            return
        reading = self.read()
        if reading is None:
            return
        self._told = elapsed_s
        line = self.line(elapsed_s, reading)
        if self._terminal:
            sys.stderr.write(f"\r\x1b[K  {line}")
            sys.stderr.flush()
            self._shown = True
        else:
            self._say(line)

    def close(self) -> None:
        """Leave the terminal's line empty for what comes next."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def read(self) -> Reading | None:
        """What changed since the last reading; None when there is nothing new."""
        try:
            with open(os.path.join(self._job.outdir, FILE), encoding="utf-8") as source:
                report = json.load(source)
            at, times = float(report["at"]), report["times"]
            counts = dict(enumerate(times["counts"], times["first"]))
        except (OSError, ValueError, LookupError, TypeError):
            return None
        then, before = self._last
        if at <= then:
            return None
        self._last = at, counts
        fresh = {bucket: count - before.get(bucket, 0) for bucket, count in counts.items()}
        total = sum(fresh.values())
        if not before or not total:
            return None  # the first report may hold a long start
        return Reading(total, total / (at - then), _percentile(fresh, times["per_octave"]))

    def line(self, elapsed_s: float, reading: Reading) -> str:
        """The reading in words."""
        head = f"{self._job.scenario}, {elapsed_s:.0f} s:"
        if self._job.scenario == "Offline":
            rate = reading.rate * self._job.max_batchsize
            return f"{head} about {rate:,.0f} samples/s, slowest batches {reading.p99_ms:.3g} ms"
        return f"{head} {reading.rate:,.0f} queries/s, p99 {reading.p99_ms:.3g} ms"


def _percentile(counts: dict[int, int], per_octave: int) -> float:
    """Upper end of the bucket that holds the 99th percentile, in milliseconds."""
    below = 0
    bucket = 0
    for bucket in sorted(counts):
        below += counts[bucket]
        if below >= P99 * sum(counts.values()):
            break
    return float(2 ** ((bucket + 1) / per_octave) / 1e6)
