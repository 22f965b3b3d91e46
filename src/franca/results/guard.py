"""Apples to apples: which results may be compared, why others may not, and what must be told beside them.

Bars and remarks are those of mlperf-inference section 15.1 and EX-103. Results that bars keep apart are never
ranked, averaged or set against each other.
"""

from __future__ import annotations

from collections.abc import Callable

from franca.model.result import Result, Scalar
from franca.results.rows import number

SEEDS = ("qsl_rng_seed", "sample_index_rng_seed", "schedule_rng_seed")
OFFICIAL_MS = 600_000
"""Least duration of a run that counts; shorter ones are for trying out and compare with each other only."""

_BARS: dict[str, Callable[[Result], object]] = {
    "suite": lambda r: r.suite,
    "round": lambda r: r.round,
    "division": lambda r: r.division,
    "category": lambda r: ",".join(sorted(part.strip() for part in r.category.split(","))),
    "benchmark": lambda r: r.benchmark,
    "scenario": lambda r: r.scenario,
    "unit": lambda r: r.unit,
    "availability": lambda r: r.availability,
    "inferred": lambda r: r.inferred,
}
_OPEN = ("model", "weight_data_types", "accuracy_metric", "dataset_samples")
"""Open results compare only when these are equal where they are stated; the model always is."""

UNKNOWN = "not stated"

_REMARKS = (
    "weight_data_types", "measurements.input_data_types", "number_of_nodes", "accelerator_model_name",
    "accelerators_per_node", "host_processor_model_name", "framework", "operating_system",
    "settings.loadgen_version", "settings.effective_target_latency_ns", "settings.effective_min_query_count",
)  # fmt: skip
_SHOWN = ("queries", "duration_s")


def bars(one: Result, other: Result, *, metric: str = "result") -> list[str]:
    """Why two results cannot be compared; empty when they can. ``metric``: what is to be compared."""
    found = []
    for name, read in _BARS.items():
        mine, theirs = read(one), read(other)
        if mine != theirs:
            found.append(f"{name} is {_said(mine)} and {_said(theirs)}")
    found += [f"{name} differs" for name in SEEDS if _differ(_seed(one, name), _seed(other, name))]
    lengths = [_short(result) for result in (one, other)]
    if lengths[0] != lengths[1]:
        found.append("one run has the official length, the other is a short one")
    if "open" in (one.division, other.division):
        found += _open_bars(one, other)
    found += [f"{r.platform or r.key} has no {metric}" for r in (one, other) if r.number(metric) is None]
    return found


def comparison_key(result: Result) -> tuple[str, ...]:
    """Equal for results that nothing keeps apart: groups for ranking."""
    own = [_said(read(result)) for read in _BARS.values()]
    seeds = [_said(_seed(result, name)) for name in SEEDS]
    extra = [_open_value(result, name) for name in _OPEN] if result.division == "open" else []
    return (*own, *seeds, str(_short(result)), *extra)


def remarks(one: Result, other: Result) -> list[str]:
    """What differs and forbids nothing, but belongs beside the comparison."""
    found = []
    for name in _REMARKS:
        mine, theirs = one.info.get(name), other.info.get(name)
        if mine != theirs:
            found.append(f"{name.rpartition('.')[2]}: {_said(mine)} and {_said(theirs)}")
    accuracies = {name for result in (one, other) for name in result.metrics if name.startswith("accuracy")}
    for name in (*sorted(accuracies), *_SHOWN):
        values = one.number(name), other.number(name)
        if values[0] != values[1]:
            found.append(f"{name}: {_said(values[0])} and {_said(values[1])}")
    return found


def _open_bars(one: Result, other: Result) -> list[str]:
    found = []
    for name in _OPEN:
        mine, theirs = _open_value(one, name), _open_value(other, name)
        if mine != theirs and (name == "model" or UNKNOWN not in (mine, theirs)):
            found.append(f"open results: {name} is {_said(mine)} and {_said(theirs)}")
    return found


def _open_value(result: Result, name: str) -> str:
    if name == "model":
        return result.model
    return _said(result.info.get(name, result.info.get(f"settings.{name}")))


def _seed(result: Result, name: str) -> Scalar:
    return result.info.get(f"settings.effective_{name}")


def _differ(mine: Scalar, theirs: Scalar) -> bool:
    """Known on both sides, and not the same; published summaries do not hold seeds."""
    return mine is not None and theirs is not None and mine != theirs


def _short(result: Result) -> bool:
    least = number(result.info.get("settings.effective_min_duration_ms"))
    return least is not None and least < OFFICIAL_MS


def _said(value: object) -> str:
    if value is None or value == "":
        return UNKNOWN
    return f"{value:g}" if isinstance(value, float) else str(value)
