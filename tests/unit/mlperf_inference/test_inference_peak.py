"""The search for the highest valid rate: close to the truth, never above it, and resumable without repetition."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from franca.mlperf.inference.peak import (
    MAX_PROBES,
    RESOLUTION,
    Probe,
    bounds,
    next_rate,
    read_record,
    search,
    write_record,
)


class Machine:
    """Answers VALID up to a rate; keeps the rates that it was asked."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.asked: list[float] = []

    def __call__(self, rate: float) -> Probe:
        self.asked.append(rate)
        return Probe(rate, rate <= self.limit, f"limit {self.limit:g}")


@given(limit=st.floats(5, 1e6), share=st.floats(0.01, 50))
def test_the_peak_is_valid_and_close_to_the_limit(limit: float, share: float) -> None:
    machine = Machine(limit)
    peak = search(limit * share, machine)
    assert 0 < peak.rate <= limit
    assert peak.rate >= limit * (1 - 2 * RESOLUTION) - 0.5
    assert len(machine.asked) == len(set(machine.asked)) <= MAX_PROBES


@given(limit=st.floats(5, 1e5), stop=st.integers(1, 8))
def test_a_search_that_was_stopped_goes_on_and_ends_the_same(limit: float, stop: int) -> None:
    whole = search(100.0, Machine(limit))
    machine = Machine(limit)
    again = search(100.0, machine, known=whole.probes[:stop])
    assert again.rate == whole.rate
    assert not set(machine.asked) & {p.rate for p in whole.probes[:stop]}


def test_no_rate_above_the_ceiling_is_tried() -> None:
    machine = Machine(1e9)
    peak = search(100.0, machine, ceiling=1000.0)
    assert peak.rate == 1000.0 and max(machine.asked) == 1000.0


def test_when_nothing_is_valid_the_search_ends_with_nothing() -> None:
    peak = search(100.0, Machine(0.0))
    assert peak.rate == 0.0 and all(not p.valid for p in peak.probes)


def test_a_lucky_rate_above_a_failed_one_does_not_count() -> None:
    probes = [Probe(10, True, ""), Probe(40, True, ""), Probe(20, False, "")]
    assert bounds(probes) == (10, 20)
    assert next_rate(probes, 10) == 15


def test_steps_tell_each_verdict() -> None:
    peak = search(4.0, Machine(5.0))
    assert peak.steps[0] == "4 queries/s: VALID, limit 5" and peak.steps[1] == "8 queries/s: INVALID, limit 5"


def test_the_record_is_read_for_the_same_benchmark_only(tmp_path) -> None:
    path = str(tmp_path / "model" / "peak.json")
    probes = [Probe(10, True, "p99 1 ms"), Probe(20, False, "p99 99 ms")]
    write_record(path, "id", probes)
    assert read_record(path, "id") == probes
    assert read_record(path, "other") == []
    (tmp_path / "model" / "peak.json").write_text(json.dumps({"identity": "id"})[:-3], "utf-8")
    assert read_record(path, "id") == []
