"""What the data sets share: counting, and keeping prepared samples in memory between load and unload."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from franca.errors import MalformedFile, UsageError


class Rows:
    """Base of a data set whose samples are prepared one by one.

    A subclass has ``read`` (which calls :meth:`limit`), ``sample``, ``labels`` and, where needed, ``check`` and
    ``stack``.
    """

    def __init__(self, count: int, performance_count: int) -> None:
        if count < 0 or performance_count < 0:
            raise UsageError(f"{count} samples, {performance_count} in memory: expected 0 (all) or more")
        self.count = count
        self.performance_count = performance_count
        self._loaded: dict[int, Any] = {}

    def open(self) -> None:
        self.read()
        self.check()

    def read(self) -> None:
        """Read the truth and count the samples: all that scoring needs."""
        raise NotImplementedError

    def check(self) -> None:
        """See that the samples themselves are there: what a run needs beside."""

    def limit(self, available: int) -> None:
        """Settle the counts when it is known how many samples there are."""
        if available < 1:
            raise MalformedFile(f"{type(self).__name__}: the data set has no samples")
        self.count = min(self.count or available, available)
        self.performance_count = min(self.performance_count or self.count, self.count)

    def load(self, indices: Sequence[int]) -> None:
        for index in indices:
            if index not in self._loaded:
                self._loaded[index] = self.sample(index)

    def unload(self, indices: Sequence[int]) -> None:
        for index in indices:
            self._loaded.pop(index, None)

    def batch(self, indices: Sequence[int]) -> Any:
        return self.stack([self._loaded[index] for index in indices])

    def sample(self, index: int) -> Any:
        """The prepared sample."""
        raise NotImplementedError

    def stack(self, rows: Sequence[Any]) -> Any:
        """Samples as the model takes them."""
        return rows
