"""Percentiles, early stopping and derived rates, as LoadGen computes them (specification 3, 3.7, 3.8)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

CONFIDENCE = 0.99
"""MLPerf inference rules, early stopping: confidence of the estimate."""

Number = TypeVar("Number", int, float)


class Estimate(NamedTuple):
    """Early-stopping estimate of a percentile: the value, and how many slower ones are discarded for it.

    `discarded` is the number that LoadGen prints ("Would discard ..."), one less than t of 3.7.
    """

    discarded: int
    value: float


def percentile(ordered: Sequence[Number], p: float) -> Number:
    """The element of a sorted list at index floor(n p), no interpolation; 0 <= p < 1. Raises ValueError."""
    if not ordered or not 0 <= p < 1:
        raise ValueError(f"percentile {p} of {len(ordered)} values: expected 0 <= p < 1 of at least one")
    return ordered[int(len(ordered) * p)]


@lru_cache(maxsize=4096)
def min_queries(discarded: int, p: float) -> int:
    """h(t) + t of 3.7: queries needed so that `discarded` slow ones still prove the percentile `p`."""
    low, high = discarded, discarded + 1
    while not _proves(high, discarded, p):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if _proves(middle, discarded, p):
            high = middle
        else:
            low = middle
    return high


def max_discarded(count: int, p: float) -> int:
    """Largest t with count >= h(t) + t, or -1 when not even t = 0 is proven."""
    low, high = -1, count
    while high - low > 1:
        middle = (low + high) // 2
        if _proves(count, middle, p):
            low = middle
        else:
            high = middle
    return low


def early_stopping_estimate(ordered: Sequence[Number], p: float) -> Estimate | None:
    """Estimate for SingleStream (p .90) and MultiStream (p .99) from sorted latencies.

    None when there are fewer than h(1) + 1 queries. With exactly that many the maximum is the estimate.
    """
    tolerated = max_discarded(len(ordered), p)
    return Estimate(tolerated - 1, ordered[len(ordered) - tolerated]) if tolerated >= 1 else None


def early_stopping_passes(count: int, over_bound: int, p: float) -> bool:
    """Server rule: `over_bound` of `count` queries above the latency bound still prove percentile `p`."""
    return over_bound < count and _proves(count, over_bound, p)


def _proves(count: int, discarded: int, p: float) -> bool:
    """P(Binomial(count, 1 - p) <= discarded) < 1 - confidence."""
    if discarded >= count * (1 - p):
        return False  # the probability is about one half or more there
    return _binomial_cdf(discarded, count, 1 - p) < 1 - CONFIDENCE


def _binomial_cdf(k: int, n: int, q: float) -> float:
    """P(X <= k) for k below the mean: terms shrink downwards from k, so the sum soon stops changing."""
    log_term = (
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * math.log(q) + (n - k) * math.log1p(-q)
    )
    ratio, total, odds = 1.0, 1.0, (1 - q) / q
    for i in range(k, 0, -1):
        ratio *= odds * i / (n - i + 1)
        total += ratio
        if ratio < total * 1e-17:
            break
    return math.exp(log_term) * total


def ttft_ns(first_token_ns: int, scheduled_ns: int) -> int:
    """Time to first token, from the scheduled time (3.9)."""
    return first_token_ns - scheduled_ns


def tpot_ns(latency_ns: int, first_token_latency_ns: int, tokens: int) -> float:
    """Time per output token after the first (3.9). Raises ValueError for fewer than two tokens."""
    if tokens < 2:
        raise ValueError(f"time per output token of {tokens} tokens: expected at least 2")
    return (latency_ns - first_token_latency_ns) / (tokens - 1)
