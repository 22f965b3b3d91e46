"""Names, tags and tasks of the experiments that results go into (mlperf-inference 14.5; EX-92)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TASKS = (
    ("resnet", "image-classification"),
    ("mobilenet", "image-classification"),
    ("efficientnet", "image-classification"),
    ("retinanet", "object-detection"),
    ("ssd-", "object-detection"),
    ("yolo", "object-detection"),
    ("pointpainting", "3d-object-detection"),
    ("rnnt", "speech-recognition"),
    ("whisper", "speech-recognition"),
    ("bert", "language-processing"),
    ("gpt", "language-processing"),
    ("llama", "language-processing"),
    ("mixtral", "language-processing"),
    ("deepseek", "language-processing"),
    ("dlrm", "recommendation"),
    ("3d-unet", "image-segmentation"),
    ("stable-diffusion", "text-to-image"),
    ("rgat", "graph-neural-network"),
    ("wan-", "text-to-video"),
)
"""Beginnings of benchmark names and their tasks."""


def task_of(model: str) -> str:
    """The task of a benchmark; the benchmark itself when it is of no known task."""
    return next((task for start, task in TASKS if model.startswith(start)), model)


def experiment_name(row: Mapping[str, Any], era: str, *, power: bool = False) -> str:
    """`mlperf-inference--<era>--<category>--<division>--<task>--<scenario>`; `era` is `all` or a round."""
    division = str(row.get("Division", ""))
    division = "closed-network" if division == "network" else division
    if power:
        division += "-power"
    category = str(row.get("SystemType", "")).split(",")[0].strip()
    task = task_of(str(row.get("MlperfModel") or row.get("Model") or ""))
    parts = ("mlperf-inference", era, category, division, task, str(row.get("Scenario", "")).lower())
    return "--".join(_word(part) for part in parts)


def _word(text: str) -> str:
    """A part of a name that is a folder: what a folder cannot hold becomes a hyphen."""
    kept = "".join(c if c.isalnum() or c in "._+-" else "-" for c in text).strip("-. ")
    return kept or "unknown"


def tags_of(name: str) -> tuple[str, ...]:
    """The name split, with `mlperf` first."""
    return ("mlperf", *name.split("--"))


def eras_of(row: Mapping[str, Any], *, power: bool = False) -> tuple[str, str]:
    """The two experiments of a row: that of all rounds and that of its own."""
    era = str(row.get("version") or "unknown")
    return experiment_name(row, "all", power=power), experiment_name(row, era, power=power)
