"""Images from a real registry: pulled by ``configure``, described without a pull, turned into an image file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.runners.conftest import IMAGE, need

CUBES = Path(__file__).resolve().parents[3] / "recipes" / "cube"


@pytest.fixture(scope="module")
def published(registry: str, docker: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image of hello_world, pushed; the engine itself no longer has it."""
    name = f"{registry}/franca/hello:1"
    cube = tmp_path_factory.mktemp("hello") / "hello_world"
    shutil.copytree(CUBES / "hello_world", cube)
    for words in (["build", "-t", name, str(cube)], ["push", name], ["rmi", name]):
        done = subprocess.run(["docker", *words], env={**os.environ, **docker}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return name


class Desk:
    """A copy of hello_world and the ``mlcube`` command in it."""

    def __init__(self, root: Path, docker: dict[str, str]) -> None:
        self.cube = root / "hello_world"
        shutil.copytree(CUBES / "hello_world", self.cube)
        self.environ = {**os.environ, **docker, "HOME": str(root), "APPTAINER_DROP_CAPS": "CAP_SYS_RESOURCE"}

    def mlcube(self, *words: str) -> str:
        done = self.types(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *words: str) -> str:
        """What a command says that must not work."""
        done = self.types(*words)
        assert (done.returncode, done.stdout) == (1, ""), done.stdout + done.stderr
        return done.stderr

    def types(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "franca.compat.mlcube_front", *words], cwd=self.cube, env=self.environ, text=True,
            capture_output=True, timeout=300,
        )  # fmt: skip

    def greetings(self) -> list[str]:
        return (self.cube / "workspace/chats/chat_with_alice.txt").read_text().splitlines()


@pytest.fixture
def desk(tmp_path: Path, docker: dict[str, str]) -> Desk:
    return Desk(tmp_path, docker)


@pytest.mark.engine("docker")
def test_configure_pulls_what_inspect_described_before(published: str, desk: Desk) -> None:
    image = f"-Pdocker.image={published}"
    subprocess.run(["docker", "rmi", "--force", published], env=desk.environ, capture_output=True, check=True)
    pull = (image, "-Pdocker.build_strategy=pull")
    assert published in desk.refused("inspect", image)  # not here, and nobody said --remote
    remote = json.loads(desk.mlcube("inspect", "--remote", image))
    desk.mlcube("configure", *pull)
    local = json.loads(desk.mlcube("inspect", image))
    assert (local["hash"], local["repo_digest"]) == (remote["hash"], remote["repo_digest"])
    assert local["repo_digest"].startswith(published.rpartition(":")[0] + "@sha256:")
    desk.mlcube("run", "--task=hello", *pull)
    assert len(desk.greetings()) == 1


@pytest.mark.engine("docker")
def test_an_image_that_is_gone_is_pulled_again(published: str, desk: Desk, docker: dict[str, str]) -> None:
    """``--user`` does not ask for an image that was there at the last run; a removed one is noticed all the same."""
    words = ("run", "--user", "--task=hello", f"-Pdocker.image={published}", "-Pdocker.build_strategy=pull")
    desk.mlcube(*words)
    assert "--pull=never" in desk.mlcube(*words, "--dry-run")
    removed = ["docker", "rmi", "--force", published]
    subprocess.run(removed, env={**os.environ, **docker}, capture_output=True, check=True)
    desk.mlcube(*words)
    desk.mlcube(*words)
    assert len(desk.greetings()) == 3


@pytest.mark.engine("docker")
def test_the_guides_commands_pull_from_the_hub(
    registry: str, hub: dict[str, str], published: str, docker: dict[str, str], desk: Desk
) -> None:
    """``configure``, then ``run``, with a name as the guides have it; the cube's Dockerfile is not used."""
    for words in (["pull", published], ["tag", published, f"{registry}/franca/hello_world:0.1.0"],
                  ["push", f"{registry}/franca/hello_world:0.1.0"]):  # fmt: skip
        subprocess.run(["docker", *words], env={**os.environ, **docker}, capture_output=True, check=True)
    text = (desk.cube / "mlcube.yaml").read_text()
    (desk.cube / "mlcube.yaml").write_text(text.replace(", build_strategy: auto", ""))
    desk.environ.update(hub)
    desk.mlcube("configure", "--mlcube=.", "--platform=docker")
    desk.mlcube("run", "--mlcube=.", "--platform=docker", "--task=hello")
    assert len(desk.greetings()) == 1


@pytest.mark.engine("docker")
def test_names_that_the_registry_does_not_know(registry: str, desk: Desk) -> None:
    said = desk.refused("inspect", "--remote", f"-Pdocker.image={registry}/franca/none:1")
    assert f"{registry}/franca/none:1 is not in its registry" in said
    assert "check the image's name and tag" in said


@pytest.mark.engine("apptainer")
def test_an_image_file_is_made_from_the_docker_image_of_a_cube(published: str, desk: Desk) -> None:
    """A cube without a singularity section (MLCube spec, section 8): ``build ... docker://IMAGE``."""
    need("apptainer")
    desk.environ["APPTAINER_NOHTTPS"] = "1"
    (desk.cube / "Singularity.recipe").unlink()
    text = (desk.cube / "mlcube.yaml").read_text().splitlines()
    (desk.cube / "mlcube.yaml").write_text("\n".join(line for line in text if "singularity" not in line) + "\n")
    image = f"-Pdocker.image={published}"
    words = (image, "--platform=singularity", "-Psingularity.build_args=--sandbox")
    desk.mlcube("run", "--task=hello", *words)
    assert len(desk.greetings()) == 1
    docker = json.loads(desk.mlcube("inspect", "--remote", image))
    assert json.loads(desk.mlcube("inspect", *words))["hash"] == docker["hash"]


def test_the_image_is_the_one_that_the_cubes_start_from() -> None:
    assert f"FROM {IMAGE}" in (CUBES / "hello_world" / "Dockerfile").read_text()
