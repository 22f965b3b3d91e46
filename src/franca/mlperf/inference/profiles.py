"""How long a run is: ``short`` to try things out, ``full`` with the official durations. Data with sources.

``short`` changes only the minimum durations and the sample counts. LoadGen still applies its own validity
rules, early stopping included, so VALID in a short run means that the rules held for these few seconds. It
is not a submission run: the rules ask for at least 600 s per scenario (mlperf-inference section 2.5).
"""

from __future__ import annotations

from typing import NamedTuple

from franca.mlperf.inference.scenarios import Scenario


class Length(NamedTuple):
    """Duration rules of one scenario; None leaves the value of the embedded ``mlperf.conf``."""

    min_duration_ms: int | None
    min_query_count: int | None


class Profile(NamedTuple):
    name: str
    run_style: str  #: names the results folder, section 7.3: ``<run_style>_results``
    lengths: dict[Scenario, Length]
    baseline_s: float  #: seconds of bare-loop measurement per batch size
    probe_ms: int  #: length of one Server probe
    submission_grade: bool
    note: str


SHORT = Profile(
    "short",
    "test",
    {
        Scenario.SINGLE_STREAM: Length(3000, 100),  # 100: embedded minimum, above the 64 of early stopping
        Scenario.MULTI_STREAM: Length(3000, 662),  # 662: early stopping at the 99th percentile, section 3.7
        Scenario.SERVER: Length(4000, 662),
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
    {scenario: Length(None, None) for scenario in Scenario},  # the embedded rules: 600 000 ms, section 2.5
    baseline_s=2.0,
    probe_ms=10_000,
    submission_grade=True,
    note="full profile: official durations and counts of the LoadGen in use.",
)

SHORTENED = "shortened by the user's own configuration: NOT a valid MLPerf submission run (at least 600 s a scenario)."
PROFILES: dict[str, Profile] = {p.name: p for p in (SHORT, FULL)}
OFFICIAL_MIN_DURATION_MS = 600_000  #: section 2.5, all scenarios
