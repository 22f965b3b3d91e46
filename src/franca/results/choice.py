"""Choosing a system by requirements: what meets them, the Pareto front of that, and what would have to give way.

Inputs and outputs are those of mlperf-inference 15.3 and EX-111 to EX-113. Everything happens inside groups of
results that may be compared. A result that lacks a figure is kept apart: a missing power is not a power of zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from franca.errors import UsageError
from franca.model.result import Result
from franca.results.axes import AXES, Axis, usual_axes
from franca.results.compare import title_of
from franca.results.front import standings
from franca.results.groups import Comparable, comparable_groups

SPREAD = 0.02  #: relative difference of two runs of one system (EX-113)
NEAREST = 3  #: results told of where none meets the limits


class Dominated(msgspec.Struct, frozen=True):
    """A result that another one beats. ``tie``: by no more than runs of one system differ."""

    result: Result
    by: str  #: key of a result of the front
    tie: bool


class Apart(msgspec.Struct, frozen=True):
    """A result that is not judged, or not let in. ``why``: axes that it lacks, or whose limit it misses."""

    result: Result
    why: list[str]


class Gain(msgspec.Struct, frozen=True):
    """The best figure on an axis with the limits as they are, None where nothing meets them, and with one relaxed."""

    axis: str
    before: float | None
    after: float


class Relaxation(msgspec.Struct, frozen=True):
    """The least change of one limit that lets in something new, and what is won by it."""

    axis: str
    bound: float
    needed: float
    results: int  #: that come in
    key: str  #: of the one that the gains are from
    gains: list[Gain]


class Choice(msgspec.Struct, frozen=True):
    """What a group of comparable results has to offer. ``front`` and ``dominated`` meet all limits, the best first."""

    title: str
    axes: list[str]
    limits: dict[str, float]
    front: list[Result]
    dominated: list[Dominated]
    excluded: list[Apart]
    """Miss a limit."""
    incomplete: list[Apart]
    """Lack a figure that is asked for."""
    relaxations: list[Relaxation]
    nearest: list[Apart]
    """Where nothing meets the limits: the results that miss them by least, summed over limits, relative to each."""


def choose(
    results: Iterable[Result], limits: Mapping[str, float], axes: Sequence[str] = (), *, spread: float = SPREAD
) -> list[Choice]:
    """What each group of comparable results offers, groups with something that meets the limits first.

    Args:
        limits: axis to the worst value that will do. axes: to be the best in; '' = speed, accuracy and what is limited.
        spread: relative, of figures that runs of one system differ in.

    Raises:
        UsageError: an axis that there is not. Refused: a group is beyond a bound.
    """
    for name in (*limits, *axes):
        if name not in AXES:
            raise UsageError(f"there is no axis {name}", hint="known: " + ", ".join(AXES))
    groups = comparable_groups(result for result in results if result.value is not None)
    found = [_choice(group, dict(limits), axes, spread) for group in groups]
    return sorted(found, key=lambda one: (not one.front, -len(one.front) - len(one.dominated), one.title))


def _choice(group: Comparable, limits: dict[str, float], wanted: Sequence[str], spread: float) -> Choice:
    usual = usual_axes(group.results[0])
    rate = {"latency", "throughput"}  # two sides of one figure: a limit on one needs no front over both
    more = [name for name in limits if name not in usual and name not in rate]
    axes = [AXES[name] for name in dict.fromkeys(wanted or (*usual, *more))]
    needed = {axis.name: axis for axis in axes} | {name: AXES[name] for name in limits}
    lacking = {r.key: [name for name, axis in needed.items() if axis.value(r) is None] for r in group.results}
    known = sorted(
        (r for r in group.results if not lacking[r.key]), key=lambda r: (_point(r, axes), r.organization, r.key)
    )
    missed = {r.key: _missed(r, limits) for r in known}
    feasible = [r for r in known if not missed[r.key]]
    excluded = [Apart(r, missed[r.key]) for r in known if missed[r.key]]
    places = standings([_point(r, axes) for r in feasible], [axis.spreads * spread for axis in axes])
    ranked = list(zip(feasible, places, strict=True))
    return Choice(
        title=title_of(group),
        axes=[axis.name for axis in axes],
        limits=limits,
        front=[r for r, place in ranked if place.dominated_by is None],
        dominated=[
            Dominated(r, feasible[place.dominated_by].key, place.tie)
            for r, place in ranked
            if place.dominated_by is not None
        ],
        excluded=excluded,
        incomplete=[Apart(r, lacking[r.key]) for r in group.results if lacking[r.key]],
        relaxations=_relaxations(feasible, excluded, limits, axes, spread),
        nearest=[] if feasible else sorted(excluded, key=lambda one: _excess(one.result, limits))[:NEAREST],
    )


def _value(result: Result, axis: Axis) -> float:
    """A figure that is known to be there."""
    value = axis.value(result)
    assert value is not None
    return value


def _point(result: Result, axes: Sequence[Axis]) -> tuple[float, ...]:
    return tuple(axis.cost(_value(result, axis)) for axis in axes)


def _missed(result: Result, limits: Mapping[str, float]) -> list[str]:
    return [name for name, bound in limits.items() if not AXES[name].meets(_value(result, AXES[name]), bound)]


def _excess(result: Result, limits: Mapping[str, float]) -> float:
    """By how much limits are missed, relative to each, summed."""
    differences = ((AXES[name], bound, _value(result, AXES[name])) for name, bound in limits.items())
    return sum(
        max(0.0, axis.cost(value) - axis.cost(bound)) / (abs(bound) or 1.0) for axis, bound, value in differences
    )


def _relaxations(
    feasible: Sequence[Result],
    excluded: Sequence[Apart],
    limits: Mapping[str, float],
    axes: Sequence[Axis],
    spread: float,
) -> list[Relaxation]:
    """For each limit the nearest result that only it keeps out, and that is better on some axis than what is let in."""
    best = [min((axis.cost(_value(r, axis)) for r in feasible), default=None) for axis in axes]
    found = []
    for name, bound in limits.items():
        limited = AXES[name]
        kept_out = sorted(
            (one.result for one in excluded if one.why == [name]), key=lambda r: limited.cost(_value(r, limited))
        )
        for result in kept_out:
            gains = _gains(result, axes, best, spread)
            if gains:
                needed = _value(result, limited)
                count = sum(limited.meets(_value(r, limited), needed) for r in kept_out)
                found.append(Relaxation(name, bound, needed, count, result.key, gains))
                break
    return found


def _gains(result: Result, axes: Sequence[Axis], best: Sequence[float | None], spread: float) -> list[Gain]:
    """Axes on which a result is better than the best that is let in, by more than runs of one system differ."""
    pairs = ((axis, before, axis.cost(_value(result, axis))) for axis, before in zip(axes, best, strict=True))
    return [
        Gain(axis.name, None if before is None else axis.cost(before), axis.cost(after))  # its own inverse
        for axis, before, after in pairs
        if before is None or after < before - axis.spreads * spread * abs(before)
    ]
