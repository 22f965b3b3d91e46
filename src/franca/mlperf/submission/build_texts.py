"""The documents of a submission that people read: READMEs of results and code (mlperf-inference 11.5)."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from franca.mlperf.logs.detail import DetailLog
from franca.mlperf.submission.build_source import ModelSource, ScenarioSource
from franca.mlperf.submission.tables import canonical_scenario

UNSEEN_RULES = (
    "LoadGen is unmodified, of the round's version, and ran on the host of the system under test.",
    "Nothing was cached across queries, and no knowledge of the test set was used.",
    "Work outside the timed part is limited to loading and the pre-processing named above.",
    "Accuracy and performance runs used the same system, software and model file.",
    "No log was edited. Accuracy logs are shortened as the rules ask, with the digest of the whole log kept.",
)
"""Rules that no checker sees (12.4); the submitter signs them off."""


def scenario_readme(source: ModelSource, scenario: ScenarioSource, shown_command: str) -> str:
    """How this result was made, how to make it again, and how to verify it."""
    record = source.record
    lines = [f"# {source.model}, {canonical_scenario(scenario.name)}", ""]
    lines += _result_lines(record, scenario.name)
    lines += ["", "## Make it again", "", "```bash", "pip install 'franca[inference]'"]
    lines += [portable(shown_command or record.get("command") or "") or "# the command was not recorded", "```", ""]
    lines += _ingredients(record)
    lines += ["## Model", "", _model_line(source), ""]
    lines += ["## Verify", "", "```bash", "franca submission check SUBMISSION", "```", ""]
    lines += ["The accuracy was scored from the whole accuracy log, whose SHA-256 stands in `accuracy.txt`.", ""]
    lines += ["## Declared by the submitter", "", *(f"- [ ] {rule}" for rule in UNSEEN_RULES), ""]
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


def _ingredients(record: Mapping[str, Any]) -> list[str]:
    lines = dependency_lines(record)
    lines += [f"- {name} {version}" for name, version in sorted((record.get("software") or {}).items())]
    return ["## Versions", "", *lines, ""] if lines else []


def _model_line(source: ModelSource) -> str:
    digest = source.record.get("model_sha256")
    data = source.record.get("dataset")
    weights = f"Weights: SHA-256 `{digest}`." if digest else "Weights: see measurements.json."
    return weights + (f" Data set: {data}." if data else "")


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
