"""Choosing by requirements: every result in one place, for the reason that is said, against a naive reading."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.errors import UsageError
from franca.model.result import Result
from franca.results.axes import AXES
from franca.results.choice import Choice, choose
from franca.results.evidence import readme_of
from franca.results.prices import Prices, priced
from franca.results.rows import read_rows
from tests.unit.results.result_rows import row


def results(*rows: dict[str, Any]) -> list[Result]:
    return read_rows(row(Platform=f"p{n}", **one) for n, one in enumerate(rows)).results


def only(found: list[Choice]) -> Choice:
    (one,) = found
    return one


def names(found: list[Result]) -> list[str]:
    return [one.platform for one in found]


FIGURES = st.fixed_dictionaries({
    "Result": st.integers(90, 110), "Accuracy": st.sampled_from([75, 76, "None"]),
    "Result_Power": st.sampled_from([None, 50, 50.5, 60]),
})  # fmt: skip
LIMITS = st.fixed_dictionaries({}, optional={
    "throughput": st.integers(90, 112), "power": st.sampled_from([49, 50, 55]), "accuracy": st.sampled_from([75.5, 80]),
})  # fmt: skip
SIGNS = {"throughput": -1, "accuracy": -1, "power": 1}


def figure(result: Result, axis: str) -> float | None:
    return result.number("result" if axis == "throughput" else axis)


@given(st.lists(FIGURES, min_size=1, max_size=12), LIMITS)
def test_every_result_is_in_one_place_for_the_reason_that_is_said(
    rows: list[dict[str, Any]], limits: dict[str, float]
) -> None:
    everything = results(*rows)
    found = only(choose(everything, limits))
    assert found.axes == ["throughput", "accuracy", *(["power"] if "power" in limits else [])]

    def lacks(r: Result) -> list[str]:
        return [axis for axis in found.axes if figure(r, axis) is None]

    def misses(r: Result) -> list[str]:
        return [axis for axis, bound in limits.items() if SIGNS[axis] * (figure(r, axis) or 0) > SIGNS[axis] * bound]

    def beats(one: Result, other: Result) -> bool:
        pairs = [(SIGNS[a] * (figure(one, a) or 0), SIGNS[a] * (figure(other, a) or 0)) for a in found.axes]
        return all(mine <= theirs for mine, theirs in pairs) and any(mine < theirs for mine, theirs in pairs)

    complete = [r for r in everything if not lacks(r)]
    feasible = [r for r in complete if not misses(r)]
    front = {r.key for r in feasible if not any(beats(other, r) for other in feasible)}
    by_key = {r.key: r for r in everything}
    assert {one.result.key: one.why for one in found.incomplete} == {r.key: lacks(r) for r in everything if lacks(r)}
    assert {one.result.key: one.why for one in found.excluded} == {r.key: misses(r) for r in complete if misses(r)}
    assert {r.key for r in found.front} == front
    assert {one.result.key for one in found.dominated} == {r.key for r in feasible} - front
    assert all(one.by in front and beats(by_key[one.by], one.result) for one in found.dominated)
    places = [*found.front, *(o.result for o in (*found.dominated, *found.excluded, *found.incomplete))]
    assert sorted(r.key for r in places) == sorted(by_key)
    for relaxation in found.relaxations:
        relaxed = limits | {relaxation.axis: relaxation.needed}
        assert SIGNS[relaxation.axis] * relaxation.needed > SIGNS[relaxation.axis] * limits[relaxation.axis]
        after = only(choose(everything, relaxed))
        came = [r for r in after.front if r.key not in {f.key for f in feasible}]
        assert relaxation.key in {r.key for r in came}, "what a relaxation names is on the new front"
        assert len(after.front) + len(after.dominated) - len(feasible) == relaxation.results
    assert bool(found.nearest) == (not feasible and bool(found.excluded))


def test_a_result_without_power_is_kept_apart_and_counts_for_nothing() -> None:
    found = only(choose(results({"Result": 100, "Result_Power": 50}, {"Result": 900}), {"power": 60}))
    assert names(found.front) == ["p0"]
    assert [(one.result.platform, one.why) for one in found.incomplete] == [("p1", ["power"])]


def test_runs_that_differ_by_less_than_two_runs_of_one_system_are_ties() -> None:
    rows = [{"Result": 100}, {"Result": 98.5}, {"Result": 97}, {"Result": 99, "Accuracy": 75.9}]
    found = only(choose(results(*rows), {}))
    assert names(found.front) == ["p0"]
    assert [(one.result.platform, one.tie) for one in found.dominated] == [("p3", False), ("p1", True), ("p2", False)]
    wider = only(choose(results(*rows), {}, spread=0.05))
    assert [one.tie for one in wider.dominated] == [False, True, True]


def test_equal_results_are_all_on_the_front() -> None:
    assert sorted(names(only(choose(results({}, {}), {})).front)) == ["p0", "p1"]


def test_each_limit_says_what_relaxing_it_would_win() -> None:
    rows = [
        {"Result": 100, "Result_Power": 50}, {"Result": 150, "Result_Power": 70}, {"Result": 400, "Result_Power": 90},
        {"Result": 80, "Result_Power": 20},
    ]  # fmt: skip
    found = only(choose(results(*rows), {"power": 60, "throughput": 90}))
    power, throughput = found.relaxations
    assert (power.axis, power.bound, power.needed, power.results) == ("power", 60, 70, 1)
    assert [(gain.axis, gain.before, gain.after) for gain in power.gains] == [("throughput", 100, 150)]
    assert (throughput.needed, [(g.axis, g.before, g.after) for g in throughput.gains]) == (80, [("power", 50, 20)])


def test_where_nothing_will_do_the_nearest_results_are_told() -> None:
    rows = [{"Result": 100, "Result_Power": 90}, {"Result": 50, "Result_Power": 200}]
    found = only(choose(results(*rows), {"power": 60, "throughput": 190}))
    assert found.front == [] and found.relaxations == []
    assert [(one.result.platform, one.why) for one in found.nearest] == [
        ("p0", ["power", "throughput"]), ("p1", ["power", "throughput"]),
    ]  # fmt: skip


def test_results_that_may_not_be_compared_are_never_on_one_front() -> None:
    found = choose(results({"Result": 100}, {"Result": 10, "version": "v3.1"}, {"Result": 50}), {})
    assert [names(one.front) for one in found] == [["p0"], ["p1"]]


def test_streams_are_chosen_by_latency_and_limits_read_either_side() -> None:
    stream = {"Scenario": "SingleStream", "Units": "Latency (ms)"}
    made = results({**stream, "Result": 4.0}, {**stream, "Result": 2.0})
    found = only(choose(made, {"latency": 3}))
    assert found.axes == ["latency", "accuracy"] and names(found.front) == ["p1"]
    assert names(only(choose(made, {"throughput": 300})).front) == ["p1"]
    assert AXES["latency"].value(results({**stream, "Units": "Latency (s)", "Result": 2.0})[0]) == 2000


def test_latency_of_a_rate_is_the_tail_of_its_log_or_unknown() -> None:
    server = {"Scenario": "Server", "Units": "Queries/s"}
    found = only(choose(results({**server, "latency_p99_ms": 9.5}, server), {"latency": 10}))
    assert names(found.front) == ["p0"] and found.incomplete[0].why == ["latency"]


def test_cost_is_that_of_an_hour_whatever_the_unit_of_the_result() -> None:
    prices = Prices("EUR", {"p0": 3.0, "p1": 1.0})
    made = priced(results({"Units": "Tokens/s"}, {"Units": "Tokens/s", "Result": 10}, {"Units": "Tokens/s"}), prices)
    found = only(choose(made, {"cost": 2}))
    assert names(found.front) == ["p1"]
    assert [(one.result.platform, one.why) for one in (*found.excluded, *found.incomplete)] == [
        ("p0", ["cost"]), ("p2", ["cost"]),
    ]  # fmt: skip


def test_an_unknown_axis_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="beauty"):
        choose([], {}, ["beauty"])


URL = "https://example.org/r"
PLACE = "closed/Acme/results/box/resnet50/Offline"


@pytest.mark.parametrize(
    ("columns", "place"),
    [({}, "closed/Acme/measurements/box/resnet50/Offline/README.md"), ({"version": "v6.1"}, f"{PLACE}/README.md"),
     ({"url": f"{URL}/{PLACE}"}, f"{URL}/closed/Acme/measurements/box/resnet50/Offline/README.md"),
     ({"url": f"javascript:x/{PLACE}"}, "closed/Acme/measurements/box/resnet50/Offline/README.md"),
     ({"Location": ""}, "")],
)  # fmt: skip
def test_where_it_stands_how_a_result_was_made(columns: dict[str, Any], place: str) -> None:
    (one,) = results({"Location": PLACE, **columns})
    assert readme_of(one) == place
