"""A benchmark result as everybody reports it: what was run where, the measured value, and metrics derived from it.

Experiments, published submissions and one's own trees all end in these records; they are stored, compared, ranked.
"""

from __future__ import annotations

import msgspec

Scalar = str | int | float | bool | None


class Metric(msgspec.Struct, frozen=True):
    """One number with its unit. ``better``: ``higher``, ``lower`` or '' where neither is meant."""

    value: float
    unit: str
    better: str = ""
    formula: str = ""  #: how it was derived; '' = as measured or reported


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One result of one system. Texts are those of its source; '' where it says nothing.

    ``metrics`` holds ``result`` (the official figure) under that name, ``accuracy`` and ``power`` where there are
    any, and derived ones. ``info`` holds every other column of the source.
    """

    key: str  #: 16 hex digits: the same result has the same key on every import
    suite: str  #: such as mlperf-inference
    round: str
    organization: str = ""
    platform: str = ""
    system: str = ""
    division: str = ""
    category: str = ""
    availability: str = ""
    benchmark: str = ""  #: the official model, accuracy class included: bert-99.9
    model: str = ""  #: the model as submitted
    task: str = ""
    scenario: str = ""
    unit: str = ""  #: of the official figure, as its source labels it
    inferred: bool = False  #: derived from another scenario
    compliant: bool = True
    measured: str = ""  #: when, as the log says
    location: str = ""  #: path in its tree
    url: str = ""
    metrics: dict[str, Metric] = {}
    info: dict[str, Scalar] = {}

    @property
    def value(self) -> float | None:
        """The official figure."""
        metric = self.metrics.get("result")
        return metric.value if metric else None

    def number(self, name: str) -> float | None:
        """A metric's value, or None when it is not known."""
        metric = self.metrics.get(name)
        return metric.value if metric else None
