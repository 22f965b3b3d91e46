"""A closed submission of v6.1 whose results are of the service form, made up, and ways to damage it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from franca.mlperf.submission.fields import REQUIRED, REQUIRED_LATER

SUBMITTER = "closed/Acme"
RESULTS = f"{SUBMITTER}/results/box"
SEEDS = {"dataloader_random_seed": 2747215439041700203, "scheduler_random_seed": 16159082839903944936}
SAMPLES = {
    "llama3.1-8b": 13368,
    "llama3.1-8b-edge": 5000,
    "qwen3-vl-235b-a22b": 48289,
    "qwen3.6-27b": 995,
    "gpt-oss-120b": 4395,
    "wan-2.2-t2v-a14b": 248,
}
SCORES: dict[str, Any] = {
    "llama3.1-8b": {"rouge1": 38.8, "rouge2": 15.9, "rougeL": 24.5, "rougeLsum": 35.8, "gen_len": 8167644},
    "llama3.1-8b-edge": {"rouge1": 39.0, "rouge2": 16.1, "rougeL": 24.6, "rougeLsum": 36.0, "gen_len": 3051113},
    "qwen3-vl-235b-a22b": 0.79,
    "qwen3.6-27b": 85.4,
    "gpt-oss-120b": 83.1,
    "wan-2.2-t2v-a14b": 70.1,
}


def percentiles(base: float) -> dict[str, Any]:
    """Nanoseconds; the 99th is twice the median."""
    found = {"50.0": base, "90.0": base * 1.5, "95.0": base * 1.8, "99.0": base * 2, "99.9": base * 2.5}
    return {"min": base / 2, "max": base * 3, "avg": base * 1.1, "early_stopping_percentiles": found}


def config(kind: str) -> dict[str, Any]:
    return {
        "version": "1.0",
        "type": kind,
        "settings": {
            "runtime": {"min_duration_ms": 600_000, "n_samples_to_issue": 20_000, **SEEDS},
            "load_pattern": {"type": "poisson", "target_qps": 33.0},
        },
    }


def summary(count: int = 20_000, seconds: float = 610.0) -> dict[str, Any]:
    return {
        "git_sha": "0123456789abcdef",
        "test_started_at": "2026-06-01T10:00:00Z",
        "n_samples_issued": count,
        "n_samples_completed": count,
        "n_samples_failed": 0,
        "duration_ns": int(seconds * 1e9),
        "qps": count / seconds,
        "tps": count * 130 / seconds,
        "latency": percentiles(500e6),
        "ttft": percentiles(100e6),
        "tpot": percentiles(10e6),
        "output_sequence_lengths": {"min": 2, "max": 4000, "avg": 1278.2},
    }


def accuracy(model: str, count: int) -> dict[str, Any]:
    return {
        "n_samples_failed": 0,
        "accuracy_scores": [{"dataset_type": "accuracy", "total_samples": count, "score": SCORES[model]}],
    }


def add_result(root: Path, model: str, scenario: str, kind: str = "") -> Path:
    place = root / RESULTS / model / scenario
    for folder in ("performance", "accuracy"):
        (place / folder).mkdir(parents=True)
    written = kind or ("offline" if scenario == "Offline" else "online")
    (place / "config.yaml").write_text(yaml.safe_dump(config(written)), "utf-8")
    (place / "performance/result_summary.json").write_text(json.dumps(summary()), "utf-8")
    (place / "accuracy/accuracy_results.json").write_text(json.dumps(accuracy(model, SAMPLES[model])))
    fields = ("input_data_types", "retraining", "starting_weights_filename", "weight_data_types")
    (place / "measurements.json").write_text(json.dumps(dict.fromkeys((*fields, "weight_transformations"), "fp16")))
    (place / "README.md").write_text("how it was run\n", "utf-8")
    source = root / SUBMITTER / "src" / model
    source.mkdir(parents=True, exist_ok=True)
    (source / "README.md").write_text("code\n", "utf-8")
    return place


def service_tree(root: Path) -> Path:
    """Two benchmarks: a language model judged by tokens, and one judged by latency and score."""
    add_result(root, "llama3.1-8b", "Offline")
    add_result(root, "llama3.1-8b", "Server")
    add_result(root, "llama3.1-8b", "Interactive")
    add_result(root, "qwen3-vl-235b-a22b", "Offline")
    add_result(root, "qwen3-vl-235b-a22b", "Server")
    fields = dict.fromkeys((*REQUIRED, *REQUIRED_LATER), "N/A")
    fields |= {"division": "closed", "submitter": "Acme", "status": "available", "system_type": "datacenter"}
    fields |= {"system_name": "Box", "number_of_nodes": "1", "accelerators_per_node": "8"}
    (root / SUBMITTER / "systems").mkdir()
    (root / SUBMITTER / "systems/box.json").write_text(json.dumps(fields), "utf-8")
    (root / SUBMITTER / "calibration.md").write_text("none\n", "utf-8")
    return root


def change(path: Path, *keys: str, to: object) -> None:
    """Set a value in a JSON or YAML file by its place; None removes it."""
    text = path.read_text("utf-8")
    raw = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    node = raw
    for key in keys[:-1]:
        node = node[int(key)] if isinstance(node, list) else node[key]
    if to is None:
        del node[keys[-1]]
    else:
        node[keys[-1]] = to
    path.write_text(json.dumps(raw) if path.suffix == ".json" else yaml.safe_dump(raw), "utf-8")
