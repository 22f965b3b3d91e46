"""Systems under test over any backend: inline for the streams, a queue and workers for Server and Offline.

The shape follows measurements (mlperf-inference sections 5.1-5.3): a hop to a thread costs 25-40 us, so the
streams answer inside ``issue``; a response object costs 0.8 us to build, so each worker owns a pool whose
addresses and sizes never change and only ids are set; one completion call per batch.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from franca.mlperf.inference.guard import Failures
from franca.mlperf.inference.histogram import LogHistogram
from franca.mlperf.inference.payloads import Slots

now = time.perf_counter_ns
WARM_UP_RUNS = 5  #: at least, per batch size used (section 5.3)


class Predictor:
    """Model, data and metric as one step: sample indices in, payloads out."""

    _generate: Callable[..., Any] | None = None

    def __init__(self, backend: Any, dataset: Any, metric: Any) -> None:
        self._predict = backend.predict if hasattr(backend, "predict") else _unheard(backend.generate)
        self._generate = getattr(backend, "generate", None)
        self._batch = dataset.batch
        self._varied = metric.payload_shape is None
        self._encode = metric.pack if self._varied else metric.encode
        self.metric = metric

    def __call__(self, indices: Sequence[int], out: Any) -> None:
        """Write the payloads of ``indices`` into ``out`` [len(indices), ...].

        Raises:
            ValueError: the backend answered another number of samples than it was given.
        """
        self._put(self._predict(self._batch(indices)), indices, out)

    @property
    def streams(self) -> bool:
        """Whether the backend tells when first tokens are there."""
        return self._generate is not None

    def generate(self, indices: Sequence[int], out: Any, first: Callable[[Sequence[int], Any], None]) -> None:
        """The same, with ``first(places, tokens)`` called by a backend that tells first tokens."""
        batch = self._batch(indices)
        self._put(self._generate(batch, first) if self._generate else self._predict(batch), indices, out)

    def _put(self, outputs: Any, indices: Sequence[int], out: Any) -> None:
        if len(outputs) != len(indices):
            raise ValueError(f"the backend answered {len(outputs)} samples to a batch of {len(indices)}")
        if self._varied:
            out.put(self._encode(outputs, indices))
        else:
            self._encode(outputs, out)

    def warm_up(self, sizes: Sequence[int]) -> None:
        """Run each batch size a few times on the first sample, which must be loaded."""
        for size in sizes:
            out = self.buffer(size)
            for _ in range(WARM_UP_RUNS):
                self([0] * size, out)

    def buffer(self, capacity: int) -> Any:
        """Places for ``capacity`` payloads: an array, or :class:`Slots` where each has its own length."""
        if self._varied:
            return Slots(capacity)
        import numpy as np

        return np.empty((capacity, *self.metric.payload_shape), dtype=self.metric.payload_dtype)


def _unheard(generate: Callable[..., Any]) -> Callable[[Any], Any]:
    """``generate`` of a backend where nobody asks for first tokens: the bare loop, runs without token latencies."""
    return lambda batch: generate(batch, lambda places, tokens: None)


def payload_bytes(metric: Any) -> int:
    """Bytes of one sample's payload; 0 where each has its own length."""
    if metric.payload_shape is None:
        return 0
    import numpy as np

    return int(np.prod(metric.payload_shape, dtype=np.int64)) * int(np.dtype(metric.payload_dtype).itemsize)


class Responder:
    """Hands answers of any thread to LoadGen; for plug-in SUTs, whose buffers are their own."""

    def __init__(self, loadgen: Any) -> None:
        self._make = loadgen.QuerySampleResponse
        self._complete = loadgen.QuerySamplesComplete

    def send(self, ids: Sequence[int], payloads: Any) -> None:
        """Complete ``ids`` with ``payloads`` [len(ids), ...]: a contiguous array, or one array for each."""
        make = self._make
        if not hasattr(payloads, "nbytes"):  # arrays of their own lengths
            pairs = zip(ids, payloads, strict=True)
            self._complete([make(one, payload.ctypes.data, payload.nbytes) for one, payload in pairs])
            return
        base, size = payloads.ctypes.data, payloads.nbytes // max(1, len(ids))
        self._complete([make(one, base + k * size, size) for k, one in enumerate(ids)])

    def send_empty(self, ids: Sequence[int]) -> None:
        """Complete without an answer, so that LoadGen can end a run that has failed."""
        self._complete([self._make(one, 0, 0) for one in ids])


class Lane(Responder):
    """One thread's responses: a contiguous payload buffer and the response objects that point into it."""

    def __init__(self, loadgen: Any, buffer: Any) -> None:
        super().__init__(loadgen)
        self.out = buffer
        base, size = buffer.ctypes.data, buffer.strides[0]
        self._pool = [self._make(0, base + k * size, size) for k in range(len(buffer))]

    def fill(self, predictor: Predictor, ids: Sequence[int], indices: Sequence[int]) -> None:
        """Answer ``indices`` into the buffer."""
        predictor(indices, self.out if len(ids) == len(self.out) else self.out[: len(ids)])

    def send_first(self, ids: Sequence[int]) -> None:
        """Complete these samples with the first ``len(ids)`` payloads of the buffer."""
        used = self._pool if len(ids) == len(self._pool) else self._pool[: len(ids)]
        for response, one in zip(used, ids):  # noqa: B905 - the hot path; lengths are equal by construction
            response.id = one
        self._complete(used)


class SingleLane(Lane):
    """The same for one sample at a time."""

    def send_first(self, ids: Sequence[int]) -> None:
        pool = self._pool
        pool[0].id = ids[0]
        self._complete(pool)


class SlotLane(Lane):
    """The same over payloads that each have their own length and place."""

    def __init__(self, loadgen: Any, buffer: Slots) -> None:
        Responder.__init__(self, loadgen)
        self.out = buffer

    def send_first(self, ids: Sequence[int]) -> None:
        self.send(ids, self.out[: len(ids)])


def lane_for(loadgen: Any, buffer: Any) -> Lane:
    """A lane over what ``Predictor.buffer`` made."""
    if isinstance(buffer, Slots):
        return SlotLane(loadgen, buffer)
    return SingleLane(loadgen, buffer) if len(buffer) == 1 else Lane(loadgen, buffer)


class InlineSut:
    """Runs the model inside ``issue``: SingleStream (1 sample) and MultiStream (8)."""

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
    ) -> None:
        self._predictor = predictor
        self._failures = failures
        self._max = max_batchsize
        self._wait = batch_timeout_s
        self._per_query = per_query
        self._flushing = threading.Event()
        self._queue: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._lanes = [make_lane(max_batchsize) for _ in range(workers)]
        self._times = [LogHistogram() for _ in range(workers)]
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._predictor.warm_up(sorted({1, self._max}))
        for lane, times in zip(self._lanes, self._times, strict=True):
            thread = threading.Thread(target=self._work, args=(lane, times), name="franca-worker", daemon=True)
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

    def histogram(self) -> dict[str, Any]:
        total = LogHistogram()
        for times in self._times:
            total.merge(times)
        return total.to_data(
            "time from issue to answer of a query" if self._per_query else f"time of a batch of up to {self._max}"
        )

    def _work(self, lane: Lane, times: LogHistogram) -> None:
        while True:
            batch = self._queue.get()
            if batch is None:
                return
            if len(batch[0]) < self._max:
                batch = self._gather(batch)
            self._answer(lane, times, batch)

    def _answer(self, lane: Lane, times: LogHistogram, batch: Batch) -> None:
        ids, indices, issued = batch
        began = now()
        try:
            lane.fill(self._predictor, ids, indices)
        except BaseException as error:
            self._failures.record("worker", error, len(ids))
            lane.send_empty(ids)
            return
        lane.send_first(ids)
        done = now()
        for start in issued or (began,):
            times.add(done - start)

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
