"""Answers of different lengths: what a metric with ``payload_shape`` None uses instead of one array.

Detections, texts and volumes have as many bytes as they have. :class:`Slots` stands where the harness has an
array [n, ...]: it has a length, can be sliced, and a slice is a window on the same places.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload


class Slots:
    """Places for one contiguous array each."""

    def __init__(self, capacity: int) -> None:
        self._places: list[Any] = [None] * capacity
        self._first = 0
        self._size = capacity

    def put(self, payloads: Sequence[Any]) -> None:
        """Fill the places of this window, in order.

        Raises:
            ValueError: there are more or fewer payloads than places.
        """
        if len(payloads) != self._size:
            raise ValueError(f"the metric made {len(payloads)} payloads for a batch of {self._size}")
        self._places[self._first : self._first + self._size] = payloads

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter(self._places[self._first : self._first + self._size])

    @overload
    def __getitem__(self, which: int) -> Any: ...

    @overload
    def __getitem__(self, which: slice) -> Slots: ...

    def __getitem__(self, which: int | slice) -> Any:
        if isinstance(which, int):
            return self._places[self._first + range(self._size)[which]]
        chosen = range(self._size)[which]
        if chosen.step != 1:
            raise ValueError("a window has no steps")
        window = Slots(0)
        window._places, window._first, window._size = self._places, self._first + chosen.start, len(chosen)
        return window
