"""Measured targets kept for the next run: the SUT configuration file (mlperf-inference sections 7.6, 8.1).

Place: ``<configs>/<hw>/<implementation>-implementation/<device>-device/<backend>-framework/<run config>-config.yaml``;
content: ``model: {Scenario: {target_qps | target_latency: number}}``, queries a second or milliseconds.
"""

from __future__ import annotations

import os

from franca.catalog.files import read_yaml, write_yaml_atomic
from franca.errors import Location, MalformedFile
from franca.mlperf.inference.config import number_text
from franca.mlperf.inference.results import Performance
from franca.mlperf.inference.scenarios import Scenario
from franca.mlperf.inference.spec import RunSpec
from franca.mlperf.inference.targets import Choice, target_key

TOLERANCE = {True: 0.9, False: 1.01}  #: of a stored value, for streams and for the others (section 8.1)


def config_path(spec: RunSpec) -> str:
    """The file of this system and implementation."""
    backend = spec.backend.name.rpartition(":")[2]
    return place_of(spec.configs, spec.hw_name, spec.implementation, spec.device, backend, spec.run_config)


def place_of(configs: str, hw_name: str, implementation: str, device: str, backend: str, run_config: str) -> str:
    """The file that these names stand for, below the folder of configurations."""
    return os.path.join(
        configs,
        hw_name,
        f"{implementation}-implementation",
        f"{device}-device",
        f"{backend}-framework",
        f"{run_config.removesuffix('_config')}-config.yaml",
    )


def stored_choice(spec: RunSpec, scenario: Scenario) -> Choice | None:
    """The stored target with its tolerance, or None.

    Raises:
        MalformedFile: the file is there and is not what was written.
    """
    if not spec.configs:
        return None
    path = config_path(spec)
    value = _section(_read(path), spec.model, scenario, path).get(target_key(scenario))
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e12:
        key = f"{spec.model}.{scenario.value}.{target_key(scenario)}"
        raise MalformedFile(f"{value!r} is no positive number", where=Location(path, key=key))
    # A peak that was searched for is itself the target; the others were measured and get their tolerance.
    share = 1.0 if scenario is Scenario.SERVER else TOLERANCE[scenario.is_stream]
    used = float(f"{value * share:.6g}")
    return Choice(used, f"{target_key(scenario)} = {number_text(used)}: {share:g} x the value of an earlier run")


def store(spec: RunSpec, scenario: Scenario, performance: Performance) -> str:
    """Keep what was measured; returns the file, "" when nothing is to be kept.

    Server has no figure to derive a target from: its own target is kept, when it was VALID.
    """
    if not spec.configs or not performance.value:
        return ""
    if scenario is Scenario.SERVER:
        value = performance.target_qps or 0.0
    elif scenario is Scenario.OFFLINE:
        value = performance.value
    else:
        value = performance.latency.mean / 1e6
    path = config_path(spec)
    content = _read(path)
    models = content.setdefault(spec.model, {})
    if not isinstance(models, dict):
        raise MalformedFile("expected scenarios of a model", where=Location(path, key=spec.model))
    models[scenario.value] = {target_key(scenario): float(f"{value:.6g}")}
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_yaml_atomic(path, content)
    return path


def _read(path: str) -> dict[str, object]:
    if not os.path.isfile(path):
        return {}
    content = read_yaml(path)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise MalformedFile("expected models and their targets", where=Location(path))
    return content


def _section(content: dict[str, object], model: str, scenario: Scenario, path: str) -> dict[str, object]:
    scenarios = content.get(model) or {}
    section = scenarios.get(scenario.value) if isinstance(scenarios, dict) else scenarios
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise MalformedFile("expected a target", where=Location(path, key=f"{model}.{scenario.value}"))
    return section
