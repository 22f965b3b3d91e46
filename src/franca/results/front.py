"""The Pareto front of points: who is beaten on every axis by whom, and who only by less than measurements spread.

The points below or at a point on one axis are a set of bits in one whole number; on all axes, the sets' common part.
n points on k axes take k n^2 / 64 word operations and n^2 / 8 bytes: 10,000 points on four axes well below a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from franca.errors import Refused

MAX_POINTS = 30_000  #: different ones; 110 MiB
Point = tuple[float, ...]
"""Finite coordinates, all of them better when lower."""


class Standing(msgspec.Struct, frozen=True):
    """Where a point stands.

    ``dominated_by``: the first point of the front that is nowhere worse and somewhere better; None on the front.
    ``tie``: dominated, but by nobody who is better by more than the spread on any axis.
    """

    dominated_by: int | None = None
    tie: bool = False


def standings(points: Sequence[Point], spreads: Sequence[float]) -> list[Standing]:
    """The standing of each point. Equal points stand alike: all of them are on the front, or none is.

    Args:
        spreads: relative, one for each axis; a smaller difference is no difference for ``tie``.

    Raises:
        Refused: more than ``MAX_POINTS`` different points.
    """
    first: dict[Point, int] = {}
    for n, point in enumerate(points):
        first.setdefault(point, n)
    distinct = list(first)
    if len(distinct) > MAX_POINTS:
        raise Refused(f"{len(distinct)} different points, expected at most {MAX_POINTS}", hint="choose fewer results")
    reached = _at_least_as_good(distinct)
    front = sum(1 << n for n, mask in enumerate(reached) if mask.bit_count() == 1)
    clear = _clearly_worse(distinct, reached, spreads)
    found = {}
    for n, point in enumerate(distinct):
        above = reached[n] & front
        by = None if reached[n].bit_count() == 1 else first[distinct[(above & -above).bit_length() - 1]]
        found[point] = Standing(by, by is not None and not clear[n])
    return [found[point] for point in points]


def _at_least_as_good(points: Sequence[Point]) -> list[int]:
    """For each point the set of points that are nowhere worse, itself among them."""
    masks = [-1] * len(points)
    for axis in range(len(points[0]) if points else 0):
        thresholds = [point[axis] for point in points]
        for n, below in _up_to(points, axis, thresholds, inclusive=True):
            masks[n] &= below
    return masks


def _clearly_worse(points: Sequence[Point], reached: Sequence[int], spreads: Sequence[float]) -> list[bool]:
    """Whether somebody who is nowhere worse than a point is better by more than the spread on some axis."""
    clear = [False] * len(points)
    for axis, spread in enumerate(spreads):
        thresholds = [point[axis] - spread * abs(point[axis]) for point in points]
        for n, below in _up_to(points, axis, thresholds, inclusive=False):
            clear[n] = clear[n] or bool(reached[n] & below)
    return clear


def _up_to(
    points: Sequence[Point], axis: int, thresholds: Sequence[float], *, inclusive: bool
) -> Iterator[tuple[int, int]]:
    """Each point's number with the set of points whose coordinate is below its threshold, or at it."""
    order = sorted(range(len(points)), key=lambda n: points[n][axis])
    below, at = 0, 0
    for n in sorted(range(len(points)), key=lambda n: thresholds[n]):
        while at < len(order) and (
            points[order[at]][axis] < thresholds[n] or (inclusive and points[order[at]][axis] == thresholds[n])
        ):
            below |= 1 << order[at]
            at += 1
        yield n, below
