"""The documents of a submission that people read: READMEs of results and code (mlperf-inference 11.5)."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from typing import Any

from franca.mlperf.logs.detail import DetailLog
from franca.mlperf.submission.build_checklist import Kind, checklist
from franca.mlperf.submission.build_source import MEASUREMENTS, ModelSource, ScenarioSource
from franca.mlperf.submission.documents import read_object
from franca.mlperf.submission.tables import canonical_scenario


def scenario_readme(source: ModelSource, scenario: ScenarioSource, shown_command: str, kind: Kind) -> str:
    """How this result was made, how to make it again, and how to verify it."""
    record = source.record
    lines = [f"# {source.model}, {canonical_scenario(scenario.name)}", "", "## Result", ""]
    lines += _result_lines(record, scenario.name)
    lines += _environment(record)
    lines += _again(record, portable(shown_command or record.get("command") or ""))
    lines += _versions(record)
    lines += ["", "## Model and data", "", *_model_lines(source, scenario)]
    lines += ["", "## Verify", "", "```bash", "franca submission check SUBMISSION", "```", ""]
    lines += ["The accuracy was scored from the whole accuracy log, whose SHA-256 stands in `accuracy.txt`."]
    lines += ["", "## Declared by the submitter", "", *(f"- [ ] {rule}" for rule in checklist(kind)), ""]
    return "\n".join(lines)


def code_readme(source: ModelSource) -> str:
    """Where the code of the system under test is, and how it answers queries."""
    settings = source.record.get("settings") or {}
    rows = [f"| {name} | {_cell(value)} |" for name, value in sorted(settings.items()) if not isinstance(value, dict)]
    lines = [f"# Code of {source.model}", ""]
    lines += [
        "The system under test is Franca's LoadGen harness, `franca.mlperf.inference`: streams are answered inside",
        "the callback, Server and Offline by a queue and worker threads. The data set, the backend and the metric",
        "are the plug-ins named in the request of the run.",
        "",
    ]
    if rows:
        lines += ["| setting | value |", "|---|---|", *rows, ""]
    return "\n".join(lines)


_PLACES = ("--output=", "--output_dir=", "--results_dir=", "--submission_dir=", "--configs=", "--system_file=")


SAMPLES = "effective_samples_per_query"
_IN_EFFECT = {
    "qsl_rng_seed": "effective_qsl_rng_seed",
    "sample_index_rng_seed": "effective_sample_index_rng_seed",
    "schedule_rng_seed": "effective_schedule_rng_seed",
    "min_duration": "effective_min_duration_ms",
    "max_duration": "effective_max_duration_ms",
    "min_query_count": "effective_min_query_count",
    "performance_sample_count_override": "effective_performance_sample_count",
}


def rules_in_effect(log: DetailLog, scenario: str) -> str:
    """``mlperf.conf`` of a run whose LoadGen carried its rules inside: what was in effect, from the log."""
    lines = [f"# Rules in effect in this run, read from its log. LoadGen {log.get('loadgen_version', '')} holds them."]
    keys = {**_IN_EFFECT, **({"samples_per_query": SAMPLES} if scenario == "MultiStream" else {})}
    lines += [f"*.{scenario}.{key} = {log.get(name)}" for key, name in keys.items() if name in log]
    return "\n".join(lines) + "\n"


def portable(command: str) -> str:
    """A command without the folders of the machine that it was typed on."""
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    return " ".join(shlex.quote(word) for word in words if not word.startswith(_PLACES))


def dependency_lines(record: Mapping[str, Any]) -> list[str]:
    """One line for each ingredient of the run: name, version, the tags that provide it."""
    found = []
    for item in record.get("ingredients") or []:
        version = item.get("version") or "no version"
        found.append(f"- {item.get('name')}: {version}" + (f" (`{item['tags']}`)" if item.get("tags") else ""))
    return found


def _result_lines(record: Mapping[str, Any], name: str) -> list[str]:
    lines = []
    for one in record.get("scenarios") or []:
        if str(one.get("scenario", "")).lower() != name.lower():
            continue
        performance, accuracy = one.get("performance"), one.get("accuracy")
        if performance:
            verdict = "VALID" if performance["valid"] and not performance["errors"] else "INVALID"
            lines.append(f"- {performance['title']}: {performance['value']:.6g} {performance['unit']} ({verdict})")
        if accuracy:
            lines.append(f"- accuracy: `{accuracy['line']}`")
    return lines or ["Results: see the logs."]


_ENVIRONMENT = {
    "operating_system": "Operating system",
    "host_processor_model_name": "Processor",
    "accelerator_model_name": "Accelerator",
    "compiler": "Compiler",
    "cuda": "CUDA",
}


def _environment(record: Mapping[str, Any]) -> list[str]:
    """What the machine had, where the run has recorded it."""
    system = record.get("system") or {}
    found = [(title, str(system[name].get("value", ""))) for name, title in _ENVIRONMENT.items() if name in system]
    lines = [f"- {title}: {value}" for title, value in found if value not in ("", "undefined", "N/A")]
    python = (record.get("software") or {}).get("python")
    lines += [f"- Python: {python}"] if python else []
    return ["", "## Environment", "", *lines] if lines else []


def _again(record: Mapping[str, Any], command: str) -> list[str]:
    """Install, data set, model, run: the commands that repeat the result."""
    lines = ["", "## Make it again", "", "```bash", "python3 -m venv franca-venv && . franca-venv/bin/activate"]
    lines += ["pip install 'franca[inference]'"]
    for item in record.get("ingredients") or []:
        if item.get("tags") and item.get("name") in ("Data set", "Model"):
            lines.append(f'franca run script "{item["tags"].replace(",", " ")}"')
    lines += [command or "# the command was not recorded", "```"]
    if command:
        lines += ["", "The last command runs what the result has, performance and accuracy. It also gets data set and"]
        lines += ["model by itself; `--mode=performance` and `--mode=accuracy` repeat one of the two."]
    return lines


def _versions(record: Mapping[str, Any]) -> list[str]:
    lines = dependency_lines(record)
    lines += [f"- {name} {version}" for name, version in sorted((record.get("software") or {}).items())]
    return ["", "## Versions", "", *lines] if lines else []


def _model_lines(source: ModelSource, scenario: ScenarioSource) -> list[str]:
    """The weights' file, where it comes from, and its digest; the data set."""
    record = source.record
    stated = read_object(os.path.join(scenario.performance, MEASUREMENTS))
    origin = (source.request.get("weights") or {}).get("origin")
    rows = (
        ("Weights", stated.get("starting_weights_filename")),
        ("Where they come from", origin),
        ("SHA-256 of the weights", record.get("model_sha256")),
        ("Types of the weights", stated.get("weight_data_types")),
        ("Transformations", stated.get("weight_transformations")),
        ("Data set", record.get("dataset")),
        ("SHA-256 of the data set", record.get("dataset_sha256")),
    )
    return [f"- {name}: {_cell(value)}" for name, value in rows if value]


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
