"""How long a run is: ``short`` to try things out, ``full`` with the official durations. Data with sources.

``short`` changes only the minimum durations and the sample counts. LoadGen still applies its own validity
rules, early stopping included, so VALID in a short run means that the rules held for these few seconds. It
is not a submission run: the rules ask for at least 600 s per scenario (mlperf-inference section 2.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from franca.mlperf.inference.scenarios import Scenario


class Length(NamedTuple):
    """Duration rules of one scenario; None leaves the value of the embedded ``mlperf.conf``."""

    min_duration_ms: int | None
    min_query_count: int | None
    max_query_count: int | None = None
    max_duration_ms: int | None = None


class Profile(NamedTuple):
    name: str
    run_style: str  #: names the results folder, section 7.3: ``<run_style>_results``
    lengths: dict[Scenario, Length]
    baseline_s: float  #: seconds of bare-loop measurement per batch size
    probe_ms: int  #: length of one Server probe
    submission_grade: bool
    note: str
    search: bool = True  #: try again with another target when a run is INVALID
    search_s: float = 120.0  #: seconds that finding a target may take, repeated runs included
    targets: Mapping[Scenario, float] = MappingProxyType({})  #: fixed ones, in the unit of ``user.conf``


EARLY_STOPPING_99 = 662  #: queries that early stopping asks for at the 99th percentile, section 3.7

SHORT = Profile(
    "short",
    "test",
    {
        Scenario.SINGLE_STREAM: Length(3000, 100),  # 100: embedded minimum, above the 64 of early stopping
        Scenario.MULTI_STREAM: Length(3000, EARLY_STOPPING_99),
        Scenario.SERVER: Length(4000, EARLY_STOPPING_99),
        Scenario.OFFLINE: Length(3000, 1),
    },
    baseline_s=0.15,
    probe_ms=1000,
    submission_grade=False,
    note="short profile: a few seconds per scenario to try things out. NOT a valid MLPerf submission run; "
    "official runs last at least 600 s per scenario (use the full profile).",
)

FULL = Profile(
    "full",
    "valid",
    {
        **{scenario: Length(None, None) for scenario in Scenario},  # the embedded rules: 600 000 ms, section 2.5
        # No maximum duration, though section 8.2 has one for the streams: it could only break a minimum (8.3).
        Scenario.MULTI_STREAM: Length(None, EARLY_STOPPING_99),
    },
    baseline_s=2.0,
    probe_ms=10_000,
    search_s=7200.0,  # a repeated run takes ten minutes
    submission_grade=True,
    note="full profile: official durations and counts of the LoadGen in use.",
)

FAST = Profile(
    "fast",
    "fast",
    {scenario: Length(120_000, None) for scenario in Scenario},  # a fifth of the official duration, section 8.2
    baseline_s=1.0,
    probe_ms=5000,
    search_s=1200.0,
    submission_grade=False,
    note="fast profile: a fifth of the official duration. NOT a valid MLPerf submission run.",
)

TEST = "test"  #: the profile of a few queries
TEST_QUERY_COUNT = 10  #: section 8.2
TEST_MAX_DURATION_MS = 30_000


def test_profile(queries: int) -> Profile:
    """``execution_mode=test``: so many queries and no more, to see that everything works (section 8.2).

    Counts are minimum and maximum at once, so that no run ends before its minimum, which would be an error
    entry in the log (section 8.3).
    """
    limited = Length(0, queries, queries, TEST_MAX_DURATION_MS)
    lengths = dict.fromkeys(Scenario, limited)
    return Profile(
        "test",
        "test",
        {
            **lengths,
            Scenario.OFFLINE: limited._replace(max_duration_ms=None),
            # In Server LoadGen logs an error whenever the maximum is reached, even when it equals the minimum.
            Scenario.SERVER: limited._replace(max_query_count=None),
        },
        baseline_s=0.15,
        probe_ms=1000,
        submission_grade=False,
        note=f"test profile: {queries} queries per scenario, only to see that everything works. NOT a valid "
        "MLPerf submission run.",
        search=False,
        targets={Scenario.OFFLINE: 1.0, Scenario.SINGLE_STREAM: 1000.0, Scenario.MULTI_STREAM: 1000.0},
    )


SHORTENED = "shortened by the user's own configuration: NOT a valid MLPerf submission run (at least 600 s a scenario)."
PROFILES: dict[str, Profile] = {p.name: p for p in (SHORT, FULL, FAST, test_profile(TEST_QUERY_COUNT))}
OFFICIAL_MIN_DURATION_MS = 600_000  #: section 2.5, all scenarios
