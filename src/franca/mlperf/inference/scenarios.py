"""The four LoadGen scenarios and the two modes that Franca runs, with what is fixed about each.

Source of the table: mlperf-inference section 3 (what is issued, what is measured) and 4.2 (log keys).
"""

from __future__ import annotations

import enum
from typing import NamedTuple


class Scenario(str, enum.Enum):
    """Who decides when the next query comes; the values are LoadGen's own names."""

    SINGLE_STREAM = "SingleStream"
    MULTI_STREAM = "MultiStream"
    SERVER = "Server"
    OFFLINE = "Offline"

    @property
    def slug(self) -> str:
        """The name of the scenario's folder in a results tree (section 7.3: lower case)."""
        return self.value.lower()

    @property
    def is_stream(self) -> bool:
        return self in (Scenario.SINGLE_STREAM, Scenario.MULTI_STREAM)


class Mode(str, enum.Enum):
    """One LoadGen pass: how fast, or how right."""

    PERFORMANCE = "performance"
    ACCURACY = "accuracy"

    @property
    def loadgen_name(self) -> str:
        return "PerformanceOnly" if self is Mode.PERFORMANCE else "AccuracyOnly"

    @property
    def folder(self) -> str:
        """Place under the scenario's folder (section 7.3)."""
        return "performance/run_1" if self is Mode.PERFORMANCE else "accuracy"


class ScenarioFacts(NamedTuple):
    """What LoadGen reports for a scenario, and how to read it."""

    metric_key: str  #: key in mlperf_log_detail.txt
    unit: str  #: of the value that people see
    scale: float  #: log value times this = value in ``unit``
    better: str  #: "lower" or "higher"
    samples_per_query: int  #: 0 = everything at once
    percentile: float  #: of the latency that is the metric or the constraint; 0 = none
    title: str


FACTS: dict[Scenario, ScenarioFacts] = {
    Scenario.SINGLE_STREAM: ScenarioFacts(
        "early_stopping_latency_ss", "ms", 1e-6, "lower", 1, 0.90, "90th-percentile latency"
    ),
    Scenario.MULTI_STREAM: ScenarioFacts(
        "early_stopping_latency_ms", "ms", 1e-6, "lower", 8, 0.99, "99th-percentile query latency"
    ),
    Scenario.SERVER: ScenarioFacts(
        "result_completed_samples_per_sec", "queries/s", 1.0, "higher", 1, 0.99, "completed queries per second"
    ),
    Scenario.OFFLINE: ScenarioFacts(
        "result_samples_per_second", "samples/s", 1.0, "higher", 0, 0.0, "samples per second"
    ),
}


def throughput(scenario: Scenario, value: float, per_query: int = 0) -> float:
    """Samples per second that a metric value stands for (section 3.8); 0 for a latency of zero.

    Args:
        per_query: samples of a query of a stream; 0 = as the rules have it.
    """
    if not scenario.is_stream:
        return value
    return 1000.0 * (per_query or FACTS[scenario].samples_per_query) / value if value > 0 else 0.0


def scenario_named(text: str) -> Scenario | None:
    """The scenario for any usual spelling: ``SingleStream``, ``singlestream``, ``single-stream``."""
    plain = text.replace("-", "").replace("_", "").replace(" ", "").lower()
    return next((s for s in Scenario if s.slug == plain), None)


def mode_named(text: str) -> Mode | None:
    plain = text.strip().lower().removesuffix("-only").removesuffix("only").removesuffix("_")
    return next((m for m in Mode if m.value == plain), None)
