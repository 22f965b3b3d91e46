"""What a page shows of the records: axes from the address, points, the front of each group that belongs together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from franca.playground.records import Record
from franca.publish.report.scatter import Dot
from franca.results.choice import SPREAD
from franca.results.front import standings
from franca.results.rows import number

DEFAULTS = {"x": "qps", "y": "accuracy", "c": "Model", "s": "", "d": "", "e": "", "refresh": "10"}
"""Of the address: the axes, the colours, the scenario, which way is better on x and on y, seconds between refreshes."""
REFRESHES = ("0", "5", "10", "60")
DIRECTIONS = ("higher", "lower")
ALIKE = ("version", "Division", "SystemType", "Availability", "Model", "MlperfModel", "Scenario", "Units", "inferred",
         "cm_misc_input_run_style")  # fmt: skip
"""What must be equal for two records to be on one front (15.1); records have no seeds."""
LOWER_WORDS = ("latency", "watt", "power", "energy", "joule", "cost", "duration", "_ms")
MAX_POINTS = 5000  #: drawn; fronts are of all
MAX_FIELDS = 100  #: to choose from, and columns of the table
COLOURS = 8
MAX_QUERY = 60  #: characters of a value in the address


class View(msgspec.Struct, frozen=True):
    """The choices that the address makes."""

    x: str
    y: str
    c: str
    s: str
    d: str
    e: str
    refresh: int

    def better(self, axis: str) -> str:
        """Which way is better on ``x`` or ``y``: as the address says, else by the name of the field."""
        said, name = (self.d, self.x) if axis == "x" else (self.e, self.y)
        lower = any(word in name.lower() for word in LOWER_WORDS)
        return said or ("lower" if lower else "higher")


class Picture(msgspec.Struct, frozen=True):
    """Points to draw, the values of the colours, and how many records lack an axis."""

    dots: list[Dot]
    legend: list[str]
    lacking: int


def view_of(query: Mapping[str, str]) -> View:
    """The choices of an address; what it does not say, or says wrongly, is the default."""
    said = {name: query.get(name, default)[:MAX_QUERY] for name, default in DEFAULTS.items()}
    for name in ("d", "e"):
        said[name] = said[name] if said[name] in DIRECTIONS else ""
    pause = said.pop("refresh")
    return View(**said, refresh=int(pause if pause in REFRESHES else DEFAULTS["refresh"]))


def shown(records: Sequence[Record], view: View) -> list[Record]:
    """The records of the scenario that was asked for."""
    return [record for record in records if not view.s or text(record.get("Scenario")) == view.s]


def numeric_fields(records: Sequence[Record]) -> list[str]:
    """Fields that hold a number somewhere."""
    found = {name for record in records for name, value in record.items() if number(value) is not None}
    return sorted(found)[:MAX_FIELDS]


def text_fields(records: Sequence[Record]) -> list[str]:
    """Fields that colours can be by: those with a plain value somewhere."""
    plain = (str, int, float, bool)
    found = {name for record in records for name, value in record.items() if isinstance(value, plain)}
    return sorted(found)[:MAX_FIELDS]


def picture(records: Sequence[Record], view: View) -> Picture:
    """Points with their standing: on the front of their group, within the spread of it, or behind."""
    points = [
        (record, (x, y))
        for record in records
        if (x := number(record.get(view.x))) is not None and (y := number(record.get(view.y))) is not None
    ]
    kinds = _kinds(points, view)
    counted = Counter(text(record.get(view.c)) for record, _ in points)
    legend = [name for name, _ in counted.most_common(COLOURS - 1)]
    colour = {name: n for n, name in enumerate(legend)}
    dots = [
        Dot(x, y, label(record), kinds[n], colour.get(text(record.get(view.c)), COLOURS - 1), group_of(record))
        for n, (record, (x, y)) in enumerate(points)
    ]
    others = [dot for dot in dots if dot.kind != "front"]
    if len(others) > MAX_POINTS:
        dots = [dot for dot in dots if dot.kind == "front"] + others[-MAX_POINTS:]
    more = len(counted) - len(legend)
    return Picture(dots, [*legend, *([f"{more} more"] if more else [])], len(records) - len(points))


def _kinds(points: Sequence[tuple[Record, tuple[float, float]]], view: View) -> dict[int, str]:
    """The standing of each point by its place. A run that is not valid is behind all others, and beats nobody."""
    kinds = dict.fromkeys(range(len(points)), "behind")
    groups: dict[str, list[int]] = {}
    for n, (record, _) in enumerate(points):
        if record.get("valid", True) is True:
            groups.setdefault(group_of(record), []).append(n)
    signs = [1.0 if view.better(axis) == "lower" else -1.0 for axis in ("x", "y")]
    spreads = [0.0 if name == "accuracy" else SPREAD for name in (view.x, view.y)]
    for members in groups.values():
        costs = [(signs[0] * points[n][1][0], signs[1] * points[n][1][1]) for n in members]
        for n, standing in zip(members, standings(costs, spreads), strict=True):
            kinds[n] = "front" if standing.dominated_by is None else "tie" if standing.tie else "behind"
    return kinds


def group_of(record: Record) -> str:
    """Equal for records that may be on one front."""
    return "\0".join(text(record.get(name)) for name in ALIKE)


def label(record: Record) -> str:
    """A point in words."""
    names = ("run", "Model", "Scenario", "performance", "Units", "accuracy", "when")
    words = [text(record.get(name)) for name in names]
    invalid = [] if record.get("valid", True) is True else ["INVALID"]
    return ", ".join([word for word in words if word] + invalid)


def text(value: Any) -> str:
    """A value of a record in words, not too many of them."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    found = f"{value:.6g}" if isinstance(value, float) else str(value)
    return found if len(found) <= 120 else found[:117] + "..."
