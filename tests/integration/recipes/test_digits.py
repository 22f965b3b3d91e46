"""The data set and the model, made by the recipes' own programs with the packages of the test environment."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.mlperf_native.native_digits import make_digits
from tests.shared import shared

pytest.importorskip("sklearn")
pytest.importorskip("onnx")
RECIPES = Path(__file__).resolve().parents[3] / "recipes" / "script"


def program(script: str, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    argv = [sys.executable, "-B", str(RECIPES / script / name), *words]
    return subprocess.run(argv, capture_output=True, text=True, env=environ, check=False)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set, and in ``model`` the perceptron."""
    return shared(tmp_path_factory, "digits", make_digits)


def test_parts_are_disjoint_complete_and_balanced(digits: Path) -> None:
    import numpy as np
    from sklearn.datasets import load_digits

    train, labels = np.load(digits / "train-images.npy"), np.load(digits / "train-labels.npy")
    holdout, held = np.load(digits / "holdout-images.npy"), np.load(digits / "holdout-labels.npy")
    assert train.dtype == holdout.dtype == np.float32 and labels.dtype == held.dtype == np.int64
    assert train.shape == (896, 8, 8) and holdout.shape == (901, 8, 8)
    together = sorted(image.tobytes() for image in np.concatenate([train, holdout]))
    assert together == sorted(image.tobytes() for image in load_digits().images.astype(np.float32))
    counts = np.abs(np.bincount(labels) - np.bincount(held))
    assert counts.max() <= 1


def test_manifest_tells_the_truth(digits: Path) -> None:
    manifest = json.loads((digits / "manifest.json").read_text())
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((digits / name).read_bytes()).hexdigest() == digest
    assert (manifest["train_count"], manifest["holdout_count"]) == (896, 901)


def test_other_data_is_refused(tmp_path: Path) -> None:
    expected = tmp_path / "digests.txt"
    expected.write_text("0" * 64 + "  train-images.npy\n")
    done = program("get-dataset-digits", "make_digits.py", str(tmp_path), str(expected))
    assert done.returncode == 1
    assert "train-images.npy: sha256 is" in done.stderr


def train(digits: Path, out: Path, kind: str, target: float) -> subprocess.CompletedProcess[str]:
    out.mkdir()
    words = ("--kind", kind, "--data", str(digits), "--out", str(out), "--target", str(target))
    return program("get-ml-model-digits", "train.py", *words)


@pytest.mark.parametrize(("kind", "shape"), [("mlp", (64,)), ("cnn", (1, 8, 8))])
def test_model_meets_its_target_and_card_agrees_with_it(
    digits: Path, tmp_path: Path, kind: str, shape: tuple[int, ...]
) -> None:
    pytest.importorskip("torch" if kind == "cnn" else "sklearn")
    import numpy as np
    import onnxruntime

    made = digits / "model"
    if kind == "cnn":
        made = tmp_path / "m"
        done = train(digits, made, kind, 96.5)
        assert done.returncode == 0, done.stderr
    card = json.loads((made / "model-card.json").read_text())
    path = made / card["file"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == card["sha256"]
    parts = [f"{part}-{what}.npy" for part in ("train", "holdout") for what in ("images", "labels")]
    assert card["data_sha256"] == {name: hashlib.sha256((digits / name).read_bytes()).hexdigest() for name in parts}
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    images, labels = np.load(digits / "holdout-images.npy"), np.load(digits / "holdout-labels.npy")
    logits = session.run(["logits"], {"input": images.reshape(-1, *shape)})[0]
    accuracy = 100 * float((logits.argmax(1) == labels).mean())
    assert accuracy == pytest.approx(card["holdout_accuracy"], abs=1e-3)
    assert accuracy >= 96.5


def test_training_fails_under_its_target(digits: Path, tmp_path: Path) -> None:
    import numpy as np

    for name in ("train-images", "train-labels", "holdout-images", "holdout-labels"):
        np.save(tmp_path / f"{name}.npy", np.load(digits / f"{name}.npy")[:100])
    done = train(tmp_path, tmp_path / "m", "mlp", 100.0)
    assert done.returncode == 1
    assert "misses its target" in done.stderr
