"""Engines for tests: each fixture starts one, or skips with the reason why it cannot run here."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ENGINES = Path(__file__).resolve().parents[2] / "engines"
IMAGE = "python:3.11-slim"


def need(*programs: str) -> None:
    for program in programs:
        if not (shutil.which(program) or os.path.exists(f"/usr/sbin/{program}")):
            pytest.skip(f"{program} is not installed: run tests/engines/install.sh as root")
    if os.getuid() != 0:
        pytest.skip("the engines are started as root")


def script(name: str, *words: str) -> None:
    """Start an engine; its own last words are the reason to skip."""
    done = subprocess.run([str(ENGINES / name), *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, timeout=120)  # fmt: skip
    if done.returncode:
        pytest.skip(f"{name} {words[0]}: {done.stderr.strip() or done.returncode}")


def free_ports(count: int) -> int:
    """The first of ``count`` neighbouring loopback ports that nobody listens on: test processes run side by side."""
    for _ in range(100):
        first = random.randrange(20000, 32000, 8)
        sockets = [socket.socket() for _ in range(count)]
        try:
            for number, one in enumerate(sockets):
                one.bind(("127.0.0.1", first + number))
            return first
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    pytest.skip("no free ports on the loopback")


@pytest.fixture(scope="session")
def engines_directory() -> Iterator[Path]:
    """Short, because sockets lie in it."""
    path = tempfile.mkdtemp(prefix="franca-e", dir="/tmp")
    yield Path(path)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def root_file_system(engines_directory: Path) -> Path:
    need("dpkg", "tar")
    path = engines_directory / "image.tar"
    with open(path, "wb") as file:
        done = subprocess.run([str(ENGINES / "image.sh")], stdout=file, stderr=subprocess.PIPE, text=True)
    if done.returncode or not path.stat().st_size:
        pytest.skip(f"no image could be made from this host's files: {done.stderr.strip()[-200:]}")
    return path


@pytest.fixture(scope="session")
def docker(engines_directory: Path, root_file_system: Path) -> Iterator[dict[str, str]]:
    """Environment variables for a Docker daemon that has the image ``python:3.11-slim``."""
    need("docker", "dockerd", "runc")
    directory = engines_directory / "d"
    script("docker.sh", "start", str(directory))
    environ = {"DOCKER_HOST": f"unix://{directory}/docker.sock", "DOCKER_BUILDKIT": "0",
               "DOCKER_CONFIG": str(directory / "config")}  # fmt: skip
    done = subprocess.run(["docker", "import", str(root_file_system), IMAGE], env={**os.environ, **environ},
                          capture_output=True, text=True)  # fmt: skip
    if done.returncode:
        pytest.skip(f"docker import: {done.stderr.strip()}")
    yield environ
    script("docker.sh", "stop", str(directory))


@pytest.fixture(scope="session")
def registry(engines_directory: Path) -> Iterator[str]:
    """The host of an image registry on this machine."""
    need("docker-registry")
    directory, port = engines_directory / "r", free_ports(1)
    script("registry.sh", "start", str(directory), str(port))
    yield f"127.0.0.1:{port}"
    script("registry.sh", "stop", str(directory))


@pytest.fixture(scope="session")
def hub(engines_directory: Path, registry: str, docker: dict[str, str]) -> Iterator[dict[str, str]]:
    """A Docker daemon for which that registry is Docker Hub: a name without a host is pulled from there.

    It starts without any image; the other daemon pushes what is to be pulled.
    """
    directory = engines_directory / "h"
    script("docker.sh", "start", str(directory), f"--registry-mirror=http://{registry}")
    yield {**docker, "DOCKER_HOST": f"unix://{directory}/docker.sock"}
    script("docker.sh", "stop", str(directory))


@pytest.fixture(scope="session")
def podman(engines_directory: Path, root_file_system: Path) -> Iterator[tuple[str, ...]]:
    """The words that start Podman with a store of its own that has the image."""
    need("podman", "runc")
    os.environ["CONTAINERS_CONF"] = str(ENGINES / "podman.conf")
    words = ("podman", "--root", str(engines_directory / "p"), "--runroot", str(engines_directory / "pr"))
    done = subprocess.run([*words, "import", "-q", str(root_file_system), IMAGE], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"podman import: {done.stderr.strip()}")
    probe = subprocess.run([*words, "run", "--rm", "--network=none", IMAGE, "true"], capture_output=True, text=True)
    if probe.returncode:
        pytest.skip(f"podman run: {probe.stderr.strip()}")
    yield words
    subprocess.run([*words, "system", "reset", "--force"], capture_output=True)


@pytest.fixture(scope="session")
def apptainer(engines_directory: Path, root_file_system: Path) -> Path:
    """A directory image with Python, for a working Apptainer."""
    need("apptainer")
    os.environ["APPTAINER_DROP_CAPS"] = "CAP_SYS_RESOURCE"  # not every host has it to give
    image = engines_directory / "a"
    image.mkdir()
    subprocess.run(["tar", "-C", str(image), "-xf", str(root_file_system)], check=True)
    probe = subprocess.run(["apptainer", "exec", str(image), "true"], capture_output=True, text=True)
    if probe.returncode:
        pytest.skip(f"apptainer exec: {probe.stderr.strip()}")
    return image


@pytest.fixture(scope="session")
def ssh_words(engines_directory: Path) -> Iterator[tuple[str, ...]]:
    """The words that start an ssh which knows the host ``node1``, on this machine."""
    need("sshd", "ssh", "rsync", "ssh-keygen")
    directory = engines_directory / "s"
    script("sshd.sh", "start", str(directory), str(free_ports(1)))
    yield ("ssh", "-F", str(directory / "config"))
    script("sshd.sh", "stop", str(directory))


@pytest.fixture(scope="session")
def slurm(engines_directory: Path) -> Iterator[None]:
    """A running cluster; SLURM_CONF is set."""
    need("slurmctld", "slurmd", "munged", "srun")
    directory = engines_directory / "l"
    script("slurm.sh", "start", str(directory), str(free_ports(4)))
    os.environ["SLURM_CONF"] = str(directory / "slurm.conf")
    yield
    script("slurm.sh", "stop", str(directory))
    del os.environ["SLURM_CONF"]
