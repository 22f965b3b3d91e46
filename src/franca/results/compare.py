"""Comparing two results, and ranking many: inside groups that may be compared, never across."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from franca.errors import UsageError
from franca.model.result import Metric, Result
from franca.results.derived import LOWER
from franca.results.groups import Comparable, comparable_groups
from franca.results.guard import bars, remarks


class Comparison(msgspec.Struct, frozen=True):
    """Two results beside each other. ``ratio`` is the second over the first, above 1 meaning better."""

    metric: str
    one: Result
    other: Result
    bars: list[str]
    """Why they may not be compared."""
    remarks: list[str]
    """What else differs."""
    ratio: float | None = None

    @property
    def comparable(self) -> bool:
        return not self.bars


class Group(msgspec.Struct, frozen=True):
    """Results that may be compared, the best one first, and what they have in common."""

    title: str
    metric: str
    results: list[Result]


def compare(one: Result, other: Result, *, metric: str = "result", force: bool = False) -> Comparison:
    """Set two results against each other; without ``force`` only where the rules allow it."""
    found = bars(one, other, metric=metric)
    ratio = improvement(one, other, metric) if force or not found else None
    return Comparison(metric, one, other, found, remarks(one, other), ratio)


def improvement(old: Result, new: Result, metric: str = "result") -> float | None:
    """New over old in the direction of the metric, above 1 meaning better; None without both values."""
    before, after = old.metrics.get(metric), new.metrics.get(metric)
    if before is None or after is None or not before.value or not after.value:
        return None
    return before.value / after.value if before.better == LOWER else after.value / before.value


def ranking(results: Iterable[Result], metric: str = "result") -> list[Group]:
    """Groups of comparable results, the largest first; inside each the best value first.

    A result stands in each group where it may be compared with all (``groups``).

    Raises:
        UsageError: a metric that no result has; the known ones are listed.
    """
    everything = list(results)
    known = {name for result in everything for name in result.metrics}
    if everything and metric not in known:
        raise UsageError(f"no result has the metric {metric}", hint="known: " + ", ".join(sorted(known)))
    measured = [result for result in everything if metric in result.metrics]
    found = [Group(title_of(group), metric, _ordered(group.results, metric)) for group in comparable_groups(measured)]
    return sorted(found, key=lambda group: (-len(group.results), group.title))


def _ordered(group: list[Result], metric: str) -> list[Result]:
    def order(result: Result) -> tuple[float, str, str]:
        own: Metric = result.metrics[metric]
        return (own.value if own.better == LOWER else -own.value, result.organization, result.key)

    return sorted(group, key=order)


def title_of(group: Comparable) -> str:
    """What the results of a group have in common, with what parts them from others alike."""
    result = group.results[0]
    words = (result.suite, result.round, result.division, result.category, result.benchmark, result.scenario)
    model = f"model {result.model}" if result.division == "open" and result.model != result.benchmark else ""
    common = " ".join(word for word in (*words, result.availability, "inferred" * result.inferred, model) if word)
    parted = ", ".join(f"{name} {value}" for name, value in group.parted_by.items())
    return f"{common} ({parted})" if parted else common
