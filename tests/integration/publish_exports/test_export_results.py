"""Results handed to experiment trackers by their real clients, offline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RESULTS = {
    "schema": "franca-inference-result-1", "benchmark": "digits", "model": "mlp", "model_sha256": "a" * 64,
    "dataset": "digits", "dataset_sha256": "b" * 64, "samples": 64, "sut": "default-franca-cpu", "profile": "short",
    "note": "short run", "submission_grade": False, "round": "v5.0", "started": "2026-01-01T00:00:00Z",
    "finished": "2026-01-01T00:01:00Z", "command": "franca run x", "system": {"cpu": {"value": "two cores"}},
    "software": {"onnxruntime": "1.20"}, "ingredients": [], "settings": {}, "loadgen_seconds": 1.0,
    "franca_seconds": 1.0, "folder": "",
}  # fmt: skip
PERFORMANCE = {
    "metric": "early_stopping_latency_ss", "title": "90th-percentile latency", "unit": "ms", "value": 1.25,
    "samples_per_second": 800.0, "valid": True, "flags": [], "errors": [], "warnings": [], "queries": 1000,
    "samples": 1000, "duration_s": 1.5, "peak_memory_bytes": 1000,
    "latency": {"minimum": 1e6, "mean": 1.1e6, "maximum": 3e6, "percentiles": {"99.00": 2.5e6}},
    "power": {"watts": 40.0, "value": 60.0, "unit": "mJ/query", "samples_per_joule": 16.7},
}  # fmt: skip
ACCURACY = {
    "name": "top1", "value": 98.5, "good": 63, "total": 64, "line": "accuracy=98.5%", "equals_direct": True,
    "direct": 98.5,
}  # fmt: skip


@pytest.fixture
def results(tmp_path) -> Path:
    path = tmp_path / "results.json"
    scenarios = [
        {"scenario": "SingleStream", "performance": PERFORMANCE, "accuracy": ACCURACY},
        {"scenario": "Offline", "performance": None, "accuracy": ACCURACY},
    ]
    path.write_text(json.dumps({**RESULTS, "scenarios": scenarios}))
    return path


def franca(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own: both clients keep state for the rest of a process."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("WANDB", "MLFLOW"))}
    program = str(Path(sys.executable).parent / "franca")
    return subprocess.run(
        [program, *words], cwd=home, env={**environ, "HOME": str(home)}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


def test_mlflow_reads_back_what_was_exported(results, tmp_path, monkeypatch) -> None:
    mlflow = pytest.importorskip("mlflow")
    done = franca("export", str(results), "--to=mlflow", "--project=digits", "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    client = mlflow.MlflowClient(tracking_uri=Path(said["folder"]).as_uri())
    stream, offline = (client.get_run(run).data for run in said["runs"])
    assert client.get_experiment_by_name("digits") is not None
    assert stream.params["scenario"] == "SingleStream" and stream.params["software.onnxruntime"] == "1.20"
    assert stream.metrics["early_stopping_latency_ss _ms_"] == 1.25
    assert stream.metrics["latency p99 _ms_"] == 2.5
    assert stream.metrics["power _mJ/query_"] == 60.0
    assert stream.metrics["valid"] == 1.0
    assert offline.metrics == {"accuracy top1": 98.5, "accuracy passed": 1.0}
    again = json.loads(
        franca("export", str(results), "--to=mlflow", "--project=digits", "--json", home=tmp_path).stdout
    )
    assert len({*said["runs"], *again["runs"]}) == 4  # an export adds runs and replaces none


def test_weights_and_biases_keeps_offline_runs_without_anything_of_the_machine(results, tmp_path) -> None:
    pytest.importorskip("wandb")
    done = franca("export", str(results), "--to=wandb", "--project=digits", "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    runs = [Path(run) for run in json.loads(done.stdout)["runs"]]
    assert len(runs) == 2
    for run in runs:
        assert run.name.startswith("offline-run-")
        record = b"".join(path.read_bytes() for path in run.glob("*.wandb"))
        assert b"early_stopping_latency_ss" in record or b"accuracy top1" in record
        assert not list(run.rglob("requirements.txt"))
        host = os.uname().nodename.encode()
        assert bytes([len(host)]) + host not in record  # as text is written there: its length, then its bytes
        assert str(Path(sys.executable)).encode() not in record


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--to=mlflow"], "needs a results file"),
        (["RESULTS"], "expected one of wandb, mlflow"),
        (["RESULTS", "--to=tensorboard"], "wandb, mlflow"),
        (["missing.json", "--to=mlflow"], "missing.json"),
    ],
)
def test_a_mistake_is_named(results, tmp_path, words, message) -> None:
    done = franca("export", *(str(results) if word == "RESULTS" else word for word in words), home=tmp_path)
    assert done.returncode not in (0, 70)
    assert message in done.stderr and "Traceback" not in done.stderr


def test_a_server_that_is_not_there_is_named(results, tmp_path) -> None:
    pytest.importorskip("mlflow")
    environ = os.environ | {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    program = str(Path(sys.executable).parent / "franca")
    done = subprocess.run(
        [program, "export", str(results), "--to=mlflow", "--tracking=http://127.0.0.1:9"], cwd=tmp_path,
        env={**environ, "HOME": str(tmp_path)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "MLflow refused the export" in done.stderr and "Traceback" not in done.stderr
