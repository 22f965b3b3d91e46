"""What LoadGen is told to expect, found by measurement and explained: the lines of ``user.conf``.

Pure: rates and latencies in, entries and reasons out. Units: seconds inside, milliseconds in the file.
"""

from __future__ import annotations

from typing import NamedTuple

from franca.mlperf.inference.config import ANY, Entry, lookup, number_text
from franca.mlperf.inference.profiles import OFFICIAL_MIN_DURATION_MS, Profile
from franca.mlperf.inference.results import Performance
from franca.mlperf.inference.scenarios import Scenario
from franca.mlperf.inference.spec import Targets

HARNESS_PER_SAMPLE_S = 0.5e-6  #: cost of LoadGen and harness per Offline sample (section 5.1: 0.5-1 us)
THREAD_HOP_S = 40e-6  #: cost of handing a query to a worker thread (section 5.1)
LENGTH_KEYS = ("min_duration", "min_query_count", "max_query_count", "max_duration")
STREAM_MARGIN = 0.8  #: expected latency over measured: LoadGen generates 2x of what it then needs (section 3.1)
STREAM_CLOSEST = 1.6  #: the same over the fastest tenth of bare calls: still 1.25 x of what these would need
STREAM_MEMORY = 256e6  #: bytes of pre-generated queries from which the margin shrinks towards the closest one
OFFLINE_MARGIN = 1.1  #: expected rate over measured: too low a rate ends before the minimum duration
SERVER_OF_OFFLINE = 0.25  #: first Server target over the Offline rate
SERVER_OF_SINGLE = 0.2  #: and over the rate of one sample at a time with a thread hop
SERVER_HEADROOM = 0.5  #: a probe passes when its tail latency is below this share of the bound
SERVER_STEP = 0.5  #: after a failed probe or run
BYTES_PER_QUERY = 360  #: of pre-generated queries, upper figure of section 3.1
BYTES_PER_WAITING = 480  #: of queries in Server, where all of them may come to wait (measured: 472)
BYTES_PER_SAMPLE = 230  #: in Offline


class Rates(NamedTuple):
    """Measured in the bare loop: seconds of one call with 1 sample and with 8, or what a query of MultiStream has;
    samples/s with large batches.
    """

    single_s: float
    eight_s: float
    batched: float
    fast_single_s: float = 0.0  #: one call with 1 and 8 samples in the fastest tenth; 0 = not known
    fast_eight_s: float = 0.0


class Choice(NamedTuple):
    """A target in the unit of ``user.conf`` (queries/s, or ms for the streams), and why."""

    value: float
    reason: str


class Plan(NamedTuple):
    """One run's settings: entries for ``user.conf``, and what the run will take."""

    entries: list[Entry]
    expected_s: float
    queries: float  #: pre-generated
    memory_bytes: float  #: of pre-generated queries


def target_key(scenario: Scenario) -> str:
    return "target_latency" if scenario.is_stream else "target_qps"


def asked(scenario: Scenario, targets: Targets, given: list[Entry], model: str) -> Choice | None:
    """The target that the user wants, from the request or from their own configuration file."""
    value = {
        Scenario.SERVER: targets.server_qps,
        Scenario.OFFLINE: targets.offline_qps,
        Scenario.SINGLE_STREAM: targets.singlestream_ms,
        Scenario.MULTI_STREAM: targets.multistream_ms,
    }[scenario]
    key = target_key(scenario)
    if value:
        return Choice(value, f"{key} = {value:g} as asked")
    entry = lookup(given, model, scenario, key)
    return Choice(entry.number, f"{key} = {entry.value} from the user's configuration") if entry else None


def first_choice(scenario: Scenario, rates: Rates, offline_rate: float) -> Choice:
    """The target to start from when nobody asked for one."""
    if scenario is Scenario.SERVER:
        return _server(rates, offline_rate or expected_offline(rates))
    if scenario is Scenario.OFFLINE:
        value = _round(OFFLINE_MARGIN * expected_offline(rates))
        return Choice(value, f"target_qps = {value:,.0f}: {OFFLINE_MARGIN:g} x the bare rate less harness cost")
    call_s = rates.single_s if scenario is Scenario.SINGLE_STREAM else rates.eight_s
    value = _round(STREAM_MARGIN * call_s * 1e3)
    return Choice(
        value, f"expected latency {value:g} ms, {STREAM_MARGIN:g} x the bare one: it sizes query generation only"
    )


def bounded(
    scenario: Scenario, profile: Profile, choice: Choice, rates: Rates, given: list[Entry], model: str
) -> Choice:
    """A stream's choice whose queries take no more memory than they must: a margin is worth megabytes, no more."""
    fast_s = {Scenario.SINGLE_STREAM: rates.fast_single_s, Scenario.MULTI_STREAM: rates.fast_eight_s}.get(scenario, 0.0)
    made = plan(scenario, profile, choice, 0.0, given, model)
    if not fast_s or made.memory_bytes <= STREAM_MEMORY:
        return choice
    wanted = choice.value * made.memory_bytes / STREAM_MEMORY
    value = _round(max(choice.value, min(wanted, STREAM_CLOSEST * fast_s * 1e3)))
    if value == choice.value:
        return choice
    least = 2 * fast_s * 1e3 / value
    text = (
        f"expected latency {value:g} ms instead of {choice.value:g}, as LoadGen would make {made.queries:,.0f} queries "
        f"in advance: still {least:.3g} x what the fastest calls would need"
    )
    return Choice(value, text)


def bounded_by(performance: Performance, scenario: Scenario, profile: Profile, choice: Choice) -> Choice:
    """The same after a run, whose mean says better than the bare loop how many queries there will be."""
    mean_s = performance.latency.mean / 1e9
    return bounded(scenario, profile, choice, Rates(mean_s, mean_s, 0.0, mean_s, mean_s), [], ANY)


def expected_offline(rates: Rates) -> float:
    return 1 / (1 / rates.batched + HARNESS_PER_SAMPLE_S)


def corrected(scenario: Scenario, performance: Performance) -> Choice | None:
    """The next target after an invalid run; None when another target would not help."""
    failed = {f.name for f in performance.flags if f.met is False}
    target = performance.target_qps or 0.0
    if scenario is Scenario.SERVER:
        value = halved(target)
        return Choice(value, f"{target:g} queries/s was INVALID: try {value:g}")
    if scenario is Scenario.OFFLINE and "Minimum duration" in failed:
        value = _round(1.2 * max(performance.value, target))
        return Choice(value, f"the run ended before the minimum duration: expect {value:,.0f} samples/s instead")
    if scenario.is_stream and (performance.errors or "Minimum duration" in failed):
        value = _round(performance.latency.mean / 1e6 * 0.5)
        return Choice(value, f"generated queries ran out: expect {value:g} ms instead")
    return None


def plan(scenario: Scenario, profile: Profile, choice: Choice, bound_ms: float, given: list[Entry], model: str) -> Plan:
    """Settings of a run with this target. ``given`` entries of the user's win over the profile's."""
    entries = [
        Entry(ANY, scenario.value, target_key(scenario), number_text(choice.value)),
        *_length_entries(scenario, profile),
    ]
    if scenario is Scenario.SERVER and bound_ms:
        entries.append(Entry(ANY, scenario.value, "target_latency", number_text(bound_ms)))
    own = {e.key: e for e in entries}
    for key in {*own, *LENGTH_KEYS}:
        entry = lookup(given, model, scenario, key)
        if entry is not None and key != target_key(scenario):
            own[key] = entry._replace(model=ANY, scenario=scenario.value)
    return _sized(scenario, choice.value, list(own.values()))


def accuracy_entries(scenario: Scenario, rates: Rates, count: int) -> tuple[list[Entry], float]:
    """Entries for an accuracy run, and its seconds. Server is paced there too: by default one query a second."""
    if scenario is not Scenario.SERVER:
        return [], count * rates.single_s
    value = _server(rates, expected_offline(rates)).value
    return [Entry(ANY, scenario.value, "target_qps", number_text(value))], count / value


def _server(rates: Rates, offline_rate: float) -> Choice:
    """A careful Server target: shares of the Offline rate and of one-at-a-time speed, the lower one."""
    single = 1 / (rates.single_s + THREAD_HOP_S)
    value = _round(min(SERVER_OF_OFFLINE * offline_rate, SERVER_OF_SINGLE * single))
    return Choice(
        value,
        f"start at {value:g} queries/s: the lower of {SERVER_OF_OFFLINE:.0%} of the Offline rate "
        f"({offline_rate:,.0f}/s) and {SERVER_OF_SINGLE:.0%} of one-at-a-time speed ({single:,.0f}/s)",
    )


def _length_entries(scenario: Scenario, profile: Profile) -> list[Entry]:
    length = profile.lengths[scenario]
    pairs = zip(LENGTH_KEYS, length, strict=True)
    return [Entry(ANY, scenario.value, key, str(value)) for key, value in pairs if value is not None]


def _sized(scenario: Scenario, value: float, entries: list[Entry]) -> Plan:
    """Add up what LoadGen generates before the run (section 3.1)."""
    numbers = {e.key: e.number for e in entries}
    duration_s = numbers.get("min_duration", OFFICIAL_MIN_DURATION_MS) / 1000
    least = numbers.get("min_query_count", 0.0)
    if scenario.is_stream:
        queries, per_query = 2 * duration_s / (value / 1e3), BYTES_PER_QUERY
        if scenario is Scenario.MULTI_STREAM:
            per_query *= 2  # eight samples in each
        return Plan(entries, max(duration_s, least * value / 1e3), queries, queries * per_query)
    if scenario is Scenario.SERVER:
        queries = max(duration_s * value, least)
        return Plan(entries, queries / value, queries, queries * BYTES_PER_WAITING)
    queries = max(1.1 * duration_s * value, least)
    return Plan(entries, 1.5 * queries / value, queries, queries * BYTES_PER_SAMPLE)


def likely_s(scenario: Scenario, plan: Plan, rates: Rates) -> float:
    """Seconds of a run, for people: its queries at the bare model's speed where only their number ends it.

    Test runs state targets that are far from what the model does; `expected_s`, which follows the target, is the
    limit that LoadGen was given and not what the run will take. Server is paced by its target.
    """
    numbers = {e.key: e.number for e in plan.entries}
    call_s = {
        Scenario.SINGLE_STREAM: rates.single_s,
        Scenario.MULTI_STREAM: rates.eight_s,
        Scenario.OFFLINE: 1 / rates.batched,
    }.get(scenario)
    if call_s is None or numbers.get("min_duration", OFFICIAL_MIN_DURATION_MS):
        return plan.expected_s
    return min(plan.expected_s, numbers.get("min_query_count", 0.0) * call_s)


def halved(value: float) -> float:
    return _round(value * SERVER_STEP)


def _round(value: float) -> float:
    """Three significant digits: targets that people can read and repeat."""
    return float(f"{value:.3g}")
