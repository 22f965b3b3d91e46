"""The figures of a run as the official front end hands them on: its state, and the table that it ends with.

Both are read by programs of users, so names, columns and marks are fixed (mlperf-inference sections 7.7 and 16.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from franca.mlperf.inference.results import Accuracy, BenchmarkResult, Performance, ScenarioResult
from franca.mlperf.inference.scenarios import Scenario
from franca.mlperf.submission import tables
from franca.mlperf.submission.documents import find_metric

STATE = "cm-mlperf-inference-results"
COLUMNS = (
    "Model", "Scenario", "Accuracy", "Throughput", "Latency (in ms)", "Power Efficiency (in samples/J)",
    "TEST01", "TEST04",
)  # fmt: skip
NONE = "-"  #: not applicable
NO_TRUTH = "none"  #: what accuracy is called where inputs are generated
SAMPLES = {Scenario.SINGLE_STREAM.value: 1, Scenario.MULTI_STREAM.value: 8}  #: of a query, as the table counts them

Figures = dict[str, Any]
"""Of one scenario: texts of numbers, ``..._valid`` as booleans, ``passed`` or ``failed`` for each test."""


def state_of(result: BenchmarkResult) -> dict[str, dict[str, dict[str, Figures]]]:
    """The figures below the system, the model and the scenario."""
    return {result.sut: {result.model: {one.scenario: figures(result, one) for one in result.scenarios}}}


def figures(result: BenchmarkResult, one: ScenarioResult) -> Figures:
    """What is known of a scenario; nothing stands for what was not run."""
    found: Figures = {}
    if one.performance:
        found |= _performance(one.performance)
    if one.accuracy and one.accuracy.name != NO_TRUTH:
        found["accuracy"] = accuracy_text(one.accuracy, _metrics(result))
        found["accuracy_valid"] = one.accuracy.passed
    return found | {c.test: "passed" if c.passed else "failed" for c in one.compliance}


def _performance(run: Performance) -> Figures:
    found: Figures = {"performance": _rounded(run.value), "performance_valid": run.good}
    if run.power:
        found["power"] = _rounded(run.power.value)
        found["power_valid"] = run.good
        found["power_efficiency"] = _rounded(run.power.samples_per_joule)
    return found


def accuracy_text(accuracy: Accuracy, metrics: Sequence[str]) -> str:
    """The figure with five decimals; where a benchmark is judged by several, all of them in parentheses."""
    found = [text for metric in metrics if (text := find_metric(accuracy.line, metric))]
    if len(found) > 1:
        return "(" + ", ".join(_rounded(float(text), 5) for text in found) + ")"
    return _rounded(accuracy.value, 5)


def _metrics(result: BenchmarkResult) -> list[str]:
    """The metrics by which the rounds judge the model; none for one that is in no round."""
    rounds = [tables.load_round(name) for name in reversed(tables.rounds())]
    having = [one for one in rounds if result.model in one.models]
    found = next((one for one in having if one.round == result.round), having[0] if having else None)
    return [target.metric for target in found.models[result.model].accuracy] if found else []


def render(state: dict[str, dict[str, dict[str, Figures]]]) -> str:
    """One table for each system."""
    parts = []
    for sut, models in state.items():
        rows = [row(model, scenario, found) for model, of in models.items() for scenario, found in of.items()]
        parts.append(f"{sut}\n{grid([COLUMNS, *rows])}")
    return "\n".join(parts)


def row(model: str, scenario: str, found: Figures) -> tuple[str, ...]:
    """The cells of one line: ``X`` before a value that is not valid, a dash for what is not applicable."""
    return (
        model,
        scenario,
        _cell(found, "accuracy"),
        *_speed(scenario, found),
        _cell(found, "power_efficiency", "power_valid"),
        *(str(found.get(test, NONE)) for test in COLUMNS[-2:]),
    )


def _speed(scenario: str, found: Figures) -> tuple[str, str]:
    """Throughput and latency; streams are measured by latency, the others have none."""
    shown = _cell(found, "performance")
    if scenario not in SAMPLES or shown == NONE:
        return shown, NONE
    latency = float(found["performance"])
    rate = _rounded(1000 * SAMPLES[scenario] / latency) if latency else NONE
    return (rate if rate == NONE else _marked(found, rate, "performance_valid")), shown


def _cell(found: Figures, name: str, validity: str = "") -> str:
    return _marked(found, str(found[name]), validity or f"{name}_valid") if name in found else NONE


def _marked(found: Figures, text: str, validity: str) -> str:
    return text if found.get(validity, True) else f"X {text}"


def _rounded(value: float, digits: int = 3) -> str:
    return str(round(float(value), digits))


def grid(rows: Sequence[Sequence[str]]) -> str:
    """Cells between bars, the first row above a rule."""
    widths = [max(len(cells[k]) for cells in rows) for k in range(len(rows[0]))]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    lines = ["|" + "|".join(f" {cell.ljust(width)} " for cell, width in zip(cells, widths, strict=True)) + "|"
             for cells in rows]  # fmt: skip
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])
