"""Records of a run for a dashboard: one a scenario, kept in a local file and shown; never sent from here.

Fields: the summary's, and what was put in (mlperf-inference section 17.2).
"""

from __future__ import annotations

import json
import os
from typing import Any

import msgspec

from franca.mlperf.inference.figures import NO_TRUTH
from franca.mlperf.inference.results import BenchmarkResult, ScenarioResult

FILE = "dashboard.jsonl"
#: Inputs that a record repeats, under their official names.
INPUTS = (
    "lang", "device", "submitter", "backend", "model", "run_style", "rerun", "hw_name", "max_batchsize", "num_threads",
    "scenario", "test_query_count", "run_checker", "skip_truncation",
)  # fmt: skip


class Dashboard(msgspec.Struct, frozen=True):
    """Where records would go, and who submits them."""

    entity: str
    project: str
    submitter: str
    division: str = "open"
    category: str = "edge"
    inputs: dict[str, str] = {}
    """What was put in and is in no result, by the names of the official inputs."""


def records_of(result: BenchmarkResult, where: Dashboard) -> list[dict[str, Any]]:
    """One record for each scenario that was run."""
    return [_record(result, one, where) for one in result.scenarios]


def write_records(records: list[dict[str, Any]], folder: str) -> str:
    """Append the records to the local file; returns its path."""
    path = os.path.join(folder, FILE)
    text = "".join(json.dumps(record, sort_keys=True) + "\n" for record in records)
    with open(path, "a", encoding="utf-8") as out:
        out.write(text)
    return path


def record_lines(records: list[dict[str, Any]], where: Dashboard, path: str) -> list[str]:
    """What would be sent and where, in words."""
    lines = [f"dashboard: {len(records)} records in {path}; nothing was sent"]
    for record in records:
        fields = ", ".join(f"{key}={value}" for key, value in sorted(record.items()) if key not in ("run", "when"))
        lines.append(f"  would go to W&B {where.entity}/{where.project} as {record['run']}: {fields}")
    return lines


#: Columns of the summary that a machine's facts fill, and what they are without one.
SYSTEM = {
    "host_processor_model_name": "undefined",
    "host_processors_per_node": 1,
    "host_processor_core_count": "undefined",
    "host_memory_capacity": "undefined",
    "accelerator_model_name": "N/A",
    "accelerators_per_node": 0,
    "operating_system": "undefined",
}


def _record(result: BenchmarkResult, one: ScenarioResult, where: Dashboard) -> dict[str, Any]:
    record = {
        "run": f"{where.submitter}({result.sut})",
        "when": result.finished,
        **_row(result, one, where),
        **_inputs(result, one, where),
    }
    if one.performance:
        record |= {
            "performance": one.performance.value,
            "Units": one.performance.unit,
            "qps": one.performance.samples_per_second,
            "valid": one.performance.good,
        }
    if one.accuracy and one.accuracy.name != NO_TRUTH:
        record["accuracy"] = one.accuracy.share
    return record


def _row(result: BenchmarkResult, one: ScenarioResult, where: Dashboard) -> dict[str, Any]:
    """The columns of a summary that a run knows of itself."""
    facts = {name: result.system.get(name, {}).get("value", default) for name, default in SYSTEM.items()}
    backend = str(result.settings.get("backend", ""))
    return {
        "Organization": where.submitter,
        "Availability": where.inputs.get("status", "available"),
        "Division": where.division,
        "SystemType": where.category,
        "SystemName": result.sut,
        "Platform": result.sut,
        "Model": result.model,
        "Scenario": one.scenario,
        "Processor": str(facts["host_processor_model_name"]),
        **facts,
        "number_of_nodes": 1,
        "framework": " v".join(filter(None, (backend, result.software.get(backend, "")))),
        "version": result.round,
        "compliance": ",".join(c.test for c in one.compliance if c.passed),
        "has_power": bool(one.performance and one.performance.power),
    }


def _inputs(result: BenchmarkResult, one: ScenarioResult, where: Dashboard) -> dict[str, Any]:
    """What was put in: as given, else as the run had it."""
    options = result.settings.get("backend_options") or {}
    found = {
        "backend": result.settings.get("backend"),
        "device": result.settings.get("device"),
        "lang": result.settings.get("engine"),
        "max_batchsize": result.settings.get("max_batchsize"),
        "model": result.model,
        "num_threads": options.get("threads"),
        "run_style": result.profile,
        "scenario": one.scenario,
        "submitter": where.submitter,
        **{name: value for name, value in where.inputs.items() if name in INPUTS and value},
    }
    return {f"cm_misc_input_{name}": found.get(name, "") for name in INPUTS}
