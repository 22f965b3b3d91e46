"""A tiny real benchmark: a linear model over random pictures, and requests for it. Real LoadGen throughout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.mlperf_inference.inference_cases import COUNT, request_data
from tests.integration.needs import BENCHMARK, missing_modules, skip_below

HERE = Path(__file__).resolve().parent
SRC = HERE.parents[2] / "src"
SHORT_CONF = """*.*.min_duration = 200
*.*.min_query_count = 100
*.MultiStream.min_query_count = 700
*.Server.target_latency = 2000
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip_below(HERE, items, missing_modules(BENCHMARK))


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Model, data and a short user.conf. Labels are the answers of numpy for four samples in five."""
    return write_parts(tmp_path_factory.mktemp("parts"), COUNT)


@pytest.fixture(scope="session")
def large_parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with 1024 samples, the least that checkers take for image classification."""
    return write_parts(tmp_path_factory.mktemp("large"), 1024)


def write_parts(folder: Path, count: int) -> Path:
    import numpy as np

    from franca.mlperf.inference.onnxwrite import Node, Port, Tensor, model

    rng = np.random.default_rng(1)
    images = rng.integers(0, 17, (count, 8, 8)).astype(np.float32)
    weights = rng.normal(size=(64, 10)).astype(np.float32)
    labels = (images.reshape(-1, 64) @ weights).argmax(axis=1)
    labels[::5] = (labels[::5] + 1) % 10
    np.save(folder / "holdout-images.npy", images)
    np.save(folder / "holdout-labels.npy", labels.astype(np.int64))
    bias = Tensor("b", [10], np.zeros(10, dtype="<f4").tobytes())
    gemm = Node("Gemm", ["input", "w", "b"], ["logits"])
    raw = model(
        [gemm], [Tensor("w", [64, 10], weights.tobytes()), bias], Port("input", ["N", 64]), Port("logits", ["N", 10])
    )
    (folder / "model.onnx").write_bytes(raw)
    (folder / "user.conf").write_text(SHORT_CONF, "utf-8")
    return folder


Request = Callable[..., dict]


@pytest.fixture
def request_for(parts: Path, tmp_path: Path) -> Request:
    """A request as a dictionary; keywords replace fields."""

    def make(**changes) -> dict:
        return request_data(parts, **{"output": tmp_path / "results", **changes})

    return make


@pytest.fixture
def command(tmp_path: Path) -> Callable[[dict], list[str]]:
    """The command line for a request, written to a file of its own."""

    def make(data: dict) -> list[str]:
        path = tmp_path / "spec.json"
        path.write_text(json.dumps(data), "utf-8")
        return [sys.executable, "-m", "franca.mlperf.inference.run", "--spec", str(path)]

    return make


@pytest.fixture
def environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SRC)}


@pytest.fixture
def run_command(command, environ) -> Callable[[dict], subprocess.CompletedProcess[str]]:
    def go(data: dict) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command(data), capture_output=True, text=True, env=environ, timeout=120)

    return go
