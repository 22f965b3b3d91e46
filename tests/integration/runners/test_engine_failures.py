"""Engines that are missing, stopped, full or unwilling: one line that names the cause, and the next step."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.runners.conftest import IMAGE, free_ports, need, script

CUBE = """name: c
docker: {image: '%s', build_strategy: auto}
tasks: {t: {entrypoint: 'true'}}
"""


class Home:
    """A cube in a directory, and the ``mlcube`` command with an environment of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environ = {"HOME": str(root), "PATH": os.environ["PATH"]}

    def fails(self, *words: str, status: int | None = None) -> list[str]:
        """What the command itself says on stderr: the lines of its one message."""
        done = subprocess.run(
            [sys.executable, "-m", "franca.compat.mlcube_front", *words], cwd=self.root, env=self.environ, text=True,
            capture_output=True, timeout=120,
        )  # fmt: skip
        assert done.returncode != 0
        assert status in (None, done.returncode), done.stderr
        assert "Traceback" not in done.stderr
        lines = done.stderr.splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("mlcube: ") and "warning" not in line)
        return lines[start:]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "mlcube.yaml").write_text(CUBE % IMAGE)
    return Home(tmp_path)


@pytest.fixture
def small_disk(engines_directory: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    place = engines_directory / "f"
    place.mkdir(exist_ok=True)
    if os.getuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(place)]).returncode:
        pytest.skip("this user cannot mount a small file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize(
    ("platform", "program", "advice"),
    [
        ("docker", "docker", "--platform=native"),
        ("podman", "podman", "--platform=native"),
        ("singularity", "singularity", "--platform=native"),
        ("apptainer", "apptainer", "--platform=native"),
        ("slurm+docker", "srun", "--platform=native"),
        ("k8s", "kubectl", "install kubectl"),
    ],
)
def test_a_missing_engine(home: Home, platform: str, program: str, advice: str) -> None:
    empty = home.root / "bin"
    empty.mkdir()
    for name in ("test", "mkdir"):
        (empty / name).symlink_to(shutil.which(name) or f"/usr/bin/{name}")
    home.environ["PATH"] = str(empty)
    message, step = home.fails("run", f"--platform={platform}", status=127)
    assert f"{program}: not found" in message
    assert advice in step


@pytest.mark.engine("docker")
@pytest.mark.parametrize("command", ["run", "configure"])
def test_a_stopped_daemon(home: Home, engines_directory: Path, command: str) -> None:
    need("docker", "dockerd", "runc")
    directory = engines_directory / f"stopped-{command}"
    script("docker.sh", "start", str(directory))
    script("docker.sh", "stop", str(directory))
    home.environ["DOCKER_HOST"] = f"unix://{directory}/docker.sock"
    (home.root / "Dockerfile").write_text("FROM scratch\n")
    message, step = home.fails(command)
    assert "Cannot connect to the Docker daemon" in message
    assert "start the engine" in step


@pytest.mark.engine("docker")
def test_a_daemon_whose_disk_is_full(home: Home, small_disk: Path) -> None:
    need("docker", "dockerd", "runc")
    script("docker.sh", "start", str(small_disk))
    try:
        home.environ["DOCKER_HOST"] = f"unix://{small_disk}/docker.sock"
        home.environ["DOCKER_BUILDKIT"] = "0"
        context = home.root / "context"
        context.mkdir()
        (context / "Dockerfile").write_text("FROM scratch\nCOPY big /\n")
        with open(context / "big", "wb") as file:
            file.truncate(64 << 20)
        message, step = home.fails("configure", "-Pdocker.image=big:1", "-Pdocker.build_context=context")
    finally:
        script("docker.sh", "stop", str(small_disk))
    assert "no space left on device" in message.lower()
    assert "free disk space" in step


@pytest.mark.engine("docker")
@pytest.mark.parametrize(
    ("words", "cause", "advice"),
    [
        (["--memory=1k"], "memory limit", "--memory"),
        (["--gpus=all"], "device driver", "--gpus=''"),
        (["--network=no-such-network"], "no-such-network", "--network"),
        (["-Ptasks.t.entrypoint=no-such-program"], "no-such-program", "entry point"),
    ],
)
def test_a_daemon_that_refuses(home: Home, docker: dict[str, str], words: list[str], cause: str, advice: str) -> None:
    home.environ.update(docker)
    message, *_, step = home.fails("run", *words)
    assert cause in message
    assert advice in step


@pytest.mark.engine("ssh")
def test_a_machine_that_does_not_answer(home: Home) -> None:
    need("ssh", "rsync")
    port = free_ports(1)
    message, step = home.fails(
        "run", "--platform=ssh+docker", "-Pssh.host=127.0.0.1", f"-Pssh.port={port}", "-Pssh.remote_root=/tmp/none"
    )
    assert "Connection refused" in message or "connection unexpectedly closed" in message
    assert "ssh must work without a password" in step


@pytest.mark.engine("apptainer")
def test_an_image_file_that_does_not_fit(home: Home, apptainer: Path, small_disk: Path) -> None:
    words = (f"-Psingularity.image_dir={small_disk}", "-Psingularity.image=i.sif",
             "-Psingularity.build_args=--mksquashfs-args='-comp lz4'")  # fmt: skip
    (home.root / "x.def").write_text(f"Bootstrap: localimage\nFrom: {apptainer}\n")
    (small_disk / "ballast").write_bytes(b"\1" * (20 << 20))
    home.environ["APPTAINER_DROP_CAPS"] = "CAP_SYS_RESOURCE"
    message, step = home.fails("run", "--platform=apptainer", "-Psingularity.build_file=x.def", *words)
    assert "cannot build the image" in message
    assert "disk space" in step


def test_a_workspace_whose_disk_is_full(home: Home, small_disk: Path) -> None:
    inputs = home.root / "workspace" / "data"
    inputs.mkdir(parents=True)
    (inputs / "big").write_bytes(b"\1" * (32 << 20))
    (home.root / "mlcube.yaml").write_text(
        "name: c\nnative: {entrypoint: 'true'}\ntasks: {t: {parameters: {inputs: {d: data/}}}}\n"
    )
    message, step = home.fails("run", "--platform=native", f"--workspace={small_disk}")
    assert "No space left on device" in message
    assert "free space" in step
