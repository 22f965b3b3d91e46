"""A latency histogram that costs a fraction of a microsecond per query and a few kilobytes in all.

Geometric buckets, 16 per octave (4.4 % wide): fine enough for any plot, independent of the number of queries.
"""

from __future__ import annotations

from math import log2
from typing import Any

PER_OCTAVE = 16
_SIZE = 48 * PER_OCTAVE  #: up to 2**48 ns, about three days


class LogHistogram:
    """Counts of times in nanoseconds. Not safe across threads: give each its own and add them."""

    def __init__(self) -> None:
        self.counts = [0] * _SIZE

    def add(self, nanoseconds: int) -> None:
        self.counts[int(log2(nanoseconds) * PER_OCTAVE) if nanoseconds > 1 else 0] += 1

    def merge(self, other: LogHistogram) -> None:
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]

    def to_data(self, what: str) -> dict[str, Any]:
        """The buckets between the first and the last that hold anything."""
        used = [k for k, n in enumerate(self.counts) if n]
        first, last = (used[0], used[-1]) if used else (0, -1)
        return {"what": what, "per_octave": PER_OCTAVE, "first": first, "counts": self.counts[first : last + 1]}
