"""Typed results of a benchmark, and how they are read from LoadGen's detail log.

Validity is judged by LoadGen; here its four flags and its error entries are only reported
(mlperf-inference section 3.6: the reason text alone may be empty).
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from typing import Any

import msgspec

from franca.errors import Location, MalformedFile, Refused
from franca.mlperf.inference.scenarios import FACTS, Mode, Scenario, throughput
from franca.mlperf.logs.detail import DetailLog, read_detail
from franca.mlperf.submission import tables
from franca.results.noise import LIMIT

SCHEMA = "franca-inference-result-1"
PERCENTILES = ("50.00", "90.00", "95.00", "97.00", "99.00", "99.90")
DETAIL = "mlperf_log_detail.txt"
SCHEDULED = "result_scheduled_samples_per_sec"
TITLES = {SCHEDULED: "scheduled queries per second"}
FRACTION = "DICE"  #: the one metric that the rules state as a fraction, not in percent


class Flag(msgspec.Struct, frozen=True):
    """One of the conditions of a VALID result; ``met`` None = the scenario does not have it."""

    name: str
    met: bool | None
    reason: str


class Latency(msgspec.Struct, frozen=True):
    """Latencies in nanoseconds, as LoadGen reports them (of queries in MultiStream, else of samples)."""

    minimum: float
    mean: float
    maximum: float
    percentiles: dict[str, float]


class Tokens(msgspec.Struct, frozen=True):
    """What LoadGen states about tokens where a run uses or infers token latencies (section 3.9); None = not in the log.

    A rate that is inferred comes from whole answers, and then there are no latencies of tokens.
    """

    per_second: float | None  #: completed ones in Server, all in Offline
    first: Latency | None  #: from the scheduled time to the first token
    each: Latency | None  #: time per output token after the first
    first_bound_ms: float | None  #: bounds of the 99th percentiles in Server
    each_bound_ms: float | None


class HostLoad(msgspec.Struct, frozen=True, kw_only=True):
    """What else the machine did during a run: cores' worth of time, means over the run."""

    cores: int
    others: float  #: used by other programs
    steal: float  #: taken by the hypervisor
    load_before: float  #: load average of the last minute
    load_after: float
    noisy: bool = False  #: set by the figures (section 20.4), whatever is given

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "noisy", max(self.others, self.steal) > LIMIT)


class Tail(msgspec.Struct, frozen=True):
    """A 99th percentile against its bound in Server, ms."""

    name: str
    found_ms: float
    bound_ms: float

    @property
    def share(self) -> float:
        """How much of the bound is used; above 1 is too slow."""
        return self.found_ms / self.bound_ms if self.bound_ms else float("inf")

    def __str__(self) -> str:
        found = f"{self.found_ms:.3g}" if self.found_ms < 1000 else f"{self.found_ms:,.0f}"
        return f"{self.name} {found} ms, bound {self.bound_ms:g} ms"


class Histogram(msgspec.Struct, frozen=True):
    """Times measured by the harness itself, in geometric buckets.

    Bucket k counts times in ``[2**(k/per_octave), 2**((k+1)/per_octave))`` ns; ``first`` is the k of
    ``counts[0]``.
    """

    what: str
    per_octave: int
    first: int
    counts: list[int]


class Overhead(msgspec.Struct, frozen=True):
    """Harness against the bare loop over the same model, batch and threads (section 5.6)."""

    bare_rate: float  #: samples/s of the bare loop
    rate: float  #: samples/s through LoadGen
    ratio: float
    latency_difference_us: float | None  #: mean latency with LoadGen minus bare; None in Server and Offline
    bare_batch: int


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """Power of a performance run (section 10.4)."""

    watts: float  #: mean inside LoadGen's window
    value: float  #: the metric: watts, or millijoules per query in the streams
    unit: str
    samples_per_joule: float
    simulated: bool = False  #: no meter took part


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    metric: str  #: LoadGen's key
    title: str
    unit: str
    value: float
    samples_per_second: float
    valid: bool
    flags: list[Flag]
    errors: list[str]
    warnings: list[str]
    queries: int
    samples: int
    dataset_samples: int  #: in the data set, as the QSL reported
    duration_s: float
    min_duration_s: float  #: that was asked for
    latency: Latency
    target_qps: float | None = None
    latency_bound_ms: float | None = None
    tokens: Tokens | None = None
    histogram: Histogram | None = None
    overhead: Overhead | None = None
    power: Power | None = None
    estimated_power_w: float | None = None  #: of the processors alone, from the kernel's counters; never a metric
    steps: list[str] = []  #: how targets were found
    advice: list[str] = []  #: why it is INVALID, likely, and what to do next
    loadgen_seconds: float = 0.0
    child_seconds: float = 0.0
    peak_memory_bytes: int = 0
    host: HostLoad | None = None  #: what else went on; None where it cannot be read
    reused: bool = False
    folder: str = ""

    @property
    def good(self) -> bool:
        """Whether LoadGen found the run VALID and wrote no error."""
        return self.valid and not self.errors

    @property
    def tails(self) -> list[Tail]:
        """What Server is judged by: the latency, or with token latencies first and further tokens; else nothing."""
        if self.tokens and self.tokens.first_bound_ms is not None and self.tokens.each_bound_ms is not None:
            pairs = (
                ("first token p99", self.tokens.first, self.tokens.first_bound_ms),
                ("further tokens p99", self.tokens.each, self.tokens.each_bound_ms),
            )
        else:
            pairs = (("p99", self.latency, self.latency_bound_ms),)  # type: ignore[assignment]
        return [Tail(name, p99_ms(found), bound) for name, found, bound in pairs if found and bound is not None]


class Accuracy(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    value: float
    good: int
    total: int
    line: str
    equals_direct: bool  #: the log's predictions are those of a direct evaluation, sample by sample
    direct: float
    more: dict[str, float] = {}  #: further figures of the task, by name
    target: float = 0.0  #: percent; 0 = none
    loadgen_seconds: float = 0.0
    child_seconds: float = 0.0
    errors: list[str] = []
    host: HostLoad | None = None
    reused: bool = False
    folder: str = ""

    @property
    def share(self) -> float:
        """The figure from 0 to 1."""
        return self.value if self.name == FRACTION else self.value / 100

    @property
    def passed(self) -> bool:
        return self.equals_direct and self.value >= self.target and not self.errors


class Compliance(msgspec.Struct, frozen=True, kw_only=True):
    """One compliance test. ``passed``: performance and, in TEST01, payloads or their scores."""

    test: str
    passed: bool
    valid: bool
    reference: float  #: samples/s of the performance run
    score: float  #: samples/s of the test
    details: list[str]
    host: HostLoad | None = None
    reused: bool = False
    folder: str = ""


class ScenarioResult(msgspec.Struct, frozen=True):
    scenario: str
    performance: Performance | None = None
    accuracy: Accuracy | None = None
    compliance: list[Compliance] = []


class BenchmarkResult(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one benchmark: ``results.json``."""

    schema: str = SCHEMA
    benchmark: str
    model: str
    model_sha256: str
    dataset: str
    dataset_sha256: str
    samples: int
    sut: str
    profile: str
    note: str
    submission_grade: bool
    round: str
    started: str
    finished: str
    command: str
    system: dict[str, Any]
    software: dict[str, str]
    ingredients: list[dict[str, str]]
    settings: dict[str, Any]
    scenarios: list[ScenarioResult]
    loadgen_seconds: float
    franca_seconds: float  #: wall time of the run that is not LoadGen's
    folder: str

    @property
    def all_valid(self) -> bool:
        return all(
            (r.performance is None or r.performance.good)
            and (r.accuracy is None or r.accuracy.passed)
            and all(c.passed for c in r.compliance)
            for r in self.scenarios
        )


def read_performance(folder: str, scenario: Scenario, round_name: str = "", *, audited: bool = False) -> Performance:
    """The result of a performance run from its detail log.

    Args:
        round_name: of the rules that say which figure of Server is the result; "" = those of the LoadGen in use.
        audited: the run is one of a compliance test, which has an audit file.

    Raises:
        MalformedFile: the log is not that of a complete performance run of this scenario.
        Refused: an audit file was in force, and the run is no compliance test.
    """
    log = read_detail(os.path.join(folder, DETAIL))
    _expect(log, "effective_scenario", scenario.value)
    _expect(log, "effective_test_mode", Mode.PERFORMANCE.loadgen_name)
    if log.audited() and not audited:
        raise Refused(
            f"{log.path}: an audit file was in force, and this is no compliance test",
            hint="remove audit.config from the folder of the run, and run again (--rerun)",
        )
    facts = FACTS[scenario]
    metric = _metric_key(log, scenario, round_name)
    value = float(log.number(metric)) * facts.scale
    queries = log.integer("result_query_count")
    per_query = int(log.number("effective_samples_per_query"))
    return Performance(
        metric=metric,
        title=TITLES.get(metric, facts.title),
        unit=facts.unit,
        value=value,
        samples_per_second=throughput(scenario, value, per_query),
        valid=log.text("result_validity") == "VALID",
        flags=_flags(log, scenario),
        errors=[str(e.value) for e in log.fatal_errors()],
        warnings=_warnings(log),
        queries=queries,
        samples=queries * per_query,
        dataset_samples=log.integer("qsl_reported_total_count"),
        duration_s=_duration(log),
        min_duration_s=float(log.number("effective_min_duration_ms")) / 1000,
        latency=_latency(log, scenario),
        target_qps=_target(log, scenario),
        latency_bound_ms=_bound(log, scenario),
        tokens=_tokens(log, scenario),
        folder=folder,
    )


def _metric_key(log: DetailLog, scenario: Scenario, round_name: str) -> str:
    """With token latencies LoadGen's early-stopping estimate is that of first tokens, so the percentile counts.

    Server's result was the rate that was scheduled until v4.0, and is that of completed queries since v4.1 (section 3).
    """
    if scenario is Scenario.SINGLE_STREAM and _has_tokens(log):
        return "result_90.00_percentile_latency_ns"
    usual = FACTS[scenario].metric_key
    if scenario is not Scenario.SERVER:
        return usual
    if round_name:
        return tables.load_round(round_name).result_keys[scenario.value]
    return usual if log.find_number(usual) is not None else SCHEDULED


def read_accuracy_errors(folder: str, scenario: Scenario) -> list[str]:
    """Error entries of an accuracy run's detail log, which must be one of this scenario."""
    log = read_detail(os.path.join(folder, DETAIL))
    _expect(log, "effective_scenario", scenario.value)
    _expect(log, "effective_test_mode", Mode.ACCURACY.loadgen_name)
    return [str(e.value) for e in log.fatal_errors()]


def _expect(log: DetailLog, key: str, value: str) -> None:
    found = log.text(key)
    if found != value:
        raise MalformedFile(f"{key} is {found}, expected {value}", where=Location(log.path, key=key))


def _flags(log: DetailLog, scenario: Scenario) -> list[Flag]:
    constraint = log.find_flag("result_perf_constraints_met")
    flags = [] if constraint is None else [Flag("Latency constraint", constraint, _bound_reason(log))]
    flags.append(Flag("Minimum duration", log.flag("result_min_duration_met"), _duration_reason(log)))
    flags.append(Flag("Minimum queries", log.flag("result_min_queries_met"), _queries_reason(log, scenario)))
    flags.append(Flag("Early stopping", log.flag("early_stopping_met"), _stopping_reason(log)))
    return flags


def p99_ms(latency: Latency) -> float:
    """The 99th percentile in milliseconds; infinite where the log has none."""
    return latency.percentiles.get("99.00", float("inf")) / 1e6


def _bound_reason(log: DetailLog) -> str:
    bounds = [_token_bound(log, kind) for kind in ("ttft", "tpot")]
    if _has_tokens(log) and None not in bounds:
        return (
            f"the 99th percentiles must be at most {bounds[0]:g} ms to the first token and {bounds[1]:g} ms for each "
            "further token"
        )
    bound = float(log.number("effective_target_latency_ns")) / 1e6
    percentile = float(log.number("effective_target_latency_percentile")) * 100
    over = log.find_number("result_overlatency_query_count")
    tail = f"; {over:g} queries were over it" if over is not None else ""
    return f"the {percentile:g}th percentile of latency must be at most {bound:g} ms{tail}"


def _duration_reason(log: DetailLog) -> str:
    return f"the run must last at least {float(log.number('effective_min_duration_ms')) / 1000:g} s"


def _queries_reason(log: DetailLog, scenario: Scenario) -> str:
    least = log.integer("effective_min_query_count")
    if scenario is Scenario.OFFLINE:
        return f"at least {log.integer('effective_min_sample_count'):,} samples in the one query"
    return f"at least {least:,} queries; {log.integer('result_query_count'):,} were completed"


def _stopping_reason(log: DetailLog) -> str:
    kinds = {"": "", "ttft_": "first token: ", "tpot_": "further tokens: "}
    found = {name: _stopping_words(log, kind) for kind, name in kinds.items()}
    parts = [f"{name}{words}" for name, words in found.items() if words]
    return "; ".join(parts) or "enough queries for the statistical confidence that the rules ask for"


def _stopping_words(log: DetailLog, kind: str) -> str:
    """What LoadGen says of early stopping, of whole queries or of their tokens."""
    said = " ".join(str(log.get(f"early_stopping_{kind}result", "")).split())
    # LoadGen gives its estimates in nanoseconds, without a unit.
    said = re.sub(r"estimate: (\d+)", lambda m: f"estimate: {int(m[1]) / 1e6:.4g} ms", said)
    return "; ".join(part.strip().rstrip(".") for part in said.split("*") if part.strip())


def _warnings(log: DetailLog) -> list[str]:
    """Warnings for people: how LoadGen sized its own log buffers is not one."""
    return [str(e.value) for e in log.warnings if "Logging allocation detected" not in str(e.value)]


def _duration(log: DetailLog) -> float:
    """Seconds of the timed part, between LoadGen's two marks (UTC with milliseconds, section 4.2)."""
    marks = []
    for key in ("power_begin", "power_end"):
        try:
            marks.append(datetime.strptime(str(log.get(key, "")), "%m-%d-%Y %H:%M:%S.%f"))
        except ValueError:
            return 0.0
    return (marks[1] - marks[0]).total_seconds()


def _latency(log: DetailLog, scenario: Scenario) -> Latency:
    kind = "query_latency" if scenario is Scenario.MULTI_STREAM else "latency"
    per_query = "per_query_latency" if scenario is Scenario.MULTI_STREAM else "latency"
    found = {p: log.find_number(f"result_{p}_percentile_{per_query}_ns") for p in PERCENTILES}
    return Latency(
        float(log.number(f"result_min_{kind}_ns")),
        float(log.number(f"result_mean_{kind}_ns")),
        float(log.number(f"result_max_{kind}_ns")),
        {p: float(v) for p, v in found.items() if v is not None},
    )


def _has_tokens(log: DetailLog) -> bool:
    return log.find_flag("requested_use_token_latencies") is True


def _tokens(log: DetailLog, scenario: Scenario) -> Tokens | None:
    """Figures of a run with token latencies, or with rates that LoadGen infers; None for any other."""
    if not _has_tokens(log):
        inferred = _first_rate(log, "inferred_")
        return None if inferred is None else Tokens(inferred, None, None, None, None)
    bounds = {key: _token_bound(log, key) if scenario is Scenario.SERVER else None for key in ("ttft", "tpot")}
    return Tokens(
        _first_rate(log),
        _token_latency(log, "result_first_token_{}_latency_ns", "result_first_token_{}_percentile_latency_ns"),
        _token_latency(log, "result_time_to_output_token_{}", "result_time_per_output_token_{}_percentile_ns"),
        bounds["ttft"],
        bounds["tpot"],
    )


def _first_rate(log: DetailLog, kind: str = "") -> float | None:
    """Tokens a second: completed ones in Server, all in Offline."""
    found = (log.find_number(f"result_{kind}{part}tokens_per_second") for part in ("completed_", ""))
    return next((float(rate) for rate in found if rate is not None), None)


def _token_latency(log: DetailLog, key: str, percentile_key: str) -> Latency | None:
    ends = [log.find_number(key.format(end)) for end in ("min", "mean", "max")]
    if None in ends:
        return None
    found = {p: log.find_number(percentile_key.format(p)) for p in PERCENTILES}
    least, mean, most = (float(end or 0) for end in ends)
    return Latency(least, mean, most, {p: float(v) for p, v in found.items() if v is not None})


def _token_bound(log: DetailLog, kind: str) -> float | None:
    found = log.find_number(f"requested_server_{kind}_latency")
    return None if found is None else float(found) / 1e6


def _target(log: DetailLog, scenario: Scenario) -> float | None:
    return None if scenario.is_stream else float(log.number("effective_target_qps"))


def _bound(log: DetailLog, scenario: Scenario) -> float | None:
    return float(log.number("effective_target_latency_ns")) / 1e6 if scenario is Scenario.SERVER else None
