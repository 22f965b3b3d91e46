"""Results as the harness leaves them, made of the logs of a real tree, so that trees are built without a run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from franca.mlperf.submission.build import BuildOptions
from tests.unit.submission.submission_trees import DATA, OFFLINE

SUT, MODEL = "box-franca-cpu-onnxruntime-v1.31.0-default_config", "resnet50"
STATED = {
    "input_data_types": "fp32",
    "retraining": "no",
    "starting_weights_filename": "resnet50_v1.onnx",
    "weight_data_types": "fp32",
    "weight_transformations": "none",
}
FACTS = {
    "host_processor_model_name": {"value": "A CPU", "source": "detected"},
    "host_memory_configuration": {"value": "8 x 32 GiB", "source": "detected"},
    "host_storage_capacity": {"value": "1000 GB", "source": "detected"},
}


def write_results(
    folder: Path,
    *,
    record: dict[str, Any] | None = None,
    stated: dict[str, str] | None = None,
    scenario: str = "offline",
    model: str = MODEL,
) -> Path:
    """One scenario of one model below ``folder``; returns the folder of its performance run.

    Args:
        record: fields of ``results.json`` beside the system's. stated: fields of ``measurements.json`` that differ.
    """
    place = folder / "valid_results" / SUT / model
    run = place / scenario / "performance" / "run_1"
    shutil.copytree(DATA / "v3.0" / OFFLINE / "performance" / "run_1", run)
    (run / "user.conf").write_text("*.Offline.target_qps = 100\n", "utf-8")
    (run / "measurements.json").write_text(json.dumps({**STATED, **(stated or {})}), "utf-8")
    content = {"system": FACTS, "software": {"python": "3.11.2"}, **(record or {})}
    (place / "results.json").write_text(json.dumps(content), "utf-8")
    info = {"hardware_name": "box", "implementation": "franca", "framework": "onnxruntime", "framework_version": "v1"}
    (place.parent / "cm-sut-info.json").write_text(json.dumps(info), "utf-8")
    return run


def build_options(results: Path, target: Path, **changes: Any) -> BuildOptions:
    given = {"results_dir": str(results), "submission_dir": str(target), "submitter": "Acme", "round": "v5.0"}
    return BuildOptions(**{**given, **changes})


def system_of(target: Path) -> dict[str, str]:
    """The one system description of a tree."""
    (path,) = target.glob("*/Acme/systems/*.json")
    fields: dict[str, str] = json.loads(path.read_text("utf-8"))
    return fields
