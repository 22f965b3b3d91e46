"""Several copies of a model behind one call."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from typing import Any


class Replicas:
    """Hands each call to a copy that nobody else uses; with as many copies as callers none ever waits.

    Copies take turns, so that the warm-up of one thread reaches all of them.
    """

    def __init__(self, copies: Sequence[Callable[..., Any]]) -> None:
        self._free: queue.SimpleQueue[Callable[..., Any]] = queue.SimpleQueue()
        for one in copies:
            self._free.put(one)

    def __call__(self, *given: Any) -> Any:
        one = self._free.get()
        try:
            return one(*given)
        finally:
            self._free.put(one)


def behind_one(copies: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    """One call for all ``copies``; a single one is called directly."""
    return copies[0] if len(copies) == 1 else Replicas(copies)
