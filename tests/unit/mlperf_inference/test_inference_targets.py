"""Targets: sized from measurement, explained, the user's own wins (mlperf-inference 3.1, 1.9)."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.mlperf.inference import targets
from franca.mlperf.inference.config import Entry
from franca.mlperf.inference.profiles import FULL, PROFILES, SHORT
from franca.mlperf.inference.results import Flag, Latency, Performance
from franca.mlperf.inference.runner import watchdog_limit
from franca.mlperf.inference.scenarios import Scenario
from franca.mlperf.inference.spec import Targets

RATES = targets.Rates(single_s=100e-6, eight_s=400e-6, batched=20_000.0)
NOTHING = Targets()


def performance(**changes) -> Performance:
    base = Performance(
        metric="m", title="t", unit="u", value=1000.0, samples_per_second=1000.0, valid=False, flags=[], errors=[],
        warnings=[], queries=1, samples=1, dataset_samples=1,
        duration_s=1.0, min_duration_s=1.0, latency=Latency(1.0, 2e6, 3.0, {}),
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


def test_streams_expect_less_than_measured_so_that_queries_do_not_run_out() -> None:
    for scenario, call_s in ((Scenario.SINGLE_STREAM, 100e-6), (Scenario.MULTI_STREAM, 400e-6)):
        choice = targets.first_choice(scenario, RATES, 0.0)
        assert 0.4 * call_s * 1e3 <= choice.value <= 0.9 * call_s * 1e3


def test_offline_expects_at_least_the_rate_that_the_harness_can_reach() -> None:
    assert targets.first_choice(Scenario.OFFLINE, RATES, 0.0).value > targets.expected_offline(RATES)


def test_server_starts_from_the_lower_of_offline_and_one_at_a_time() -> None:
    one_at_a_time = 1 / (100e-6 + 40e-6)
    assert targets.first_choice(Scenario.SERVER, RATES, 100.0).value == 25.0
    assert targets.first_choice(Scenario.SERVER, RATES, 1e9).value == pytest.approx(0.2 * one_at_a_time, rel=0.01)


def test_what_the_user_asked_for_wins_over_measurement() -> None:
    conf = [Entry("*", "Server", "target_qps", "7")]
    asked = targets.asked(Scenario.SERVER, Targets(server_qps=5), conf, "*")
    assert asked is not None and asked.value == 5
    from_file = targets.asked(Scenario.SERVER, NOTHING, conf, "*")
    assert from_file is not None and from_file.value == 7
    assert targets.asked(Scenario.OFFLINE, NOTHING, conf, "*") is None


def test_a_short_run_is_sized_from_the_profile() -> None:
    plan = targets.plan(Scenario.SERVER, SHORT, targets.Choice(1000.0, ""), 15.0, [], "*")
    assert {e.key: e.value for e in plan.entries} == {
        "target_qps": "1000", "min_duration": "4000", "min_query_count": "662", "target_latency": "15",
    }  # fmt: skip
    assert (plan.expected_s, plan.queries) == (4.0, 4000.0)


def test_a_full_run_leaves_the_official_rules_alone() -> None:
    plan = targets.plan(Scenario.SINGLE_STREAM, FULL, targets.Choice(10.0, ""), 0.0, [], "*")
    assert [e.key for e in plan.entries] == ["target_latency"]
    assert plan.queries == 2 * 600 / 10e-3
    assert plan.expected_s == 600.0
    multi = targets.plan(Scenario.MULTI_STREAM, FULL, targets.Choice(10.0, ""), 0.0, [], "*")
    assert {e.key: e.value for e in multi.entries} == {"target_latency": "10", "min_query_count": "662"}  # section 8.2


def test_a_slow_server_runs_until_the_minimum_of_queries() -> None:
    plan = targets.plan(Scenario.SERVER, SHORT, targets.Choice(10.0, ""), 0.0, [], "*")
    assert plan.expected_s == pytest.approx(66.2)


def test_entries_of_the_user_win_over_the_profile() -> None:
    given_entries = [Entry("*", "*", "min_duration", "500"), Entry("other", "*", "min_query_count", "9")]
    plan = targets.plan(Scenario.OFFLINE, SHORT, targets.Choice(100.0, ""), 0.0, given_entries, "*")
    values = {e.key: e.value for e in plan.entries}
    assert (values["min_duration"], values["min_query_count"]) == ("500", "1")


def test_a_full_run_may_be_shortened_by_the_user() -> None:
    given_entries = [Entry("*", "*", "min_duration", "500")]
    plan = targets.plan(Scenario.SINGLE_STREAM, FULL, targets.Choice(10.0, ""), 0.0, given_entries, "*")
    assert plan.expected_s == 0.5 and ("min_duration", "500") in [(e.key, e.value) for e in plan.entries]


def test_an_invalid_server_run_is_followed_by_half_the_rate() -> None:
    choice = targets.corrected(Scenario.SERVER, performance(target_qps=100.0))
    assert choice is not None and choice.value == 50.0


def test_an_offline_run_that_ended_early_is_followed_by_a_longer_one() -> None:
    early = performance(target_qps=100.0, flags=[Flag("Minimum duration", False, "")])
    choice = targets.corrected(Scenario.OFFLINE, early)
    assert choice is not None and choice.value > 1000.0
    assert targets.corrected(Scenario.OFFLINE, performance(flags=[Flag("Minimum queries", False, "")])) is None


def test_a_stream_that_ran_out_of_queries_expects_less() -> None:
    choice = targets.corrected(Scenario.SINGLE_STREAM, performance(errors=["Ran out of generated queries"]))
    assert choice is not None and choice.value == 1.0


def test_accuracy_runs_of_server_are_paced_above_one_query_a_second() -> None:
    entries, seconds = targets.accuracy_entries(Scenario.SERVER, RATES, 899)
    assert [e.key for e in entries] == ["target_qps"] and seconds < 10
    assert targets.accuracy_entries(Scenario.OFFLINE, RATES, 899)[0] == []


@given(st.sampled_from(list(Scenario)), st.floats(1e-6, 10), st.floats(1e-6, 10), st.floats(0.1, 1e7))
def test_every_plan_is_positive_and_bounded(scenario: Scenario, single: float, eight: float, rate: float) -> None:
    choice = targets.first_choice(scenario, targets.Rates(single, eight, rate), rate)
    plan = targets.plan(scenario, SHORT, choice, 0.0, [], "*")
    assert choice.value > 0 and plan.queries > 0 and plan.expected_s > 0 and plan.memory_bytes > plan.queries


def test_the_watchdog_follows_the_formula() -> None:
    assert watchdog_limit(10.0, 2e6) == 10 * 3 + 60 + 12


FAST = targets.Rates(100e-6, 400e-6, 20_000.0, fast_single_s=90e-6, fast_eight_s=380e-6)
STREAMS = [(Scenario.SINGLE_STREAM, 90e-6), (Scenario.MULTI_STREAM, 380e-6)]


@pytest.mark.parametrize(("scenario", "fast_s"), STREAMS, ids=["SingleStream", "MultiStream"])
def test_full_length_needs_less_memory_than_a_wide_margin_and_enough_queries(scenario, fast_s) -> None:
    first = targets.first_choice(scenario, FAST, 0.0)
    found = targets.bounded(scenario, FULL, first, FAST, [], "*")
    before, after = (targets.plan(scenario, FULL, one, 0.0, [], "*") for one in (first, found))
    assert after.memory_bytes < 0.6 * before.memory_bytes
    # Even if every call were as fast as the fastest tenth, the queries last for the 600 seconds, with a fifth to spare.
    assert after.queries >= 1.2 * 600 / fast_s
    assert "in advance" in found.reason
    assert targets.bounded(scenario, SHORT, first, FAST, [], "*") == first, "a few seconds need no narrow margin"
    assert targets.bounded(scenario, FULL, first, RATES, [], "*") == first, "nothing is known of fast calls"


@given(st.floats(1e-6, 1.0), st.floats(0.3, 1.0), st.floats(0.5, 3.0))
def test_a_bounded_choice_never_falls_under_the_first_nor_over_the_closest(median, share, noise) -> None:
    rates = targets.Rates(median, median, 1.0, fast_single_s=median * share, fast_eight_s=median)
    first = targets.Choice(float(f"{0.8 * median * noise * 1e3:.3g}"), "")
    found = targets.bounded(Scenario.SINGLE_STREAM, FULL, first, rates, [], "*").value
    assert first.value <= found <= max(first.value, 1.601 * median * share * 1e3 * 1.005)


def test_after_a_run_its_mean_decides_how_many_queries_are_made() -> None:
    ran = performance(latency=Latency(1.0, 50_000.0, 3.0, {}), errors=["Ran out"])
    first = targets.corrected(Scenario.SINGLE_STREAM, ran)
    assert first is not None
    found = targets.bounded_by(ran, Scenario.SINGLE_STREAM, FULL, first)
    queries = targets.plan(Scenario.SINGLE_STREAM, FULL, found, 0.0, [], "*").queries
    assert 1.2 * 600 / 50e-6 <= queries <= 1.3 * 600 / 50e-6
    assert targets.bounded_by(ran, Scenario.SINGLE_STREAM, SHORT, first) == first


@pytest.mark.parametrize(
    ("scenario", "value", "likely"),
    [(Scenario.SINGLE_STREAM, 1000.0, 10 * 100e-6), (Scenario.MULTI_STREAM, 1000.0, 10 * 400e-6),
     (Scenario.OFFLINE, 1.0, 10 / 20_000)],
)  # fmt: skip
def test_a_test_run_is_announced_by_what_its_queries_take(scenario: Scenario, value: float, likely: float) -> None:
    counts = [Entry("*", scenario.value, key, "10") for key in ("min_query_count", "max_query_count")]
    made = targets.plan(scenario, PROFILES["test"], targets.Choice(value, ""), 0.0, counts, "*")
    assert made.expected_s >= 10  # what the watchdog has to allow
    assert targets.likely_s(scenario, made, RATES) == pytest.approx(likely)


@pytest.mark.parametrize("scenario", list(Scenario))
def test_a_run_with_a_duration_is_announced_by_it(scenario: Scenario) -> None:
    choice = targets.first_choice(scenario, RATES, 0.0)
    made = targets.plan(scenario, SHORT, choice, 15.0, [], "*")
    assert targets.likely_s(scenario, made, RATES) == made.expected_s
