"""What systems are chosen by: accuracy, latency, throughput, power and cost of a result (mlperf-inference 15.3)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from franca.model.result import Metric, Result
from franca.results.derived import HIGHER, LOWER


class Axis(msgspec.Struct, frozen=True):
    """One thing to choose by. ``spreads``: two runs of one system differ in it."""

    name: str
    better: str
    spreads: bool
    read: Callable[[Result], Metric | None]

    def value(self, result: Result) -> float | None:
        """The figure of a result, None when it is not known."""
        metric = self.read(result)
        return metric.value if metric else None

    def cost(self, value: float) -> float:
        """The figure with the sign that makes lower better."""
        return value if self.better == LOWER else -value

    def meets(self, value: float, bound: float) -> bool:
        """Whether a figure is at least as good as a bound."""
        return self.cost(value) <= self.cost(bound)


def _accuracy(result: Result) -> Metric | None:
    """The accuracy; of several figures the first that the source names."""
    found = result.metrics.get("accuracy")
    return found or next((m for name, m in result.metrics.items() if name.startswith("accuracy_")), None)


def is_latency(result: Result) -> bool:
    """Whether the official figure is a time; else it is a rate."""
    return result.unit.startswith("Latency")


def _latency(result: Result) -> Metric | None:
    """Milliseconds of a query: the official figure of the streams, else the 99th percentile of the log."""
    official = result.metrics.get("result")
    if official is None or not is_latency(result):
        return result.metrics.get("latency_p99_ms")
    return Metric(official.value * (1000 if "(s)" in result.unit else 1), "ms", LOWER)


def _throughput(result: Result) -> Metric | None:
    return result.metrics.get("samples_per_second" if is_latency(result) else "result")


AXES = {
    axis.name: axis
    for axis in (
        Axis("accuracy", HIGHER, False, _accuracy),
        Axis("latency", LOWER, True, _latency),
        Axis("throughput", HIGHER, True, _throughput),
        Axis("power", LOWER, True, lambda result: result.metrics.get("power")),
        Axis("cost", LOWER, False, lambda result: result.metrics.get("cost_per_hour")),
    )
}
"""Power: watts, or in the streams millijoules of a query, as the rules measure it. Cost: of an hour."""


def usual_axes(result: Result) -> tuple[str, str]:
    """What results like this one are chosen by when nothing else is said."""
    return ("latency" if is_latency(result) else "throughput", "accuracy")
