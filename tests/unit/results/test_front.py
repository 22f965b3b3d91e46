"""The Pareto front against a reading of its definition, pair by pair."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.errors import Refused
from franca.results import front
from franca.results.front import standings

AXES = st.integers(1, 4)
COORDINATES = st.integers(-4, 4).map(float) | st.floats(-100, 100)
POINTS = AXES.flatmap(
    lambda axes: st.tuples(
        st.lists(st.tuples(*[COORDINATES] * axes), max_size=25),
        st.tuples(*[st.sampled_from([0.0, 0.02, 0.5])] * axes),
    )
)


def dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True)) and one != other


def exceeds(one: tuple[float, ...], other: tuple[float, ...], spreads: tuple[float, ...]) -> bool:
    return any(a < b - spread * abs(b) for a, b, spread in zip(one, other, spreads, strict=True))


@given(POINTS)
def test_it_is_the_definition(case: tuple[list[tuple[float, ...]], tuple[float, ...]]) -> None:
    points, spreads = case
    for point, standing in zip(points, standings(points, spreads), strict=True):
        above = [other for other in points if dominates(other, point)]
        assert (standing.dominated_by is None) == (not above)
        assert standing.tie == (bool(above) and not any(exceeds(other, point, spreads) for other in above))
        if standing.dominated_by is not None:
            by = points[standing.dominated_by]
            assert dominates(by, point) and not any(dominates(other, by) for other in points)


@given(POINTS, st.randoms())
def test_the_order_of_the_points_is_nothing(
    case: tuple[list[tuple[float, ...]], tuple[float, ...]], random: st.DataObject
) -> None:
    points, spreads = case
    shuffled = sorted(points, key=lambda _: random.random())  # type: ignore[attr-defined]
    mine = {p: (s.dominated_by is None, s.tie) for p, s in zip(points, standings(points, spreads), strict=True)}
    theirs = {p: (s.dominated_by is None, s.tie) for p, s in zip(shuffled, standings(shuffled, spreads), strict=True)}
    assert mine == theirs


def test_a_large_front_keeps_all_of_it() -> None:
    points = [(float(n), float(-n), float(n % 7), float(n % 5)) for n in range(5000)]
    assert all(standing.dominated_by is None for standing in standings(points, (0.0,) * 4))


def test_a_small_difference_is_a_tie_and_a_clear_one_is_not() -> None:
    points = [(100.0, 10.0), (101.9, 10.0), (103.0, 10.0)]
    assert [(one.dominated_by, one.tie) for one in standings(points, (0.02, 0.0))] == [
        (None, False), (0, True), (0, False),
    ]  # fmt: skip


def test_more_points_than_there_is_memory_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "MAX_POINTS", 3)
    assert len(standings([(1.0,)] * 9, (0.0,))) == 9
    with pytest.raises(Refused, match="4 different points"):
        standings([(float(n),) for n in range(4)], (0.0,))
