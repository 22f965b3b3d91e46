"""The example cubes that need nothing but Python, built and run by real engines, with the metric that they state.

No registry can be reached from a test, so base images are made on the spot: Docker and Podman get
``python:3.11-slim`` imported; for Apptainer it is pushed to a registry on this machine, and the one line of a
recipe that names it gets that host in front.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.cube.checks import check_getting_started, check_hello_world, check_matmul
from tests.integration.runners.conftest import IMAGE, need

CUBES = Path(__file__).resolve().parents[3] / "recipes" / "cube"
TASKS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "hello_world": ("hello,bye", check_hello_world),
    "matmul": ("matmul", check_matmul),
    "getting-started": ("download_data,preprocess_data,train", check_getting_started),
}


def run(name: str, root: Path, environ: dict[str, str], *words: str) -> None:
    """All tasks of a copy of the cube, then the check of what they made."""
    cube = root / "the cube" / name
    if not cube.exists():
        shutil.copytree(CUBES / name, cube, ignore=shutil.ignore_patterns("__pycache__"))
    tasks, check = TASKS[name]
    done = subprocess.run(
        [sys.executable, "-m", "franca.compat.mlcube_front", "run", "--strict", f"--task={tasks}", *words], cwd=cube,
        env={**os.environ, "HOME": str(root), **environ}, text=True, capture_output=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    check(cube / "workspace")


@pytest.mark.engine("docker")
@pytest.mark.parametrize("name", TASKS)
def test_docker(name: str, docker: dict[str, str], tmp_path: Path) -> None:
    run(name, tmp_path, docker)


@pytest.mark.engine("podman")
@pytest.mark.parametrize("name", TASKS)
def test_podman(name: str, podman: tuple[str, ...], tmp_path: Path) -> None:
    run(name, tmp_path, {}, "--platform=podman", f"-Pdocker.docker={' '.join(podman)}", "--user")


@pytest.fixture(scope="module")
def base_image(registry: str, docker: dict[str, str]) -> str:
    """The name of ``python:3.11-slim`` in the registry."""
    name = f"{registry}/library/{IMAGE}"
    for words in (["tag", IMAGE, name], ["push", name]):
        subprocess.run(["docker", *words], env={**os.environ, **docker}, capture_output=True, check=True)
    return name


@pytest.mark.engine("apptainer")
@pytest.mark.parametrize("name", ["hello_world", "matmul"])
def test_apptainer_builds_the_recipe(name: str, base_image: str, tmp_path: Path) -> None:
    need("apptainer")
    cube = tmp_path / "the cube" / name
    shutil.copytree(CUBES / name, cube)
    recipe = (cube / "Singularity.recipe").read_text()
    assert f"\nFrom: {IMAGE}\n" in recipe
    (cube / "Singularity.recipe").write_text(recipe.replace(f"From: {IMAGE}", f"From: {base_image}"))
    environ = {"APPTAINER_NOHTTPS": "1", "APPTAINER_DROP_CAPS": "CAP_SYS_RESOURCE"}
    # root has no subordinate ids here, which --fakeroot wants; an image that is a directory needs no compression
    run(name, tmp_path, environ, "--platform=singularity", "-Psingularity.build_args=--sandbox")
