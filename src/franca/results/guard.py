"""Apples to apples: which results may be compared, why others may not, and what must be told beside them.

Bars and remarks are those of mlperf-inference section 15.1 and EX-103. Results that bars keep apart are never
ranked, averaged or set against each other.
"""

from __future__ import annotations

from collections.abc import Callable

from franca.model.result import Result, Scalar
from franca.results.rows import SHORT_NOTE, number

SEEDS = ("qsl_rng_seed", "sample_index_rng_seed", "schedule_rng_seed")
OFFICIAL_MS = 600_000
"""Least duration of a run that counts; shorter ones are for trying out and compare with each other only."""

UNKNOWN = "not stated"


def _short(result: Result) -> bool:
    """By the duration that was asked for; a checker's summary says it in its notes alone."""
    least = number(result.info.get("settings.effective_min_duration_ms"))
    noted = str(result.info.get("notes", "")).startswith(SHORT_NOTE)
    return noted or (least is not None and least < OFFICIAL_MS)


def _model(result: Result) -> str:
    return result.model if result.division == "open" else ""


def _accuracy_metric(result: Result) -> Scalar:
    """The name of the accuracy, or the names: older summaries give the figure alone."""
    named = sorted(metric.unit for name, metric in result.metrics.items() if name.startswith("accuracy"))
    return result.info.get("accuracy_metric") or " ".join(named)


def _column(name: str) -> Callable[[Result], Scalar]:
    return lambda result: result.info.get(name)


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
    "length of the run": lambda r: "short" if _short(r) else "official",
    "open results: model": _model,
}
"""What is always known, and must be equal. Closed results of one benchmark have one model."""

_STATED = {name: _column(f"settings.effective_{name}") for name in SEEDS}
_STATED_OPEN: dict[str, Callable[[Result], Scalar]] = {
    "weight_data_types": lambda r: str(r.info.get("weight_data_types") or "").lower(),
    "accuracy_metric": _accuracy_metric,
    "accuracy_target": _column("accuracy_target"),
    "samples of the data set": _column("settings.qsl_reported_total_count"),
}
"""What must be equal where both say it; published summaries hold no seeds and little else. The second: of open."""

_REMARKS = (
    "weight_data_types", "measurements.input_data_types", "measurements.starting_weights_filename",
    "measurements.weight_transformations", "accuracy_target", "number_of_nodes", "accelerator_model_name",
    "accelerators_per_node", "host_processor_model_name", "host_processors_per_node", "framework", "operating_system",
    "measurements.max_batchsize", "settings.loadgen_version", "settings.effective_target_qps",
    "settings.effective_target_latency_ns", "settings.effective_target_latency_percentile",
    "settings.effective_samples_per_query", "settings.effective_min_duration_ms", "settings.effective_min_query_count",
    "settings.effective_performance_sample_count", "settings.qsl_reported_total_count", "early_stopping_discards",
)  # fmt: skip
_SHOWN = ("queries", "duration_s", "harness_ratio")


def bars(one: Result, other: Result, *, metric: str = "result") -> list[str]:
    """Why two results cannot be compared; empty when they can. ``metric``: what is to be compared."""
    found = []
    for name, read in _BARS.items():
        mine, theirs = read(one), read(other)
        if mine != theirs and (read is not _model or one.division == other.division):
            found.append(f"{name} is {_said(mine)} and {_said(theirs)}")
    mine_stated, their_stated = stated(one), stated(other)
    for name in sorted(mine_stated.keys() & their_stated.keys()):
        if mine_stated[name] != their_stated[name]:
            found.append(f"{name} is {mine_stated[name]} and {their_stated[name]}")
    return found + [f"{r.platform or r.key} has no {metric}" for r in (one, other) if r.number(metric) is None]


def comparison_key(result: Result) -> tuple[str, ...]:
    """Equal for results that nothing known of all of them keeps apart."""
    return tuple(_said(read(result)) for read in _BARS.values())


def stated(result: Result) -> dict[str, str]:
    """What a result says of the things that must be equal where both results say them."""
    readers = _STATED | _STATED_OPEN if result.division == "open" else _STATED
    found = {name: read(result) for name, read in readers.items()}
    return {name: _said(value) for name, value in found.items() if value not in (None, "")}


def remarks(one: Result, other: Result) -> list[str]:
    """What differs and forbids nothing, but belongs beside the comparison."""
    found = []
    for name in _REMARKS:
        values = _said(one.info.get(name)), _said(other.info.get(name))
        if values[0] != values[1]:
            found.append(f"{name.rpartition('.')[2]}: {values[0]} and {values[1]}")
    accuracies = {name for result in (one, other) for name in result.metrics if name.startswith("accuracy")}
    for name in (*sorted(accuracies), *_SHOWN):
        values = _said(one.number(name)), _said(other.number(name))
        if values[0] != values[1]:
            found.append(f"{name}: {values[0]} and {values[1]}")
    return found


def _said(value: object) -> str:
    """A value in words, the same for a number in a table of texts and in a tree; whole numbers in full (seeds)."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.10g}"
    return str(value)
