"""The cubes that need PyTorch, natively and offline; each reaches its metric on small data."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CUBES = Path(__file__).resolve().parents[3] / "recipes" / "cube"
pytestmark = pytest.mark.slow


def python_with_torch() -> str:
    """``FRANCA_TORCH_PYTHON``, or this interpreter; skips when neither has PyTorch."""
    python = os.environ.get("FRANCA_TORCH_PYTHON", sys.executable)
    probe = subprocess.run([python, "-c", "import torch, yaml"], capture_output=True, text=True)
    if probe.returncode:
        pytest.skip(f"{python} has no PyTorch: {probe.stderr.strip().splitlines()[-1]}")
    return python


def run(cube: Path, home: Path, task: str, *words: str) -> None:
    python = python_with_torch()
    given = [f"-Pnative.python={python}", "-Pnative.requirements=''", f"--task={task}", *words]
    subprocess.run(
        [sys.executable, "-m", "franca.compat.mlcube_front", "run", "--platform=native", "--strict", *given], cwd=cube,
        env={"HOME": str(home), "PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"}, check=True,
    )  # fmt: skip


def digits(path: Path) -> str:
    """Real handwritten digits (1797 images of 8x8, UCI) in MNIST's layout; returns the file's sha256."""
    numpy = pytest.importorskip("numpy")
    load_digits = pytest.importorskip("sklearn.datasets").load_digits
    found = load_digits()
    images = numpy.zeros((len(found.images), 28, 28), "uint8")
    images[:, 2:26, 2:26] = numpy.kron(found.images * 15.9, numpy.ones((3, 3))).astype("uint8")
    labels = found.target.astype("uint8")
    numpy.savez(path, x_train=images[:1400], y_train=labels[:1400], x_test=images[1400:], y_test=labels[1400:])
    return hashlib.sha256(path.read_bytes()).hexdigest()


def small_images(cube: Path) -> None:
    """Fewer and smaller images, and a smaller network, than the cube's own parameters ask for."""
    parameters = cube / "workspace/parameters/default.parameters.yaml"
    text = parameters.read_text().replace("images: 64", "images: 32").replace("size: 64", "size: 32")
    parameters.write_text(text.replace("filters: 24", "filters: 12"))


def test_mnist_as_its_guide_says(tmp_path: Path) -> None:
    cube = tmp_path / "mnist"
    shutil.copytree(CUBES / "mnist", cube)
    digest = digits(tmp_path / "mirror.npz")
    (cube / "workspace/data.yaml").write_text(f"uri: file://{tmp_path}/mirror.npz\nhash: {digest}\n")
    run(cube, tmp_path, "download")
    run(cube, tmp_path, "train")
    made = {str(p.relative_to(cube / "workspace")) for p in (cube / "workspace").rglob("*") if p.is_file()}
    assert {"data/mnist.npz", "logs/mlcube_mnist_download.log", "logs/mlcube_mnist_train.log"} <= made
    metrics = json.loads((cube / "workspace/model/mnist_model/metrics.json").read_text())
    assert metrics["test_accuracy"] > 0.85
    assert (metrics["optimizer"], metrics["train_epochs"], metrics["batch_size"]) == ("adam", 5, 32)


def test_mnist_refuses_other_data_than_promised(tmp_path: Path) -> None:
    cube = tmp_path / "mnist"
    shutil.copytree(CUBES / "mnist", cube)
    (tmp_path / "other.npz").write_bytes(b"not the digits")
    (cube / "workspace/data.yaml").write_text(f"uri: file://{tmp_path}/other.npz\nhash: {'0' * 64}\n")
    with pytest.raises(subprocess.CalledProcessError):
        run(cube, tmp_path, "download")
    assert not list((cube / "workspace/data").iterdir())


def test_emdenoise_removes_noise(tmp_path: Path) -> None:
    cube = tmp_path / "emdenoise"
    shutil.copytree(CUBES / "emdenoise", cube)
    small_images(cube)
    run(cube, tmp_path, "download,train")
    metrics = json.loads((cube / "workspace/model/metrics.json").read_text())
    assert metrics["psnr_noisy_db"] == pytest.approx(10.5, abs=1.0)
    assert metrics["psnr_denoised_db"] > metrics["psnr_noisy_db"] + 5
