"""The published MNIST guide, word by word, in a real container; offline, on small real digits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.cube.test_torch_cubes import CUBES, digits, python_with_torch

pytestmark = [pytest.mark.slow, pytest.mark.engine("docker")]
LIBRARIES = ("libstdc++.so.6", "libgcc_s.so.1", "libgomp.so.1")
PIP = "#!/usr/bin/python3\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"


@pytest.fixture
def image_with_torch(docker: dict[str, str], root_file_system: Path, tmp_path: Path) -> None:
    """``python:3.11-slim`` with the packages that the guide's Dockerfile installs, so that pip has nothing to do."""
    python = python_with_torch()
    code = "import sys, torch, os; print(sys.version_info[:2] == (3, 11), os.path.dirname(torch.__path__[0]))"
    same, packages = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    if same != "True":
        pytest.skip("the image's Python is 3.11; PyTorch is installed for another one")
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["tar", "-C", str(root), "-xf", str(root_file_system)], check=True)
    for name in LIBRARIES:
        library = Path("/usr/lib/x86_64-linux-gnu") / name
        if library.exists():
            shutil.copy(library, root / "usr/lib/x86_64-linux-gnu" / name)
    (root / "usr/local/bin").mkdir(parents=True)
    (root / "usr/lib/python3.11/EXTERNALLY-MANAGED").unlink(missing_ok=True)
    (root / "usr/local/bin/pip").write_text(PIP)
    (root / "usr/local/bin/pip").chmod(0o755)
    place = "s,^site-packages,usr/local/lib/python3.11/dist-packages,"
    parts = ["-C", str(root), ".", "-C", str(Path(packages).parent), "site-packages"]
    words = ["tar", "-cf", "-", "--transform", place, *parts]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as tar:
        subprocess.run(["docker", "import", "-", "python:3.11-slim"], stdin=tar.stdout, check=True,
                       env={**os.environ, **docker}, stdout=subprocess.DEVNULL)  # fmt: skip


def test_the_guide_with_docker(image_with_torch: None, docker: dict[str, str], tmp_path: Path) -> None:
    cube = tmp_path / "mnist"
    shutil.copytree(CUBES / "mnist", cube)
    digest = digits(cube / "workspace" / "mirror.npz")
    (cube / "workspace/data.yaml").write_text(f"uri: file:///mlcube_io0/mirror.npz\nhash: {digest}\n")
    environ = {**os.environ, **docker, "HOME": str(tmp_path)}

    def mlcube(*words: str) -> None:
        subprocess.run([sys.executable, "-m", "franca.compat.mlcube_front", *words], cwd=cube, env=environ, check=True)

    mlcube("configure", "--mlcube=.", "--platform=docker", "-Pdocker.build_strategy=auto")  # there is no registry here
    mlcube("run", "--mlcube=.", "--platform=docker", "--task=download")
    mlcube("run", "--mlcube=.", "--platform=docker", "--task=train")
    workspace = cube / "workspace"
    for made in ("data/mnist.npz", "logs/mlcube_mnist_download.log", "logs/mlcube_mnist_train.log"):
        assert (workspace / made).stat().st_size > 0
    assert json.loads((workspace / "model/mnist_model/metrics.json").read_text())["test_accuracy"] > 0.88
