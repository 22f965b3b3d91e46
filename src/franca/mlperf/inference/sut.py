"""Systems under test over any backend: inline for the streams, a queue and workers for Server and Offline.

The shape follows measurements (mlperf-inference sections 5.1-5.3): a hop to a thread costs 25-40 us, so the
streams answer inside ``issue``, and Server and Offline take samples in batches.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from franca.mlperf.inference.desks import Desk, HandOver
from franca.mlperf.inference.guard import Failures
from franca.mlperf.inference.histogram import LogHistogram
from franca.mlperf.inference.lanes import Lane
from franca.mlperf.inference.predictor import Predictor

now = time.perf_counter_ns


class InlineSut:
    """Runs the model inside ``issue``: SingleStream (1 sample) and MultiStream (8, or as user.conf says)."""

    def __init__(self, predictor: Predictor, make_lane: Callable[[int], Lane], failures: Failures, size: int) -> None:
        self._predictor = predictor
        self._lane = make_lane(size)
        self._failures = failures
        self._size = size
        self._times = LogHistogram()

    def start(self) -> None:
        self._predictor.warm_up([self._size])

    def issue(self, ids: list[int], indices: list[int]) -> None:
        began = now()
        lane = self._lane
        try:
            lane.fill(self._predictor, ids, indices)
        except BaseException as error:
            self._failures.record("issue", error, len(ids))
            lane.send_empty(ids)
            return
        lane.send_first(ids)
        self._times.add(now() - began)

    def histogram(self) -> dict[str, Any]:
        return self._times.to_data("time to answer a query")

    def flush(self) -> None:
        """Nothing is ever held back."""

    def stop(self) -> None:
        """No threads to end."""


Batch = tuple[list[int], list[int], list[int]]  # ids, sample indices, time of issue of each


class QueueSut:
    """Queues queries for worker threads, which take up to ``max_batchsize`` samples at a time.

    Args:
        per_query: measure from issue to answer of every query (Server); else the time of each batch (Offline).
        hand_over: complete batches in threads of their own (``desks``).
    """

    def __init__(
        self,
        predictor: Predictor,
        make_lane: Callable[[int], Lane],
        failures: Failures,
        *,
        max_batchsize: int,
        workers: int = 1,
        batch_timeout_s: float = 0.0,
        per_query: bool = False,
        hand_over: bool = False,
    ) -> None:
        self._predictor = predictor
        self._max = max_batchsize
        self._wait = batch_timeout_s
        self._per_query = per_query
        self._flushing = threading.Event()
        self._queue: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        desk = HandOver if hand_over else Desk
        self._desks = [desk(lambda: make_lane(max_batchsize), failures) for _ in range(workers)]
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._predictor.warm_up_to(self._max)
        for desk in self._desks:
            desk.start()
            thread = threading.Thread(target=self._work, args=(desk,), name="franca-worker", daemon=True)
            thread.start()
            self._threads.append(thread)

    def issue(self, ids: list[int], indices: list[int]) -> None:
        put, size = self._queue.put, self._max
        began = [now()] * len(ids) if self._per_query else []
        if len(ids) <= size:
            put((ids, indices, began))
            return
        for at in range(0, len(ids), size):  # slices at C speed, never sample by sample
            put((ids[at : at + size], indices[at : at + size], began[at : at + size]))

    def flush(self) -> None:
        self._flushing.set()

    def stop(self) -> None:
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(timeout=5)
        for desk in self._desks:
            desk.stop()

    def histogram(self) -> dict[str, Any]:
        total = LogHistogram()
        for desk in self._desks:
            total.merge(desk.times)
        return total.to_data(
            "time from issue to answer of a query" if self._per_query else f"time of a batch of up to {self._max}"
        )

    def _work(self, desk: Desk) -> None:
        while True:
            batch = self._queue.get()
            if batch is None:
                return
            if len(batch[0]) < self._max:
                batch = self._gather(batch)
            self._answer(desk, batch)

    def _answer(self, desk: Desk, batch: Batch) -> None:
        ids, indices, issued = batch
        lane = desk.lane()
        began = now()
        try:
            lane.fill(self._predictor, ids, indices)
        except BaseException as error:
            desk.fail(lane, ids, error)
            return
        desk.send(lane, ids, issued or (began,))

    def _gather(self, batch: Batch) -> Batch:
        """Add what is already queued, or comes within the batch timeout, up to the largest batch."""
        ids, indices, issued = list(batch[0]), list(batch[1]), list(batch[2])
        until = time.monotonic() + self._wait if self._wait else 0.0
        while len(ids) < self._max:
            try:
                more = self._take(until)
            except queue.Empty:
                break
            if more is None or len(ids) + len(more[0]) > self._max:
                self._queue.put(more)  # the end mark, or a query too large for this batch: for the next round
                break
            ids += more[0]
            indices += more[1]
            issued += more[2]
        return ids, indices, issued

    def _take(self, until: float) -> Batch | None:
        remaining = until - time.monotonic() if until and not self._flushing.is_set() else 0.0
        if remaining > 0:
            return self._queue.get(timeout=remaining)
        return self._queue.get_nowait()
