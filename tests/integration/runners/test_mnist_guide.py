"""The cubes that need PyTorch in real containers, the MNIST guide word by word; offline, on small data."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cube.test_torch_cubes import CUBES, digits, python_with_torch, small_images
from tests.integration.runners.conftest import need

pytestmark = [pytest.mark.slow, pytest.mark.engine("docker")]
LIBRARIES = ("libstdc++.so.6", "libgcc_s.so.1", "libgomp.so.1")
PIP = "#!/usr/bin/python3\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"


@pytest.fixture(scope="module")
def root_with_torch(root_file_system: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The words of a ``tar`` that writes a root file system with PyTorch in its place for packages."""
    if not os.environ.get("FRANCA_TORCH_PYTHON"):
        pytest.skip("copies PyTorch into images, which takes minutes: name a Python with it, FRANCA_TORCH_PYTHON")
    python = python_with_torch()
    code = "import sys, torch, os; print(sys.version_info[:2] == (3, 11), os.path.dirname(torch.__path__[0]))"
    same, packages = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    if same != "True":
        pytest.skip("the image's Python is 3.11; PyTorch is installed for another one")
    root = tmp_path_factory.mktemp("root")
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
    yield ["tar", "-cf", "-", "--transform", place, *parts]
    shutil.rmtree(root)


def imported(words: list[str], *engine: str, environ: dict[str, str]) -> None:
    """Make ``python:3.11-slim`` have the packages that the Dockerfiles install, so that pip has nothing to do."""
    with subprocess.Popen(words, stdout=subprocess.PIPE) as tar:
        subprocess.run([*engine, "import", "-", "python:3.11-slim"], stdin=tar.stdout, check=True,
                       env={**os.environ, **environ}, stdout=subprocess.DEVNULL)  # fmt: skip


@pytest.fixture(scope="module")
def image_with_torch(docker: dict[str, str], root_with_torch: list[str]) -> None:
    imported(root_with_torch, "docker", environ=docker)


class Desk:
    """A copy of one of our cubes, and the ``mlcube`` command in it."""

    def __init__(self, name: str, docker: dict[str, str], home: Path) -> None:
        self.cube = home / name
        shutil.copytree(CUBES / name, self.cube)
        self.workspace = self.cube / "workspace"
        self.environ = {**os.environ, **docker, "HOME": str(home)}

    def mlcube(self, *words: str) -> None:
        command = [sys.executable, "-m", "franca.compat.mlcube_front", *words]
        subprocess.run(command, cwd=self.cube, env=self.environ, check=True)

    def mirror(self) -> None:
        """Small real digits in place of the published file, at the place where the container sees them."""
        digest = digits(self.workspace / "mirror.npz")
        (self.workspace / "data.yaml").write_text(f"uri: file:///mlcube_io0/mirror.npz\nhash: {digest}\n")


def check_mnist(workspace: Path) -> None:
    for made in ("data/mnist.npz", "logs/mlcube_mnist_download.log", "logs/mlcube_mnist_train.log"):
        assert (workspace / made).stat().st_size > 0
    assert json.loads((workspace / "model/mnist_model/metrics.json").read_text())["test_accuracy"] > 0.85


def test_the_guide_with_docker(image_with_torch: None, docker: dict[str, str], tmp_path: Path) -> None:
    desk = Desk("mnist", docker, tmp_path)
    desk.mirror()
    # There is no registry here: the guide's image is built in place of being pulled.
    desk.mlcube("configure", "--mlcube=.", "--platform=docker", "-Pdocker.build_strategy=auto")
    desk.mlcube("run", "--mlcube=.", "--platform=docker", "--task=download")
    desk.mlcube("run", "--mlcube=.", "--platform=docker", "--task=train")
    check_mnist(desk.workspace)


@pytest.mark.engine("podman")
def test_the_guide_with_podman(podman: tuple[str, ...], root_with_torch: list[str], tmp_path: Path) -> None:
    imported(root_with_torch, *podman, environ={})
    desk = Desk("mnist", {}, tmp_path)
    desk.mirror()
    engine = f"-Pdocker.docker={' '.join(podman)}"  # the store of this test, not the user's
    desk.mlcube("configure", "--mlcube=.", "--platform=podman", engine, "-Pdocker.build_strategy=auto")
    desk.mlcube("run", "--mlcube=.", "--platform=podman", "--task=download", engine)
    desk.mlcube("run", "--mlcube=.", "--platform=podman", "--task=train", engine)
    check_mnist(desk.workspace)


@pytest.mark.engine("apptainer")
def test_the_guide_with_singularity(image_with_torch: None, docker: dict[str, str], tmp_path: Path) -> None:
    need("apptainer")
    desk = Desk("mnist", {**docker, "APPTAINER_DROP_CAPS": "CAP_SYS_RESOURCE"}, tmp_path)
    desk.mirror()
    # The recipe starts from a registry, which a test cannot reach: from the engine's image of that name instead.
    recipe = (desk.cube / "Singularity.recipe").read_text()
    assert "Bootstrap: docker\n" in recipe
    (desk.cube / "Singularity.recipe").write_text(recipe.replace("Bootstrap: docker\n", "Bootstrap: docker-daemon\n"))
    # An image that is a directory needs no compression, and root no subordinate ids for --fakeroot.
    words = "-Psingularity.build_args=--sandbox"
    desk.mlcube("configure", "--mlcube=.", "--platform=singularity", words)
    desk.mlcube("run", "--mlcube=.", "--platform=singularity", "--task=download")
    desk.mlcube("run", "--mlcube=.", "--platform=singularity", "--task=train")
    check_mnist(desk.workspace)


def test_emdenoise_with_docker(image_with_torch: None, docker: dict[str, str], tmp_path: Path) -> None:
    desk = Desk("emdenoise", docker, tmp_path)
    small_images(desk.cube)
    desk.mlcube("run", "--mlcube=.", "--platform=docker", "--task=download,train", "--strict", "--user")
    metrics = json.loads((desk.workspace / "model/metrics.json").read_text())
    assert metrics["psnr_denoised_db"] > metrics["psnr_noisy_db"] + 5
