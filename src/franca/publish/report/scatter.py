"""A scatter plot as inline SVG: points with a kind each, the front of them joined by a line."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from franca.publish.report.markup import Content, Markup, tag

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 76, 18, 18, 52
LARGEST = 1e300  #: what is beyond lies on the edge; distances stay finite
LOG_FROM = 50.0  #: largest over smallest value from which an axis is logarithmic
Scale = Callable[[float], float]


class Dot(NamedTuple):
    """One point. ``kind`` is its CSS class; those of kind ``front`` are joined by a line, a ``series`` at a time."""

    x: float
    y: float
    label: str
    kind: str = "behind"
    colour: int = 0  #: 0 to 7, as a class for the page's style sheet
    series: str = ""


class Frame(NamedTuple):
    """An axis: from what value to what value, and whether by powers."""

    low: float
    high: float
    log: bool

    def scale(self, start: float, end: float) -> Scale:
        """Values to user units."""
        turn = math.log if self.log else float
        low, span = turn(self.low), (turn(self.high) - turn(self.low)) or 1.0
        return lambda value: start + (turn(min(max(value, self.low), self.high)) - low) / span * (end - start)

    def ticks(self) -> list[float]:
        """About five round values."""
        if self.log:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            every = max(1, math.ceil(len(decades) / 7))
            return [10.0**d for d in list(decades)[::every] if self.low <= 10.0**d <= self.high]
        rough = (self.high - self.low) / 5
        size = 10.0 ** math.floor(math.log10(rough))
        step = next(size * n for n in (1, 2, 5, 10) if size * n >= rough)
        first = math.ceil(self.low / step)
        return [n * step for n in range(first, first + 12) if n * step <= self.high]


def frame(values: Sequence[float]) -> Frame:
    """The frame of some finite values; never empty, also for one value or none."""
    low, high = (min(max(end, -LARGEST), LARGEST) for end in (min(values, default=0.0), max(values, default=1.0)))
    if low > 0 and high / low >= LOG_FROM:
        return Frame(low / 1.3, high * 1.3, True)
    margin = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return Frame(low - margin, high + margin, False)


def scatter(dots: Sequence[Dot], x_label: str, y_label: str, title: str) -> Markup:
    """The plot. Labels of points are shown by a browser when one rests on them, and read out."""
    wide, tall = frame([dot.x for dot in dots]), frame([dot.y for dot in dots])
    x, y = wide.scale(LEFT, WIDTH - RIGHT), tall.scale(HEIGHT - BOTTOM, TOP)
    parts: list[Content] = [tag("title", title), tag("desc", f"{len(dots)} points: {y_label} by {x_label}.")]
    parts += [*_across(x, wide, x_label), *_up(y, tall, y_label)]
    for front in _fronts(dots):
        parts.append(tag("polyline", class_="pareto", points=" ".join(f"{_n(x(a))},{_n(y(b))}" for a, b in front)))
    order = sorted(dots, key=lambda dot: dot.kind == "front")  # the front is drawn last: nothing covers it
    for dot in order:
        name, kind = tag("title", dot.label), f"{dot.kind} colour{dot.colour}"
        radius = 5 if dot.kind == "front" else 4
        parts.append(tag("circle", name, class_=kind, cx=_n(x(dot.x)), cy=_n(y(dot.y)), r=radius))
    return tag("svg", *parts, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=title)


def _fronts(dots: Sequence[Dot]) -> list[list[tuple[float, float]]]:
    """The points of each front with more than one, from left to right."""
    series: dict[str, set[tuple[float, float]]] = {}
    for dot in dots:
        if dot.kind == "front":
            series.setdefault(dot.series, set()).add((dot.x, dot.y))
    return [sorted(points) for points in series.values() if len(points) > 1]


def _across(x: Scale, wide: Frame, label: str) -> list[Markup]:
    base = HEIGHT - BOTTOM
    parts = [tag("line", class_="axis", x1=LEFT, x2=WIDTH - RIGHT, y1=base, y2=base)]
    for tick in wide.ticks():
        at = _n(x(tick))
        parts.append(tag("line", class_="grid", x1=at, x2=at, y1=TOP, y2=base))
        parts.append(tag("text", f"{tick:.6g}", class_="tick", x=at, y=base + 16, text_anchor="middle"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    return [*parts, tag("text", label, class_="label", x=_n(middle), y=HEIGHT - 8, text_anchor="middle")]


def _up(y: Scale, tall: Frame, label: str) -> list[Markup]:
    parts = [tag("line", class_="axis", x1=LEFT, x2=LEFT, y1=TOP, y2=HEIGHT - BOTTOM)]
    for tick in tall.ticks():
        at = y(tick)
        parts.append(tag("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=_n(at), y2=_n(at)))
        parts.append(tag("text", f"{tick:.6g}", class_="tick", x=LEFT - 6, y=_n(at + 4), text_anchor="end"))
    middle = _n((TOP + HEIGHT - BOTTOM) / 2)
    turned = f"rotate(-90 14 {middle})"
    return [*parts, tag("text", label, class_="label", x=14, y=middle, text_anchor="middle", transform=turned)]


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
