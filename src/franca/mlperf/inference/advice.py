"""Why a run is INVALID, in plain words, and what to do next. Pure: a result in, sentences out."""

from __future__ import annotations

from franca.mlperf.inference.config import number_text
from franca.mlperf.inference.results import HostLoad, Performance
from franca.mlperf.inference.scenarios import Scenario
from franca.results import noise

RAN_OUT = "Ran out of generated queries"
ENDED_EARLY = "Ending early"
QUIET = "end other programs, or use a quieter machine, and run the same command again: what is VALID is kept"


def advice(scenario: Scenario, performance: Performance) -> list[str]:
    """The likely cause of each condition that is not met, with the next step; nothing for a good run."""
    missed = {flag.name for flag in performance.flags if flag.met is False}
    if performance.good:
        return []
    found: list[str] = []
    if "Latency constraint" in missed or (scenario is Scenario.SERVER and "Early stopping" in missed):
        found.append(_too_slow(performance))
    elif "Early stopping" in missed:
        found.append(
            f"Likely cause: {performance.queries:,} queries are too few for the confidence that the rules ask for. "
            "Next: a longer run (--min_duration=MILLISECONDS, or the official length)."
        )
    if "Minimum duration" in missed or any(RAN_OUT in error for error in performance.errors):
        found.append(_too_short(scenario, performance))
    elif any(ENDED_EARLY in error for error in performance.errors):
        found.append(
            "Likely cause: a maximum of time or queries ended the run before its minimum. Next: leave the maximum out, "
            "or give the scenario fewer queries or more time."
        )
    if "Minimum queries" in missed and not found:
        found.append("Likely cause: the run ended before its least number of queries. Next: leave out its maximum.")
    return found or ["Likely cause: see LoadGen's errors above and mlperf_log_detail.txt. Next: correct it, run again."]


def causes(scenario: Scenario, performance: Performance) -> str:
    """The likely causes alone, for a run that is repeated without the reader's help."""
    return " ".join(text.partition(" Next: ")[0] for text in advice(scenario, performance))


def busy_words(host: HostLoad | None) -> str:
    """What else went on, for a machine that was busy; '' for a quiet one."""
    return noise.busy_words(host.cores, host.others, host.steal, host.load_after) if host is not None else ""


def _too_slow(performance: Performance) -> str:
    tails = "; ".join(f"{tail} ({tail.share:.1f} times)" for tail in performance.tails if tail.share > 1)
    what = f"answers took too long at {performance.target_qps or 0:g} queries/s" + (f": {tails}" if tails else "")
    busy = busy_words(performance.host)
    if busy:
        return (
            f"Likely cause: {what}, on a busy machine: {busy}. Next: {QUIET}; if it stays "
            "so, a lower --server_target_qps."
        )
    return (
        f"Likely cause: {what}, and the machine was not busy otherwise: the rate is too high for this model here. "
        "Next: a lower --server_target_qps, more --workers, or let --find_performance search the rate."
    )


def _too_short(scenario: Scenario, performance: Performance) -> str:
    if scenario.is_stream:
        flag = f"--{scenario.slug}_target_latency={number_text(_half_mean(performance))}"
        why = "the model was faster than LoadGen had been told, and the queries made in advance ran out"
    elif scenario is Scenario.OFFLINE:
        value = float(f"{1.2 * max(performance.value, performance.target_qps or 0):.3g}")
        flag = f"--offline_target_qps={number_text(value)}"
        why = "the model was faster than LoadGen had been told"
    else:
        flag, why = "--server_target_qps at the rate that the run shall have", "too few queries were made in advance"
    return f"Likely cause: {why}. Next: {flag}, or leave targets out to have them measured."


def _half_mean(performance: Performance) -> float:
    return float(f"{performance.latency.mean / 1e6 / 2:.3g}")
