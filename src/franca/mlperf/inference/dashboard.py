"""Records of a run for a dashboard: one a scenario, kept in a local file and shown; never sent from here.

Fields: the summary's, and what was put in (mlperf-inference section 17.2).
"""

from __future__ import annotations

import json
import os
from typing import Any

import msgspec

from franca.mlperf.inference.results import BenchmarkResult, ScenarioResult

FILE = "dashboard.jsonl"


class Dashboard(msgspec.Struct, frozen=True):
    """Where records would go, and who submits them."""

    entity: str
    project: str
    submitter: str
    division: str = "open"
    category: str = "edge"


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


def _record(result: BenchmarkResult, one: ScenarioResult, where: Dashboard) -> dict[str, Any]:
    system = str(result.system.get("host_processor_model_name", {}).get("value", ""))
    record: dict[str, Any] = {
        "run": f"{where.submitter}({result.sut})",
        "when": result.finished,
        "Organization": where.submitter,
        "Availability": "available",
        "Division": where.division,
        "SystemType": where.category,
        "SystemName": result.sut,
        "Model": result.model,
        "Scenario": one.scenario,
        "Processor": system,
        "cm_misc_input_backend": result.settings.get("backend"),
        "cm_misc_input_device": result.settings.get("device"),
        "cm_misc_input_max_batchsize": result.settings.get("max_batchsize"),
        "cm_misc_input_model": result.model,
        "cm_misc_input_run_style": result.profile,
        "cm_misc_input_scenario": one.scenario,
        "cm_misc_input_submitter": where.submitter,
    }
    if one.performance:
        record |= {
            "performance": one.performance.value,
            "Units": one.performance.unit,
            "qps": one.performance.samples_per_second,
            "valid": one.performance.good,
        }
    if one.accuracy:
        record["accuracy"] = one.accuracy.share
    return record
