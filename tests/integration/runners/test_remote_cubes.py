"""Whole cubes through launchers, with the real programs: the published ssh runner, Slurm, Podman over ssh."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CUBES = Path(__file__).resolve().parents[3] / "recipes" / "cube"


def mlcube(cube: Path, home: Path, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "franca.compat.mlcube_front", *words], cwd=cube, text=True, capture_output=True,
        env={**os.environ, "HOME": str(home)},
    )  # fmt: skip
    assert done.returncode == status, done.stderr + done.stdout
    return done


@pytest.fixture
def cube(tmp_path: Path) -> Path:
    target = tmp_path / "my cubes" / "hello_world"
    shutil.copytree(CUBES / "hello_world", target)
    return target


@pytest.fixture
def remote(ssh_words: tuple[str, ...], tmp_path: Path) -> Path:
    """Settings for platform ssh, and the other machine's directory, whose mlcube is ours."""
    directory = tmp_path / "other machine"
    environment = directory / "envs" / "e1" / "bin"
    environment.mkdir(parents=True)
    (environment / "mlcube").write_text(f'#!/bin/sh\nexec {sys.executable} -m franca.compat.mlcube_front "$@"\n')
    (environment / "mlcube").chmod(0o755)
    (environment / "activate").write_text(f"PATH='{environment}':$PATH\nHOME='{directory}'\n")
    platform = {
        "runner": "ssh", "host": "node1", "ssh": " ".join(ssh_words), "platform": "native",
        "remote_root": str(directory / "cubes"), "host_keys": "check",
        "interpreter": {"type": "virtualenv", "location": str(directory / "envs"), "name": "e1", "python": "python3"},
    }  # fmt: skip
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "mlcube.yaml").write_text(json.dumps({"platforms": {"ssh": platform}}))
    return directory


@pytest.mark.engine("ssh")
def test_the_published_ssh_runner_configures_runs_and_brings_results_back(
    cube: Path, remote: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    mlcube(cube, home, "configure", "--platform=ssh")
    assert (remote / "cubes/hello_world/mlcube.yaml").exists()
    mlcube(cube, home, "run", "--platform=ssh", "--task=hello,bye", "chat=chats/it's one.txt")
    here = (cube / "workspace/chats/it's one.txt").read_text()
    assert here == (remote / "cubes/hello_world/workspace/chats/it's one.txt").read_text()
    assert len(here.splitlines()) == 2


@pytest.mark.engine("ssh")
def test_inputs_are_brought_before_every_run_in_our_profile(cube: Path, remote: Path, tmp_path: Path) -> None:
    (cube / "workspace/names/new.txt").write_text("Zoe")
    mlcube(cube, tmp_path / "home", "run", "--user", "--platform=ssh", "--task=hello", "name=names/new.txt")
    assert "Zoe" in (cube / "workspace/chats/chat_with_alice.txt").read_text()


@pytest.mark.engine("ssh")
def test_a_remote_failure_has_its_status(cube: Path, remote: Path, tmp_path: Path) -> None:
    done = mlcube(cube, tmp_path / "home", "run", "--platform=ssh", "--task=hello", status=1)  # never configured
    assert "cannot run task hello on node1" in done.stderr


@pytest.mark.engine("ssh")
def test_podman_over_ssh_needs_no_mlcube_there(
    cube: Path, ssh_words: tuple[str, ...], podman: tuple[str, ...], tmp_path: Path
) -> None:
    engine = " ".join(("env", f"CONTAINERS_CONF={os.environ['CONTAINERS_CONF']}", *podman))
    words = [f"-Pssh.ssh={' '.join(ssh_words)}", "-Pssh.host=node1", f"-Pssh.remote_root={tmp_path}/remote"]
    mlcube(cube, tmp_path, "run", "--platform=ssh+podman", "--task=hello", f"-Pdocker.docker={engine}", *words)
    assert "Alice" in (cube / "workspace/chats/chat_with_alice.txt").read_text()


@pytest.mark.engine("slurm")
def test_slurm_runs_a_cube_natively(cube: Path, slurm: None, tmp_path: Path) -> None:
    mlcube(cube, tmp_path, "run", "--platform=slurm", "--task=hello", "--memory=100m")
    assert "Alice" in (cube / "workspace/chats/chat_with_alice.txt").read_text()


@pytest.mark.engine("docker")
def test_inspect_and_strategies_with_docker(cube: Path, docker: dict[str, str], tmp_path: Path) -> None:
    os.environ.update(docker)
    try:
        image = "-Pdocker.image=franca-test/inspected:1"  # other tests make the cube's own
        mlcube(cube, tmp_path, "inspect", image, status=1)
        found = json.loads(mlcube(cube, tmp_path, "inspect", "--force", image).stdout.splitlines()[-1])
        assert len(found["hash"]) == 64
        mlcube(cube, tmp_path, "run", "--task=hello", "--user", "-Pdocker.build_strategy=always")
        assert "Alice" in (cube / "workspace/chats/chat_with_alice.txt").read_text()
        done = mlcube(
            cube, tmp_path, "configure", "-Pdocker.build_strategy=pull", "-Pdocker.image=no.host.invalid/x:1", status=1
        )
        assert "build_strategy=auto" in done.stderr
    finally:
        for key in docker:
            del os.environ[key]


def test_termination_ends_what_runs(tmp_path: Path) -> None:
    import signal
    import time

    (tmp_path / "mlcube.yaml").write_text("name: c\nnative: {entrypoint: sh main.sh}\ntasks: {t: }\n")
    (tmp_path / "main.sh").write_text("echo $$ > pid\nexec sleep 60\n")
    words = [sys.executable, "-m", "franca.compat.mlcube_front", "run", "--platform=native"]
    with subprocess.Popen(
        words, cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)}, stderr=subprocess.PIPE
    ) as run:
        for _ in range(1200):  # a busy machine may take its time
            if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip():
                break
            time.sleep(0.05)
        run.send_signal(signal.SIGTERM)
        assert run.wait(60) == 143
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
