"""The way from answers to LoadGen's completion call.

A response object costs 0.8 us to build (mlperf-inference section 5.1), so each lane owns a pool whose addresses and
sizes never change and only ids are set; one completion call per batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from franca.mlperf.inference.payloads import Slots
from franca.mlperf.inference.predictor import Predictor


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
