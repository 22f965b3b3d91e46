"""Batches on the server's side: requests that come at the same time run as one.

In Server scenarios each request holds one sample, since the client may not merge queries. Here they meet.
"""

from __future__ import annotations

import threading
from typing import Any

from franca.mlperf.network.body import Batch


class _Asked:
    """One request that waits for its answer."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.taken = self.done = False
        self.answer: Any = None
        self.error: Exception | None = None


class Gatherer:
    """Puts requests of the same shape together, up to ``max_batch`` samples; ``workers`` batches run at a time.

    A thread that finds a free place runs a batch for itself and for all who wait; the others wait for their part.
    So a request that comes alone costs no hop to another thread, and batches grow only while the model is busy.
    """

    def __init__(self, model: Any, max_batch: int, workers: int = 1) -> None:
        self._model = model
        self.max_batch = max_batch
        self._free = workers
        self._changed = threading.Condition()
        self._waiting: list[_Asked] = []

    def info(self) -> dict[str, Any]:
        return {**self._model.info(), "max_batch": self.max_batch}

    def answer(self, batch: Batch) -> Any:
        """Payloads of ``batch``; see ``Model.answer``."""
        mine = _Asked(batch)
        with self._changed:
            self._waiting.append(mine)
            self._changed.wait_for(lambda: mine.done or (self._free > 0 and not mine.taken))
            taken = [] if mine.done else self._take(mine)
        if taken:
            self._run(taken)
        if mine.error:
            raise mine.error
        return mine.answer

    def _take(self, first: _Asked) -> list[_Asked]:
        """``first``, and what is waiting and fits beside it; holds one of the free places."""
        self._free -= 1
        taken, left, room = [], [], self.max_batch - first.batch.samples
        for one in self._waiting:
            if one is first:
                taken.append(one)
            elif one.batch.samples <= room and _alike(one.batch, first.batch):
                taken.append(one)
                room -= one.batch.samples
            else:
                left.append(one)
        self._waiting = left
        for one in taken:
            one.taken = True
        return taken

    def _run(self, taken: list[_Asked]) -> None:
        try:
            answers = self._model.answer(_joined([one.batch for one in taken]))
            at = 0
            for one in taken:
                one.answer = answers[at : at + one.batch.samples]
                at += one.batch.samples
        except Exception as error:
            for one in taken:
                one.error = error
        with self._changed:
            self._free += 1
            for one in taken:
                one.done = True
            self._changed.notify_all()


def _alike(one: Batch, other: Batch) -> bool:
    def facts(batch: Batch) -> list[tuple[str, str, tuple[int, ...]]]:
        return sorted((name, array.dtype.str, array.shape[1:]) for name, array in batch.arrays.items())

    return facts(one) == facts(other)


def _joined(batches: list[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    import numpy as np

    names = batches[0].arrays
    arrays = {name: np.concatenate([one.arrays[name] for one in batches]) for name in names}
    return Batch(sum(one.samples for one in batches), arrays)
