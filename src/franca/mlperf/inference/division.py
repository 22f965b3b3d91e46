"""What follows from the division that a submission goes to, found before anything runs.

In closed and network, targets, counts, durations and coalescing are the submitter's own (mlperf-inference section 2.4).
Percentiles, samples of a query, the latency bounds of Server and the token settings are the benchmark's: one may state
them, with their official values (section 2.3). Keys of audit files have no place in a normal run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from franca.errors import Location, Refused, UsageError
from franca.mlperf.inference import asked
from franca.mlperf.inference.config import ANY, Entry
from franca.mlperf.inference.flags import OFF
from franca.mlperf.inference.models import Rules
from franca.mlperf.inference.scenarios import FACTS, Scenario
from franca.mlperf.inference.spec import COMPLIANCE_TESTS, Targets

CLOSED = ("closed", "network")  #: divisions with these rules
FREE = frozenset(
    {
        "target_qps",
        "min_duration",
        "max_duration",
        "min_query_count",
        "max_query_count",
        "coalesce_queries",
        "performance_sample_count_override",
        "print_timestamps",
    }
)
HINT = "leave it out, or submit to the open division: --division=open"


def submitted_to(env: Mapping[str, object]) -> str:
    """The division of a submission; "" where none is made."""
    if not asked.is_on(env, "CM_MLPERF_SUBMISSION"):
        return ""
    return asked.text(env, "CM_MLPERF_SUBMISSION_DIVISION").lower() or "open"


class Tests(NamedTuple):
    names: list[str]
    notes: list[str]


def tests_for(env: Mapping[str, object], usual: Sequence[str], division: str) -> Tests:
    """Compliance tests: those of the benchmark for a plain yes, or the ones that are named.

    A submission to closed or network needs them unless they are switched off, one to open has none (section 7.2). A
    search for the peak runs none.
    """
    text = asked.text(env, "CM_MLPERF_LOADGEN_COMPLIANCE")
    plain = text.lower() in asked.TRUE
    if (text and text.lower() in OFF) or asked.is_on(env, "CM_MLPERF_FIND_PERFORMANCE_MODE"):
        return Tests([], [])
    if plain and division and division not in CLOSED:
        note = (
            f"the {division} division has no compliance tests: none are run (name those you want: --compliance=TEST01)"
        )
        return Tests([], [note])
    if plain or not text:
        wanted = plain or division in CLOSED
        return Tests([test for test in usual if wanted and test in COMPLIANCE_TESTS], [])
    words = [word.strip().upper() for word in text.split(",") if word.strip()]
    for word in words:
        if word not in COMPLIANCE_TESTS:
            raise UsageError(f"--compliance={text}: expected yes, no, or some of {', '.join(COMPLIANCE_TESTS)}")
    return Tests(words, [])


def check_entries(entries: Sequence[Entry], rules: Rules, division: str, path: str) -> None:
    """Raises Refused: an entry of ``user.conf`` that changes what the division fixes; file and line are named."""
    for entry in entries:
        official = _official(entry, rules)
        if official is None or entry.number == official:
            continue
        says = f"the benchmark has {official:g}" if official >= 0 else "no value of it is official here"
        raise Refused(
            f"{entry.key} = {entry.value} is not for the {division} division: {says}",
            where=Location(path, entry.line, key=entry.name),
            hint=HINT,
        )


def check_flags(targets: Targets, performance_count: int, rules: Rules, division: str) -> None:
    """Raises Refused: a flag that changes what the division fixes."""
    wanted = {
        "server_latency_bound": (targets.server_bound_ms, rules.server_bound_ms),
        "use_token_latencies": (targets.token_latencies, rules.token_latencies),
        "ttft_latency": (targets.ttft_ms, rules.first_token_ms),
        "tpot_latency": (targets.tpot_ms, rules.each_token_ms),
    }
    for flag, (found, official) in wanted.items():
        if found != official:
            text = f"--{flag}={found:g} is not for the {division} division: the benchmark has {official:g}"
            raise Refused(text, hint=HINT)
    if 0 < performance_count < rules.performance_samples:
        raise Refused(
            f"--performance_sample_count={performance_count} is not for the {division} division: the benchmark has "
            f"{rules.performance_samples} at least",
            hint=HINT,
        )


def _official(entry: Entry, rules: Rules) -> float | None:
    """The value that the benchmark has; None = the submitter's own choice, -1 = none is right."""
    if entry.key in FREE:
        return None
    if entry.key == "target_latency":  # for all scenarios at once it is Server's bound, too
        return rules.server_bound_ms if entry.scenario in (Scenario.SERVER.value, ANY) else None
    if entry.key == "target_latency_percentile":
        return _percentile(entry.scenario)
    fixed = {
        "samples_per_query": FACTS[Scenario.MULTI_STREAM].samples_per_query,
        "max_async_queries": 0,
        "use_token_latencies": rules.token_latencies,
        "ttft_latency": rules.first_token_ms,
        "tpot_latency": rules.each_token_ms,
        "infer_token_latencies": rules.inferred_tokens,
        "sample_concatenate_permutation": rules.equal_issue,
        "performance_issue_unique": 0,
        "performance_issue_same": 0,
    }
    return float(fixed.get(entry.key, -1))


def _percentile(scenario: str) -> float:
    """In percent; for all scenarios at once none is right, as they have different ones. Offline has no use for it."""
    if scenario == Scenario.OFFLINE.value:
        return 90.0
    return -1.0 if scenario == ANY else 100 * FACTS[Scenario(scenario)].percentile
