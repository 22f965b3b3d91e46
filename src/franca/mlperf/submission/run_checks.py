"""Rules of one LoadGen run: P. Compliance runs pass the same rules under C3."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from datetime import datetime

import msgspec

from franca.errors import MalformedFile
from franca.mlperf.logs.detail import DetailLog
from franca.mlperf.logs.lines import excerpt
from franca.mlperf.logs.summary import Summary
from franca.mlperf.submission.context import ACCURACY_LOG, DETAIL, SUMMARY, Context, Result
from franca.mlperf.submission.index import Node
from franca.mlperf.submission.tables import EARLY_STOPPING, LATENCY_PERCENTILE, Seeds
from franca.results.derived import MULTI_STREAM_SAMPLES

MIN_DURATION_MS = 600_000
"""MLPerf inference rules, duration."""

NETWORK_SUT = "Network SUT"
INFERABLE = {("SingleStream", "MultiStream"), ("MultiStream", "Offline"), ("SingleStream", "Offline")}
"""Pairs of logged and claimed scenario that edge results may infer (3.8)."""

VALIDITY_FLAGS = (
    "result_perf_constraints_met",
    "result_min_duration_met",
    "result_min_queries_met",
    "early_stopping_met",
)
_TIME = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{1,6})")


class Run(msgspec.Struct, frozen=True):
    """One run to judge: its directory, its logs, and the rule under which problems are reported.

    `rule` is '' for the performance run (each problem has its own rule), else the rule of the compliance test.
    """

    ctx: Context
    result: Result
    directory: Node
    log: DetailLog
    rule: str = ""

    @property
    def scenario(self) -> str:
        """Scenario that the log is of; Interactive runs are logged as Server."""
        logged = str(self.log.get("effective_scenario", ""))
        return "Interactive" if (logged, self.result.scenario) == ("Server", "Interactive") else logged

    def add(self, rule: str, message: str, *, expected: object = "", found: object = "", mild: bool = False) -> None:
        """Note a violation of this run."""
        path = f"{self.directory.path}/{DETAIL}"
        text = f"{rule}: {message}" if self.rule else message
        self.ctx.findings.add(
            self.rule or rule, path, text, division=self.result.division, expected=expected, found=found, mild=mild
        )


def open_run(ctx: Context, result: Result, directory: Node, *, power: bool = False, rule: str = "") -> Run | None:
    """P1 and P2: the files of a run and its logs; None when there is no log to judge."""
    required = (SUMMARY, DETAIL, "spl.txt") if power else (SUMMARY, DETAIL)
    essential = None if rule else (DETAIL,)
    optional = frozenset({ACCURACY_LOG})
    ctx.exact_files(rule or "P1", directory, required, optional, division=result.division, essential=essential)
    node = directory.file(DETAIL)
    log = ctx.detail(node, rule or "P2", result.division) if node else None
    node = directory.file(SUMMARY)
    summary = ctx.summary(node, rule or "P2", result.division) if node else None
    if log is None:
        return None
    run = Run(ctx, result, directory, log, rule)
    if summary is not None:
        guarded(run, lambda: check_summary(run, summary))
    return run


def check_run(run: Run, *, seeds: Seeds, audited: bool = False) -> None:
    """All rules of a run. `audited`: an audit configuration is expected (compliance)."""
    for check in (
        check_validity, check_errors, check_samples, check_duration, check_counts, check_early_stopping,
        check_scenario, check_settings, check_tokens, check_equal_issue, check_latencies, check_clock,
        check_consistency,
    ):  # fmt: skip
        guarded(run, lambda check=check: check(run))  # type: ignore[misc]
    guarded(run, lambda: check_seeds(run, seeds))
    guarded(run, lambda: check_mode(run, "PerformanceOnly", "P19"))
    guarded(run, lambda: check_network_name(run))
    if not audited and (run.log.audited() or run.log.get("effective_performance_issue_same") is True):
        run.add("P20", "an audit configuration was in force")


def guarded(run: Run, check: Callable[[], None]) -> None:
    """Run one check; a value of the wrong type or a missing key in the log is a finding of P2."""
    try:
        check()
    except MalformedFile as error:
        line = f" (line {error.where.line})" if error.where and error.where.line else ""
        run.add("P2", error.message + line)


def check_validity(run: Run) -> None:
    """P3: VALID, with the flags that decided when it is not."""
    validity = run.log.text("result_validity")
    flags = [key for key in VALIDITY_FLAGS if run.log.get(key) is False]
    if validity != "VALID" or flags:
        reason = excerpt(str(run.log.get("result_invalid_reason", "")), 100)
        detail = ", ".join(flags) or "no flag of the log is false"
        if validity == "VALID":
            run.add("P3", f"the log calls the result VALID, but says no to {detail} {reason}".strip())
        else:
            run.add("P3", f"result is not valid: {detail} {reason}".strip(), expected="VALID", found=validity)


def check_errors(run: Run, rule: str = "P4") -> None:
    """P4 (A4) and P17: error entries, and the count of them."""
    fatal = run.log.fatal_errors()
    if fatal:
        first = excerpt(str(fatal[0].value), 100)
        run.add(rule, f"{run.log.error_count} error entries, first in line {fatal[0].line}: {first}")
    counted = run.log.find_number("num_errors")
    if counted and not run.log.error_count:
        run.add("P17", "num_errors counts errors that the log does not hold", expected=0, found=counted)


def check_seeds(run: Run, seeds: Seeds) -> None:
    """P5: the three seeds."""
    for name in ("qsl_rng_seed", "sample_index_rng_seed", "schedule_rng_seed"):
        expected, found = getattr(seeds, name), run.log.integer(f"effective_{name}")
        if found != expected:
            run.add("P5", f"{name} is not the round's", expected=expected, found=found, mild=True)


def check_samples(run: Run) -> None:
    """P6: samples loaded for performance."""
    found, least = run.log.integer("effective_performance_sample_count"), run.result.rules.performance_samples
    if found < least:
        run.add("P6", "performance_sample_count is too small", expected=f">= {least}", found=found)


def check_duration(run: Run) -> None:
    """P7: configured and measured duration."""
    if run.result.rules.free_duration:
        return
    configured = run.log.number("effective_min_duration_ms")
    if configured < MIN_DURATION_MS:
        run.add("P7", "min_duration is below 600 s", expected=f">= {MIN_DURATION_MS} ms", found=f"{configured} ms")
    window = measured_window(run.log)
    if window is not None:
        seconds = (window[1] - window[0]).total_seconds()
        if 0 <= seconds < MIN_DURATION_MS / 1000 - 0.5:
            run.add("P7", "the run was shorter than 600 s", expected=">= 600 s", found=f"{seconds} s")


def check_counts(run: Run) -> None:
    """P8 and P11: samples of Offline, and queries where early stopping does not decide."""
    scenario, division = run.scenario, run.result.division
    if scenario not in EARLY_STOPPING:
        least = run.result.rules.min_queries.get(scenario, 0)
        found = run.log.integer("effective_min_query_count")
        if found < least:
            run.add("P11", "min_query_count is too small", expected=f">= {least}", found=found)
    if scenario == "Offline" and not (division == "open" and run.ctx.table.number >= (5, 0)):
        least = run.result.rules.offline_min_samples
        found = run.log.integer("effective_samples_per_query")
        if found < least:
            run.add("P8", "samples per query are too few", expected=f">= {least}", found=found)


def check_early_stopping(run: Run) -> None:
    """P9 and P10: early stopping, and the bound that Server was run with."""
    scenario = run.scenario
    if scenario not in EARLY_STOPPING:
        return
    if not run.log.flag("early_stopping_met"):
        said = " ".join(str(run.log.get("early_stopping_result", "")).split())
        run.add("P9", "early stopping was not met", expected="early_stopping_met true", found=excerpt(said, 80))
    bound = run.result.rules.latency_bound_ns.get(run.result.scenario)
    if bound is not None and scenario in ("Server", "Interactive"):
        found = run.log.number("effective_target_latency_ns")
        if found > bound:
            run.add("P10", "target_latency is above the bound", expected=f"<= {bound} ns", found=f"{found} ns")


def check_scenario(run: Run) -> None:
    """P12: the log's scenario is the directory's or may stand for it."""
    logged, claimed = run.scenario, run.result.scenario
    if logged == claimed:
        return
    edge = run.result.system.category in ("edge", "datacenter-edge")
    if (logged, claimed) not in INFERABLE or not edge:
        run.add("P12", "the log is of another scenario", expected=claimed, found=logged or "none")


def check_settings(run: Run) -> None:
    """P24: percentile, samples per query, outstanding queries and choice of samples are LoadGen's own (2.3, 2.4)."""
    scenario = run.scenario
    percentile = run.result.rules.latency_percentile.get(scenario, LATENCY_PERCENTILE.get(scenario))
    wanted = {
        "target_latency_percentile": percentile,
        "samples_per_query": MULTI_STREAM_SAMPLES if scenario == "MultiStream" else None,
        # Server has no limit of outstanding queries, the other scenarios have one at a time.
        "max_async_queries": 0 if scenario in ("Server", "Interactive") else 1,
    }
    for name, expected in wanted.items():
        if expected is not None and not math.isclose(found := run.log.number(f"effective_{name}"), expected):
            run.add("P24", f"{name} was changed", expected=expected, found=found)
    if run.log.find_flag("effective_performance_issue_unique"):
        run.add("P24", "performance_issue_unique was changed", expected="false", found="true")


def check_tokens(run: Run) -> None:
    """P13: token latencies are on, and the 99th percentiles are below their bounds."""
    rules = run.result.rules
    if not rules.token_latencies:
        return
    if not run.log.find_flag("requested_use_token_latencies"):
        run.add("P13", "use_token_latencies is off", expected="true")
    bounds = rules.token_bounds.get(run.result.scenario)
    if bounds is None:
        return
    for key, bound in (
        ("result_first_token_99.00_percentile_latency_ns", bounds.ttft_ns),
        ("result_time_per_output_token_99.00_percentile_ns", bounds.tpot_ns),
    ):
        found = run.log.number(key)
        if not found < bound:
            run.add("P13", f"{key} is not below its bound", expected=f"< {bound}", found=found)


def check_equal_issue(run: Run) -> None:
    """P14: equal issue where the model needs it."""
    if run.result.rules.equal_issue and not run.log.find_flag("effective_sample_concatenate_permutation"):
        run.add("P14", "sample_concatenate_permutation is off", expected="true", found="false")


def check_latencies(run: Run) -> None:
    """P16: no latency is negative."""
    for key, entry in run.log.first.items():
        if key.startswith(("result_", "early_stopping_")) and "latency" in key and key.endswith(("ns", "_ss", "_ms")):
            value = run.log.number(key)
            if value < 0 or value != value:
                run.add("P16", f"{key} is negative or no number (line {entry.line})", expected=">= 0", found=value)


def check_clock(run: Run) -> None:
    """P18: the times of the entries and of the measured window run forwards."""
    if run.log.backwards:
        run.add("P18", f"time_ms falls in line {run.log.backwards}")
    window = measured_window(run.log)
    if window is not None and window[1] < window[0]:
        run.add("P18", "power_end lies before power_begin", expected=f">= {window[0]}", found=window[1])


def check_mode(run: Run, mode: str, rule: str) -> None:
    """P19 (A6): performance directories hold performance runs, accuracy directories accuracy runs."""
    found = run.log.text("effective_test_mode")
    if found not in (mode, "SubmissionRun"):
        run.add(rule, "the run was of another mode", expected=mode, found=found)


def check_network_name(run: Run) -> None:
    """S6: the SUT of a networked system names itself so."""
    if run.result.system.networked and NETWORK_SUT not in run.log.text("sut_name"):
        run.add("S6", "sut_name lacks the words", expected=NETWORK_SUT, found=run.log.text("sut_name"))


def check_repeats(run: Run) -> None:
    """P21: results or settings written twice."""
    if run.log.duplicates:
        entry = run.log.duplicates[0]
        run.add(
            "P21", f"{entry.key} is there again in line {entry.line}",
            expected="each result and setting once", found=f"{len(run.log.duplicates)} repeats",
        )  # fmt: skip


def check_summary(run: Run, summary: Summary) -> None:
    """P22: the summary speaks of the same run as the detail log."""
    if not summary.mode:
        if run.log.get("effective_test_mode") == "PerformanceOnly":
            run.add("P22", "the summary holds no result", expected="a performance summary")
        return
    pairs: list[tuple[str, object, object]] = [
        ("SUT name", summary.sut_name, str(run.log.get("sut_name", "")).strip()),
        ("scenario", summary.scenario, run.log.get("effective_scenario")),
        ("mode", summary.mode, run.log.get("effective_test_mode")),
        ("validity", summary.validity, run.log.get("result_validity")),
        ("qsl_rng_seed", summary.parameters.get("qsl_rng_seed"), str(run.log.get("effective_qsl_rng_seed"))),
    ]
    if summary.errors != run.log.error_count:
        pairs.append(("number of errors", summary.errors, run.log.error_count))
    pairs += [
        (name, summary.stats.get(name), str(run.log.get(key)))
        for name, key in (
            ("Min latency (ns)", "result_min_latency_ns"),
            ("Max latency (ns)", "result_max_latency_ns"),
            ("Mean latency (ns)", "result_mean_latency_ns"),
        )
        if key in run.log
    ]
    for name, said, wanted in pairs:
        if said != wanted:
            run.add("P22", f"{name} of the summary differs", expected=wanted, found=said)
    key = _summary_key(run.log, summary)
    if not key or summary.metric is None:
        return
    logged = run.log.number(key)
    # LoadGen prints Server's rate with two decimals, other figures with six digits.
    rounding = 0.00501 if summary.scenario == "Server" else 0.0
    if not math.isclose(summary.metric, logged, rel_tol=1e-5, abs_tol=rounding):
        run.add("P22", f"{summary.metric_label} of the summary differs", expected=logged, found=summary.metric)


def _summary_key(log: DetailLog, summary: Summary) -> str:
    """Key of the detail log that the summary's metric line repeats, when the log has it."""
    keys = {
        "SingleStream": ("result_90.00_percentile_latency_ns",),
        "MultiStream": ("result_99.00_percentile_per_query_latency_ns",),
        "Server": (
            "result_completed_samples_per_sec" if summary.metric_label.startswith("Completed")
            else "result_scheduled_samples_per_sec",
        ),
        "Offline": ("result_samples_per_second",),
    }.get(summary.scenario, ())  # fmt: skip
    return next((key for key in keys if key in log), "")


_PERCENTILES = tuple(
    f"result_{p}_percentile_latency_ns" for p in ("50.00", "90.00", "95.00", "97.00", "99.00", "99.90")
)


def check_consistency(run: Run) -> None:
    """P23: percentiles rise, estimates lie between percentile and maximum, rates equal counts over times."""
    log = run.log
    ladder = ["result_min_latency_ns", *_PERCENTILES, "result_max_latency_ns"]
    values = [(key, log.number(key)) for key in ladder if key in log]
    for (low_key, low), (high_key, high) in itertools.pairwise(values):
        if low > high:
            run.add("P23", f"{low_key} is above {high_key}", expected=f"<= {high}", found=low)
    _between(run, "result_mean_latency_ns", "result_min_latency_ns", "result_max_latency_ns")
    if log.get("effective_scenario") == "SingleStream":
        if not log.find_flag("requested_use_token_latencies"):  # where the estimate is that of first tokens
            _between(run, "early_stopping_latency_ss", "result_90.00_percentile_latency_ns", "result_max_latency_ns")
        _rate(run, "result_qps_without_loadgen_overhead", 1e9, "result_mean_latency_ns")
    if log.get("effective_scenario") == "MultiStream":
        _between(run, "early_stopping_latency_ms",
                 "result_99.00_percentile_per_query_latency_ns", "result_max_query_latency_ns")  # fmt: skip
    if log.get("effective_scenario") == "Offline":
        count = log.find_number("generated_samples_per_query")
        if count:
            _rate(run, "result_samples_per_second", count * 1e9, "result_max_latency_ns")


def _between(run: Run, key: str, low: str, high: str) -> None:
    value, least, most = (run.log.find_number(name) for name in (key, low, high))
    if value and least is not None and most is not None and not least <= value <= most:
        run.add("P23", f"{key} lies outside {low} and {high}", expected=f"{least} to {most}", found=value)


def _rate(run: Run, key: str, amount: float, time_key: str) -> None:
    """The rate equals amount over time within 2 % (LoadGen rounds to six digits)."""
    rate, time = run.log.find_number(key), run.log.find_number(time_key)
    if rate and time and not math.isclose(rate, amount / time, rel_tol=0.02):
        run.add("P23", f"{key} does not follow from {time_key}", expected=f"{amount / time:.6g}", found=rate)


def measured_window(log: DetailLog) -> tuple[datetime, datetime] | None:
    """`power_begin` and `power_end`, UTC; None when the log lacks them. Raises MalformedFile."""
    if "power_begin" not in log or "power_end" not in log:
        return None
    return _time(log, "power_begin"), _time(log, "power_end")


def _time(log: DetailLog, key: str) -> datetime:
    text = log.text(key)
    try:
        return parse_time(text)
    except ValueError:
        raise MalformedFile(f"{key} is {excerpt(text, 40)!r}, expected MM-DD-YYYY hh:mm:ss.mmm") from None


def parse_time(text: str) -> datetime:
    """MM-DD-YYYY hh:mm:ss.mmm, which is UTC in all logs, as a time without a zone. Raises ValueError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{excerpt(text, 40)!r} is no time")
    month, day, year, hour, minute, second, fraction = match.groups()
    micro = int(fraction.ljust(6, "0"))
    return datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micro)


def take_result(run: Run) -> None:
    """P15: the official result of the run, with the conversions of 3.8 for inferred ones."""
    guarded(run, lambda: _take(run))


def _take(run: Run) -> None:
    result, logged = run.result, run.scenario
    key = run.ctx.table.result_key(result.official, logged) if logged else ""
    value = run.log.number(key)
    if key.endswith(("_ss", "_ms", "_ns")):
        value = value / 1e6
    if logged != result.scenario:
        key, value = _inferred(run.log, logged, result.scenario, value)
        result.inferred = True
    if not (math.isfinite(value) and value > 0):
        run.add("P15", f"{key} is no result", expected="> 0", found=value)
        return
    scale = 1000 if result.rules.units.get(result.scenario) == "Latency (s)" else 1
    result.key, result.value = key, float(value) / scale


def _inferred(log: DetailLog, logged: str, claimed: str, value: float) -> tuple[str, float]:
    if (logged, claimed) == ("SingleStream", "MultiStream"):
        return "early_stopping_latency_ms", log.number("early_stopping_latency_ms") * MULTI_STREAM_SAMPLES / 1e6
    if (logged, claimed) == ("SingleStream", "Offline"):
        return "result_qps_without_loadgen_overhead", log.number("result_qps_without_loadgen_overhead")
    if (logged, claimed) == ("MultiStream", "Offline"):
        mean = log.number("result_mean_query_latency_ns")
        return "result_mean_query_latency_ns", MULTI_STREAM_SAMPLES * 1e9 / mean if mean > 0 else 0.0
    return log.path, value
