"""The small files beside each part's logs, under the names that other tools expect (section 7.4).

What a run met (machine, packages, request) is written once and stays with its logs. What the user says of it
(measurements, fields of the system, the benchmark it stands for) follows the latest request.
"""

from __future__ import annotations

import os
import platform
from typing import Any

import msgspec

from franca import __version__
from franca.catalog.files import write_json_atomic, write_text_atomic
from franca.errors import MalformedFile
from franca.mlperf.inference.measurements import measured
from franca.mlperf.inference.results import DETAIL
from franca.mlperf.inference.runner import Interpreter
from franca.mlperf.inference.spec import RunSpec
from franca.mlperf.inference.tools import installed, plain_name, runtime_version
from franca.mlperf.logs.detail import read_detail

README = "README.md"
MET = ("cpu_info.json", "os_info.json", "cm-host-info.json", "pip_freeze.json", "cm-version-info.json", "request.json",
       "loadgen.json", README)  # fmt: skip
"""Files that are written once."""
_LOADGEN = {"version": "loadgen_version", "commit_date": "loadgen_git_commit_date", "built": "loadgen_build_date_utc"}


def write_sidecars(folder: str, spec: RunSpec, system: dict[str, Any], software: dict[str, str]) -> None:
    """All files of section 7.4, the request, and what LoadGen said of itself."""
    for name, data in _said(spec).items():
        write_json_atomic(os.path.join(folder, name), data)
    if all(os.path.exists(os.path.join(folder, name)) for name in MET):
        return
    for name, data in _met(folder, spec, system, software).items():
        if not os.path.exists(path := os.path.join(folder, name)):
            write_json_atomic(path, data)
    if not os.path.exists(path := os.path.join(folder, README)):
        write_text_atomic(path, _readme(spec, system, software))


def _said(spec: RunSpec) -> dict[str, Any]:
    """What the user says of the run."""
    files: dict[str, Any] = {"measurements.json": measured(spec), "system_meta.json": dict(spec.system_fields)}
    if spec.official_model:
        files["model_mapping.json"] = {spec.model: spec.official_model}
    return files


def _met(folder: str, spec: RunSpec, system: dict[str, Any], software: dict[str, str]) -> dict[str, Any]:
    """What the run met."""
    values = {name: field["value"] for name, field in system.items()}
    return {
        "cpu_info.json": {k: v for k, v in values.items() if k.startswith("host_processor")},
        "os_info.json": {k: values[k] for k in ("operating_system", "machine")},
        "cm-host-info.json": {
            "os_version": platform.platform(),
            "os_version_sys": values["operating_system"],
            "cpu_version": str(values.get("host_processor_model_name", "")),
            "python_version": software.get("python", ""),
            "franca_version": __version__,
            "fields": system,
        },
        "pip_freeze.json": installed(Interpreter(spec.interpreter, tuple(spec.python_path))),
        "cm-version-info.json": [{i.name: {"script_tags": i.tags, "version": i.version}} for i in spec.ingredients],
        "request.json": msgspec.to_builtins(spec),
        "loadgen.json": loadgen_facts(folder),
    }


def loadgen_facts(folder: str) -> dict[str, Any]:
    """Version, build and SHA-1 of LoadGen's own files, as its log has them (section 20.4); empty without a log."""
    try:
        log = read_detail(os.path.join(folder, DETAIL))
    except MalformedFile:
        return {}
    files = log.get("loadgen_file_sha1")
    facts: dict[str, Any] = {name: str(log.get(key)) for name, key in _LOADGEN.items() if key in log}
    return {**facts, **({"files_sha1": files} if isinstance(files, dict) else {})}


def _readme(spec: RunSpec, system: dict[str, Any], software: dict[str, str]) -> str:
    """Host, command and versions, for whoever finds the folder."""
    host = ("host_processor_model_name", "host_memory_capacity", "operating_system")
    lines = [f"# {spec.model} on {spec.dataset_name}", "", "## Host", ""]
    lines += [f"- {name}: {system[name]['value']}" for name in host if name in system]
    lines += ["", "## Command", "", "```bash", spec.command or "# it was not recorded; request.json holds all inputs"]
    lines += ["```", "", "## Versions", ""]
    lines += [f"- {i.name}: {i.version or 'no version'}{f' (`{i.tags}`)' if i.tags else ''}" for i in spec.ingredients]
    lines += [f"- {name} {version}" for name, version in sorted(software.items())]
    return "\n".join([*lines, "", "All packages of the environment: pip_freeze.json.", ""])


def write_sut_info(folder: str, spec: RunSpec, software: dict[str, str]) -> None:
    """``cm-sut-info.json``, which stands once for all models of a system under test."""
    data = {
        "hardware_name": spec.hw_name,
        "implementation": spec.implementation,
        "device": spec.device,
        "framework": plain_name(spec.backend.name),
        "framework_version": f"v{runtime_version(spec.backend.name, software)}",
        "run_config": spec.run_config,
    }
    write_json_atomic(os.path.join(folder, "cm-sut-info.json"), data)
