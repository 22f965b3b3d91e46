"""The results table for a terminal: one line per scenario, and what it stands on."""

from __future__ import annotations

import textwrap

from franca.mlperf.inference.advice import busy_words
from franca.mlperf.inference.results import BenchmarkResult, Performance, ScenarioResult, p99_ms
from franca.mlperf.inference.scenarios import FACTS, Scenario

WIDTH = 110
_COLUMNS = ("Scenario", "Result", "Metric", "Samples/s", "p50 ms", "p99 ms", "Queries", "Accuracy", "vs bare loop")


def render(result: BenchmarkResult) -> str:
    """Plain text, about 110 columns."""
    rows = [_COLUMNS, *(_row(r) for r in result.scenarios)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(_COLUMNS))]
    lines = ["  ".join(_pad(cell, widths[k], k) for k, cell in enumerate(row)).rstrip() for row in rows]
    rule = "-" * max(len(line) for line in lines)
    head = f"{result.benchmark}: {result.model} on {result.dataset}, {result.sut}, {result.profile} profile"
    return "\n".join([head, rule, lines[0], rule, *lines[1:], rule, *_remarks(result)]) + "\n"


def _pad(text: str, width: int, column: int) -> str:
    return text.ljust(width) if column < 2 else text.rjust(width)


def _row(result: ScenarioResult) -> tuple[str, ...]:
    perf, acc = result.performance, result.accuracy
    accuracy = "-" if acc is None else f"{'' if acc.passed else 'X '}{100 * acc.share:.3f}%"
    if perf is None:
        return (result.scenario, "-", "-", "-", "-", "-", "-", accuracy, "-")
    verdict = "VALID" if perf.good else "INVALID"
    return (
        result.scenario,
        verdict + (" (kept)" if perf.reused else ""),
        metric_text(perf),
        f"{perf.samples_per_second:,.0f}",
        *(_milliseconds(perf, p) for p in ("50.00", "99.00")),
        f"{perf.queries:,}",
        accuracy,
        f"{perf.overhead.ratio:.2f}" if perf.overhead else "-",
    )


def metric_text(perf: Performance) -> str:
    digits = f"{perf.value:.4g}" if perf.value < 1000 else f"{perf.value:,.0f}"
    return f"{digits} {perf.unit}"


def _milliseconds(perf: Performance, percentile: str) -> str:
    if perf.metric == FACTS[Scenario.OFFLINE].metric_key:
        return "-"  # everything is issued at once: the figure would only say how long the run took
    value = perf.latency.percentiles.get(percentile)
    return "-" if value is None else f"{value / 1e6:.4g}"


def token_lines(scenario: str, perf: Performance) -> list[str]:
    """What LoadGen states about tokens."""
    tokens = perf.tokens
    if tokens is None:
        return []
    parts = [f"{tokens.per_second:,.0f} tokens/s"] if tokens.per_second is not None else []
    for name, latency, bound in (
        ("first token p99", tokens.first, tokens.first_bound_ms),
        ("further tokens p99", tokens.each, tokens.each_bound_ms),
    ):
        if latency is not None:
            parts.append(f"{name} {p99_ms(latency):.4g} ms" + (f" (bound {bound:g} ms)" if bound is not None else ""))
    return [f"{scenario}: {', '.join(parts)}"]


def power_lines(scenario: str, perf: Performance) -> list[str]:
    """Power and efficiency; an estimate from the processor's counters is called one."""
    power = perf.power
    if power is not None:
        note = " (SIMULATED: no meter took part)" if power.simulated else ""
        return [f"{scenario}: power {power.value:.4g} {power.unit}, {power.samples_per_joule:.4g} samples/J{note}"]
    if perf.estimated_power_w is not None:
        return [
            f"{scenario}: processors drew about {perf.estimated_power_w:.4g} W, by their own counters (an estimate)"
        ]
    return []


def _remarks(result: BenchmarkResult) -> list[str]:
    lines = []
    for r in result.scenarios:
        if r.performance:
            lines += [f"{r.scenario}: NOT met: {f.name}: {f.reason}" for f in r.performance.flags if f.met is False]
            lines += token_lines(r.scenario, r.performance)
            lines += power_lines(r.scenario, r.performance)
            lines += [f"{r.scenario}: LoadGen error: {text}" for text in r.performance.errors[:3]]
            lines += [f"{r.scenario}: {text}" for text in r.performance.advice]
            busy = busy_words(r.performance.host)
            lines += [f"{r.scenario}: noisy: {busy}"] if busy and r.performance.valid else []
        lines += [
            f"{r.scenario} {c.test}: {'passed' if c.passed else 'NOT passed'}: {'; '.join(c.details)}"
            for c in r.compliance
        ]
        if r.accuracy and not r.accuracy.equals_direct:
            lines.append(f"{r.scenario}: accuracy differs from the direct evaluation ({r.accuracy.direct:.3f}%)")
    lines.append(result.note)
    lines.append(f"LoadGen ran {result.loadgen_seconds:.1f} s; everything else took {result.franca_seconds:.1f} s.")
    return [part for line in lines for part in textwrap.wrap(line, WIDTH, subsequent_indent="  ")]
