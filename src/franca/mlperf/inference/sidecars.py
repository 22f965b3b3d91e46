"""The small files beside each part's logs, under the names that other tools expect (section 7.4)."""

from __future__ import annotations

import os
from typing import Any

from franca.catalog.files import write_json_atomic
from franca.mlperf.inference.measurements import measured
from franca.mlperf.inference.spec import RunSpec
from franca.mlperf.inference.tools import plain_name, runtime_version


def write_sidecars(folder: str, spec: RunSpec, system: dict[str, Any], software: dict[str, str]) -> None:
    """``measurements.json``, ``cpu_info.json``, ``os_info.json``, ``system_meta.json``, versions, the mapping."""
    values = {name: field["value"] for name, field in system.items()}
    files: dict[str, Any] = {
        "measurements.json": measured(spec),
        "cpu_info.json": {k: v for k, v in values.items() if k.startswith("host_processor")},
        "os_info.json": {k: values[k] for k in ("operating_system", "machine")},
        "pip_freeze.json": software,
        "cm-version-info.json": [{i.name: {"script_tags": i.tags, "version": i.version}} for i in spec.ingredients],
    }
    files["system_meta.json"] = dict(spec.system_fields)
    if spec.official_model:
        files["model_mapping.json"] = {spec.model: spec.official_model}
    for name, data in files.items():
        write_json_atomic(os.path.join(folder, name), data)


def write_sut_info(folder: str, spec: RunSpec, software: dict[str, str]) -> None:
    """``cm-sut-info.json``, which stands once for all models of a system under test."""
    data = {
        "hardware_name": spec.hw_name,
        "implementation": spec.implementation,
        "device": spec.device,
        "framework": plain_name(spec.backend.name),
        "framework_version": f"v{runtime_version(spec.backend.name, software)}",
        "run_config": "default_config",
    }
    write_json_atomic(os.path.join(folder, "cm-sut-info.json"), data)
