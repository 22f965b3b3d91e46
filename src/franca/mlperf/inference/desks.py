"""How a worker's answered batches reach LoadGen: at once, or by a thread of their own.

Naming and completing a batch in Python costs half a microsecond a sample. Where a processor is to spare, a second
thread does it while the model already works on the next batch. It costs a hop between threads, which a query of
Server would wait for and the one large query of Offline does not notice (sections 5.1 and 5.2).
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence

from franca.mlperf.inference.guard import Failures
from franca.mlperf.inference.histogram import LogHistogram
from franca.mlperf.inference.lanes import Lane

now = time.perf_counter_ns
LANES = 2  #: of a hand-over: one is filled while the other is emptied


class Desk:
    """Completes each batch at once, in the worker's thread."""

    def __init__(self, make_lane: Callable[[], Lane], failures: Failures) -> None:
        self.times = LogHistogram()
        self._failures = failures
        self._lane = make_lane()

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to end."""

    def lane(self) -> Lane:
        """A lane to answer into; goes back with :meth:`send` or :meth:`fail`."""
        return self._lane

    def send(self, lane: Lane, ids: Sequence[int], began: Sequence[int]) -> None:
        """Complete ``ids``; ``began`` are the times from which to count, in nanoseconds."""
        lane.send_first(ids)
        done = now()
        for start in began:
            self.times.add(done - start)

    def fail(self, lane: Lane, ids: Sequence[int], error: BaseException) -> None:
        """Note why ``ids`` have no answer, and complete them without one."""
        self._failures.record("worker", error, len(ids))
        lane.send_empty(ids)


class HandOver(Desk):
    """Completes batches in a thread of its own, in the order in which they were answered."""

    def __init__(self, make_lane: Callable[[], Lane], failures: Failures) -> None:
        super().__init__(make_lane, failures)
        self._free: queue.SimpleQueue[Lane] = queue.SimpleQueue()
        for lane in (self._lane, *(make_lane() for _ in range(LANES - 1))):
            self._free.put(lane)
        self._answered: queue.SimpleQueue[tuple[Lane, Sequence[int], Sequence[int]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._complete, name="franca-answers", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._answered.put(None)
        self._thread.join(timeout=5)

    def lane(self) -> Lane:
        return self._free.get()

    def send(self, lane: Lane, ids: Sequence[int], began: Sequence[int]) -> None:
        self._answered.put((lane, ids, began))

    def fail(self, lane: Lane, ids: Sequence[int], error: BaseException) -> None:
        super().fail(lane, ids, error)
        self._free.put(lane)

    def _complete(self) -> None:
        while (batch := self._answered.get()) is not None:
            lane, ids, began = batch
            super().send(lane, ids, began)
            self._free.put(lane)
