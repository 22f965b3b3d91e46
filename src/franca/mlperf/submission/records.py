"""Accepted results as typed records: the columns of the official summary, and metrics derived from them."""

from __future__ import annotations

import re

import msgspec

from franca.mlperf.logs.detail import DetailLog
from franca.mlperf.submission.context import Result, System
from franca.mlperf.submission.documents import encodable
from franca.mlperf.submission.tables import POWER_UNITS, Round
from franca.results.derived import MULTI_STREAM_SAMPLES, samples_per_joule, samples_per_second

COLUMNS_V3 = (
    "Organization",
    "Availability",
    "Division",
    "SystemType",
    "SystemName",
    "Platform",
    "Model",
    "MlperfModel",
    "Scenario",
    "Result",
    "Accuracy",
    "number_of_nodes",
    "host_processor_model_name",
    "host_processors_per_node",
    "host_processor_core_count",
    "accelerator_model_name",
    "accelerators_per_node",
    "Location",
    "framework",
    "operating_system",
    "notes",
    "compliance",
    "errors",
    "version",
    "inferred",
    "has_power",
    "Units",
)
"""Columns of summary.csv in round v3.0 (14.1)."""


def columns(round_number: tuple[int, int]) -> tuple[str, ...]:
    """Columns of summary.csv in a round."""
    if round_number < (4, 0):
        return COLUMNS_V3
    if round_number < (5, 0):
        return (*COLUMNS_V3, "weight_data_types")
    at = COLUMNS_V3.index("Location")
    return (
        *COLUMNS_V3[:at], "total_accelerators", *COLUMNS_V3[at:], "weight_data_types", "design_power_watts", "PrivateID"
    )  # fmt: skip


class Derived(msgspec.Struct, frozen=True, omit_defaults=True):
    """Metrics computed from a result and its system; None where an input is missing.

    Units: samples/s, samples/s per accelerator or core, W, samples/J, s, ms. What money adds is the store's
    (`franca.results.prices`): prices are the reader's own.
    """

    samples_per_second: float | None = None
    samples_per_second_per_accelerator: float | None = None
    samples_per_second_per_core: float | None = None
    watts: float | None = None
    samples_per_joule: float | None = None
    latency_p99_ms: float | None = None
    queries: int | None = None
    duration_s: float | None = None
    early_stopping_discards: int | None = None


class Record(msgspec.Struct, frozen=True):
    """One accepted result of a tree."""

    organization: str
    availability: str
    division: str
    system_type: str
    system_name: str
    platform: str
    model: str
    mlperf_model: str
    scenario: str
    result: float
    unit: str
    accuracy: dict[str, str]
    location: str
    compliant: bool
    round: str
    inferred: bool
    has_power: bool
    power: float | None
    power_unit: str
    design_power: str
    system: dict[str, str]
    measurements: dict[str, str]
    derived: Derived
    private_id: str
    """Under which the system is reviewed; '' where it has none."""
    settings: dict[str, object]
    """Values of the detail log that must be equal, or told, when two results are compared (15.1)."""

    def sort_key(self) -> tuple[str, ...]:
        """Order of the rows: by all key columns (14.2)."""
        return (
            self.organization, self.availability, self.division, self.system_type, self.system_name, self.platform,
            self.model, self.mlperf_model, self.scenario, self.location,
        )  # fmt: skip

    @property
    def accelerators(self) -> int | None:
        """Accelerators of the whole system."""
        return accelerators(self.system)

    @property
    def notes(self) -> str:
        """hw_notes and sw_notes, joined as the official summary does."""
        hardware, software = self.system.get("hw_notes", ""), self.system.get("sw_notes", "")
        return f"{hardware}. {software}" if hardware and software else hardware or software

    def accuracy_text(self) -> str:
        """The Accuracy column: the number until v4.0, afterwards metric and number (14.2)."""
        if len(self.accuracy) == 1 and self.round in ("v3.0", "v3.1", "v4.0"):
            return next(iter(self.accuracy.values()))
        return "  ".join(f"{name}: {value}" for name, value in self.accuracy.items())


_COUNT = re.compile(r"\s*(\d{1,9})\b")
SETTINGS = (
    "loadgen_version", "sut_name", "qsl_name", "effective_scenario", "effective_target_qps",
    "effective_target_latency_ns", "effective_target_latency_percentile", "effective_samples_per_query",
    "effective_min_duration_ms", "effective_min_query_count", "effective_performance_sample_count",
    "effective_qsl_rng_seed", "effective_sample_index_rng_seed", "effective_schedule_rng_seed",
    "effective_sample_concatenate_permutation", "result_query_count", "qsl_reported_total_count", "test_datetime",
)  # fmt: skip


def make_record(result: Result, table: Round) -> Record:
    """The record of a checked result that has a value."""
    system = result.system
    log = result.log
    return Record(
        organization=encodable(result.submitter),
        availability=system.get("status").lower(),
        division=result.division,
        system_type=system.get("system_type"),
        system_name=system.get("system_name"),
        platform=encodable(system.name),
        model=encodable(result.model),
        mlperf_model=result.official,
        scenario=result.scenario,
        result=result.value or 0.0,
        unit=result.unit or table.unit(result.official, result.scenario),
        accuracy=dict(result.accuracy),
        location=encodable(result.path),
        compliant=result.compliant,
        round=table.round,
        inferred=result.inferred,
        has_power=result.has_power,
        power=result.power,
        power_unit=POWER_UNITS[result.scenario] if result.power is not None else "",
        design_power=result.design_power,
        system=dict(system.fields),
        measurements=dict(result.measurements),
        derived=derive(result, system),
        private_id=encodable(result.private_id),
        settings=_settings(log) if log is not None else {},
    )


def _settings(log: DetailLog) -> dict[str, object]:
    """Single values only: what is no number, truth value or text says nothing to compare."""
    found: dict[str, object] = {}
    for key in SETTINGS:
        value = log.get(key)
        if isinstance(value, str):
            found[key] = encodable(value)
        elif isinstance(value, bool | int | float):
            found[key] = value
    return found


def derive(result: Result, system: System) -> Derived:
    """Derived metrics of a result (3.8, 10.4, 14.4)."""
    value = result.value
    if value is None or value <= 0 or result.log is None:
        return Derived()
    special = result.rules.units.get(result.scenario)
    tokens = special is not None and result.unit in ("", special)
    per_query = _per_query(result, result.log)
    rate = None if tokens else samples_per_second(result.scenario, value, per_query)
    count, cores = accelerators(system.fields), _cores(system.fields)
    watts = result.power_watts
    # In Offline everything is issued at once: latencies say how long the run took, and nothing more.
    p99 = None if result.scenario == "Offline" else result.log.get("result_99.00_percentile_latency_ns")
    queries = result.log.get("result_query_count")
    return Derived(
        samples_per_second=rate,
        samples_per_second_per_accelerator=rate / count if rate and count else None,
        samples_per_second_per_core=rate / cores if rate and cores else None,
        watts=watts,
        samples_per_joule=None
        if result.power is None
        else samples_per_joule(result.scenario, result.power, rate, per_query),
        latency_p99_ms=p99 / 1e6 if isinstance(p99, (int, float)) and not isinstance(p99, bool) else None,
        queries=queries if isinstance(queries, int) and not isinstance(queries, bool) else None,
        duration_s=_duration(result),
        early_stopping_discards=_discards(result.log),
    )


_DISCARDS = re.compile(r"Would discard (\d{1,15}) highest latency queries")


def _discards(log: DetailLog) -> int | None:
    """Slowest queries that LoadGen left out of its estimate, as its log words it."""
    said = _DISCARDS.search(str(log.get("early_stopping_result")))
    return int(said.group(1)) if said else None


def _per_query(result: Result, log: DetailLog) -> int:
    """Samples in a query of MultiStream. An inferred result was measured with others, and is for the usual number."""
    told = log.get("effective_samples_per_query")
    if isinstance(told, bool) or not isinstance(told, int) or told < 1 or result.inferred:
        return MULTI_STREAM_SAMPLES
    return told


def _duration(result: Result) -> float | None:
    from franca.errors import MalformedFile
    from franca.mlperf.submission.run_checks import measured_window

    try:
        window = measured_window(result.log) if result.log is not None else None
    except MalformedFile:
        return None
    return (window[1] - window[0]).total_seconds() if window else None


def accelerators(system: dict[str, str]) -> int | None:
    """Nodes times accelerators per node; None when one of them is no count."""
    nodes, each = _count(system, "number_of_nodes"), _count(system, "accelerators_per_node")
    return None if nodes is None or each is None else nodes * each


def _cores(system: dict[str, str]) -> int | None:
    counts = [_count(system, name) for name in
              ("number_of_nodes", "host_processors_per_node", "host_processor_core_count")]  # fmt: skip
    product = 1
    for count in counts:
        if count is None:
            return None
        product *= count
    return product


def _count(system: dict[str, str], field: str) -> int | None:
    match = _COUNT.match(system.get(field, ""))
    return int(match.group(1)) if match else None


def row(record: Record) -> dict[str, object]:
    """The performance row of a record, column to value."""
    system = record.system
    compliance: object = int(record.compliant)
    if record.round >= "v5.0":
        compliance = record.division
    return {
        "Organization": record.organization,
        "Availability": record.availability,
        "Division": record.division,
        "SystemType": record.system_type,
        "SystemName": record.system_name,
        "Platform": record.platform,
        "Model": record.model,
        "MlperfModel": record.mlperf_model,
        "Scenario": record.scenario,
        "Result": record.result,
        "Accuracy": record.accuracy_text(),
        "number_of_nodes": system.get("number_of_nodes", ""),
        "host_processor_model_name": system.get("host_processor_model_name", ""),
        "host_processors_per_node": system.get("host_processors_per_node", ""),
        "host_processor_core_count": system.get("host_processor_core_count", ""),
        "accelerator_model_name": system.get("accelerator_model_name", ""),
        "accelerators_per_node": system.get("accelerators_per_node", ""),
        "total_accelerators": "" if record.accelerators is None else record.accelerators,
        "Location": record.location,
        "framework": system.get("framework", ""),
        "operating_system": system.get("operating_system", ""),
        "notes": record.notes,
        "compliance": compliance,
        "errors": 0,
        "version": record.round,
        "inferred": int(record.inferred),
        "has_power": record.has_power,
        "Units": record.unit,
        "weight_data_types": record.measurements.get("weight_data_types", ""),
        "design_power_watts": record.design_power,
        "PrivateID": record.private_id,
    }


def rows(records: list[Record]) -> list[dict[str, object]]:
    """Rows of summary.csv: one a result, and a second one with the power metric where there is one."""
    table = []
    for record in records:
        first = row(record)
        table.append(first)
        if record.power is not None:
            table.append({**first, "Result": record.power, "Units": record.power_unit})
    return table
