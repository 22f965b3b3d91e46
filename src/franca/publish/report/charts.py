"""Plots as inline SVG, drawn with the page's own colours so that dark mode and print follow.

Sizes in user units; text stays text. Every plot has a title and a description for those who cannot see it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from franca.publish.report.markup import Content, Markup, tag
from franca.publish.report.records import Histogram

WIDTH, HEIGHT = 520, 250
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 26, 40
Scale = Callable[[float], float]


class Mark(NamedTuple):
    """A vertical line at a time (ns) with a short label."""

    at: float
    label: str
    kind: str = "mark"


def time_text(ns: float) -> str:
    """A time with a unit that keeps the number short: 850 ns, 12.3 us, 4.56 ms, 1.2 s."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{_short(ns / size)} {unit}"
    return f"{_short(ns)} ns"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def bucket_edges(histogram: Histogram) -> list[float]:
    """Lower edges of the buckets and the upper edge of the last, ns."""
    last = histogram.first + len(histogram.counts)
    return [2 ** (k / histogram.per_octave) for k in range(histogram.first, last + 1)]


def quantile(histogram: Histogram, share: float) -> float:
    """The time (ns) below which ``share`` of the counts lie, interpolated within its bucket."""
    edges, total = bucket_edges(histogram), sum(histogram.counts)
    left = share * total
    for k, count in enumerate(histogram.counts):
        if count and left <= count:
            return float(edges[k] * (edges[k + 1] / edges[k]) ** (left / count))
        left -= count
    return edges[-1]


def distribution(histogram: Histogram, marks: Sequence[Mark], title: str) -> Markup:
    """Histogram over a logarithmic time axis, without the lowest and highest 0.1 %."""
    low, high = quantile(histogram, 0.001), quantile(histogram, 0.999)
    low, high = min([low, *(m.at for m in marks)]) / 1.12, max([high, *(m.at for m in marks)]) * 1.12
    x = _log_scale(low, high, LEFT, WIDTH - RIGHT)
    edges, total = bucket_edges(histogram), sum(histogram.counts) or 1
    shown = [
        (edges[k], edges[k + 1], n) for k, n in enumerate(histogram.counts) if low < edges[k + 1] and edges[k] < high
    ]
    peak = max((n for _, _, n in shown), default=1) / total
    y = _linear_scale(0, peak * 1.08, HEIGHT - BOTTOM, TOP)
    bars = [
        tag(
            "rect",
            class_="bar",
            x=_n(x(max(a, low))),
            y=_n(y(n / total)),
            width=_n(max(0.6, x(min(b, high)) - x(max(a, low)) - 0.4)),
            height=_n(y(0) - y(n / total)),
        )
        for a, b, n in shown
        if n
    ]
    parts: list[Content] = [*_time_axis(x, low, high), *_share_axis(y, peak * 1.08), *bars, *_marks(x, marks)]
    told = ", ".join(f"{m.label} {time_text(m.at)}" for m in marks)
    return _svg(parts, title, f"Histogram of {sum(histogram.counts):,} times on a logarithmic axis. {told}.")


def percentiles(histogram: Histogram, reported: dict[str, float], bound_ns: float | None, title: str) -> Markup:
    """Latency against percentile, the tail stretched: each nine gets the same width. Dots are LoadGen's figures."""
    total = sum(histogram.counts) or 1
    deepest = min(5.0, max(2.0, math.log10(total)))
    x = _linear_scale(0, deepest, LEFT, WIDTH - RIGHT)
    nines = [deepest * k / 160 for k in range(1, 161)]
    curve = [(v, quantile(histogram, 1 - 10**-v)) for v in nines]
    dots = [(-math.log10(1 - float(p) / 100), ns) for p, ns in reported.items() if float(p) < 100]
    values = [t for _, t in curve] + [t for _, t in dots] + ([bound_ns] if bound_ns else [])
    y = _log_scale(min(values) / 1.15, max(values) * 1.15, HEIGHT - BOTTOM, TOP)
    parts: list[Content] = [*_nines_axis(x, deepest), *_time_axis_left(y, min(values) / 1.15, max(values) * 1.15)]
    parts.append(tag("polyline", class_="curve", points=" ".join(f"{_n(x(v))},{_n(y(t))}" for v, t in curve)))
    if bound_ns:
        parts.append(tag("line", class_="bound", x1=LEFT, x2=WIDTH - RIGHT, y1=_n(y(bound_ns)), y2=_n(y(bound_ns))))
        parts.append(
            tag(
                "text",
                f"bound {time_text(bound_ns)}",
                class_="bound-label",
                x=WIDTH - RIGHT,
                y=_n(y(bound_ns) - 5),
                text_anchor="end",
            )
        )
    parts += [tag("circle", class_="dot", cx=_n(x(v)), cy=_n(y(t)), r="3.5") for v, t in dots if v <= deepest]
    told = ", ".join(f"{float(p):g}%: {time_text(ns)}" for p, ns in reported.items())
    return _svg(parts, title, f"Time by percentile. Reported by LoadGen: {told}.")


def ratio_bars(rows: Sequence[tuple[str, float, float]], title: str) -> Markup:
    """Pairs of bars: rate of the bare loop and through LoadGen, each pair scaled to its larger one."""
    step, left = 58, 112
    parts: list[Content] = []
    for k, (name, bare, rate) in enumerate(rows):
        top, widest = 8 + k * step, max(bare, rate, 1e-9)
        parts.append(tag("text", name, class_="label", x=left - 10, y=top + 21, text_anchor="end"))
        for j, (value, kind, what) in enumerate(((bare, "bare", "bare loop"), (rate, "through", "with LoadGen"))):
            width = (WIDTH - left - 150) * value / widest
            parts.append(tag("rect", class_=kind, x=left, y=top + j * 20, width=_n(width), height=16, rx=2))
            note = f"{value:,.0f}/s {what}"
            parts.append(tag("text", note, class_="value", x=_n(left + width + 6), y=top + 12 + j * 20))
    told = "; ".join(f"{name}: {bare:,.0f} bare, {rate:,.0f} with LoadGen" for name, bare, rate in rows)
    return _svg(parts, title, told, 12 + step * len(rows))


def _svg(parts: list[Content], title: str, description: str, height: int = HEIGHT) -> Markup:
    inner = [tag("title", title), tag("desc", description), *parts]
    return tag("svg", *inner, viewBox=f"0 0 {WIDTH} {height}", role="img", aria_label=f"{title}. {description}")


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _linear_scale(low: float, high: float, start: float, end: float) -> Scale:
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def _log_scale(low: float, high: float, start: float, end: float) -> Scale:
    linear = _linear_scale(math.log(low), math.log(high), start, end)
    return lambda value: linear(math.log(value))


def _time_ticks(low: float, high: float) -> list[float]:
    """Round times between the ends: 1, 2 and 5 per decade, thinned to about eight."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = [s * 10.0**d for d in decades for s in steps if low <= s * 10.0**d <= high]
        if len(ticks) <= 8:
            return ticks
    return ticks


def _time_axis(x: Scale, low: float, high: float) -> list[Markup]:
    base = HEIGHT - BOTTOM
    parts = [tag("line", class_="axis", x1=LEFT, x2=WIDTH - RIGHT, y1=base, y2=base)]
    for tick in _time_ticks(low, high):
        at = _n(x(tick))
        parts.append(tag("line", class_="grid", x1=at, x2=at, y1=TOP, y2=base))
        parts.append(tag("text", time_text(tick), class_="tick", x=at, y=base + 16, text_anchor="middle"))
    return parts


def _time_axis_left(y: Scale, low: float, high: float) -> list[Markup]:
    parts = []
    for tick in _time_ticks(low, high):
        at = y(tick)
        parts.append(tag("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=_n(at), y2=_n(at)))
        parts.append(tag("text", time_text(tick), class_="tick", x=LEFT - 6, y=_n(at + 4), text_anchor="end"))
    return parts


def _share_axis(y: Scale, top: float) -> list[Markup]:
    step = next(s for s in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0) if top / s <= 5)
    parts = []
    for k in range(1, int(top / step) + 1):
        at = y(k * step)
        parts.append(tag("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=_n(at), y2=_n(at)))
        parts.append(
            tag(
                "text",
                f"{k * step:.3g}".rstrip() if step < 0.01 else f"{k * step:.0%}",
                class_="tick",
                x=LEFT - 6,
                y=_n(at + 4),
                text_anchor="end",
            )
        )
    return parts


def _nines_axis(x: Scale, deepest: float) -> list[Markup]:
    base = HEIGHT - BOTTOM
    parts = [tag("line", class_="axis", x1=LEFT, x2=WIDTH - RIGHT, y1=base, y2=base)]
    labels = {0.301: "50 %", 1.0: "90 %", 2.0: "99 %", 3.0: "99.9 %", 4.0: "99.99 %", 5.0: "99.999 %"}
    for value, label in labels.items():
        if value <= deepest:
            at = _n(x(value))
            parts.append(tag("line", class_="grid", x1=at, x2=at, y1=TOP, y2=base))
            parts.append(tag("text", label, class_="tick", x=at, y=base + 16, text_anchor="middle"))
    return parts


def _marks(x: Scale, marks: Sequence[Mark]) -> list[Markup]:
    """Lines with labels above the plot; a label that would touch the one before it goes one line lower."""
    parts, last = [], -1e9
    for mark in sorted(marks):
        at = x(mark.at)
        low = at - last < 34
        parts.append(
            tag("line", class_=mark.kind, x1=_n(at), x2=_n(at), y1=TOP - (2 if low else 8), y2=HEIGHT - BOTTOM)
        )
        parts.append(
            tag(
                "text",
                mark.label,
                class_=f"{mark.kind}-label",
                x=_n(at),
                y=TOP + (10 if low else -12),
                text_anchor="start" if low else "middle",
                dx=3 if low else 0,
            )
        )
        last = at if not low else last
    return parts
