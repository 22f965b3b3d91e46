"""``franca run cube`` and its relatives: cubes of repositories, plans, lint, JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LAUNCHER = Path(__file__).resolve().parents[3] / "launchers" / "franca"


def franca(cwd: Path, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    environ = {"HOME": str(cwd / "home"), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, str(LAUNCHER), *words], cwd=cwd, env=environ, text=True, capture_output=True)
    assert done.returncode == status, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path


def test_a_cube_of_a_repository_runs_beside_the_caller(here: Path) -> None:
    franca(here, "run", "cube", "hello_world", "--task=hello", "chat=talk.txt")
    assert "Alice" in (here / "hello_world-workspace/talk.txt").read_text()


def test_plans_are_data(here: Path) -> None:
    words = ("plan", "cube", "matmul", "--platform=podman", "-Pdocker.image=x:1", "--json")
    answer = json.loads(franca(here, *words).stdout)
    assert answer["tasks"][0]["task"] == "matmul"
    assert answer["tasks"][0]["commands"][-1].startswith("podman run --rm")
    assert not (here / "matmul-workspace").exists()


def test_lint_has_a_status(here: Path) -> None:
    assert "no problems" in franca(here, "lint", "cube", "mnist").stdout
    (here / "mlcube.yaml").write_text("name: c\ntasks: {t: {parameters: {inputs: {n: 3}}}}\n")
    assert ":2:35" in franca(here, "lint", "cube", "--mlcube=mlcube.yaml", status=1).stdout


def test_show_tells_tasks_and_last_results(here: Path) -> None:
    text = franca(here, "show", "cube", "hello_world").stdout
    assert "name = hello, inputs = ['name'], outputs = ['chat']" in text
    assert "hello: never run" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [(("nosuchcube",), "nosuchcube"), (("hello_world", "--bogus=1"), "--bogus"), (("hello_world",), "--task=hello"),
     (("hello_world", "--task=hello", "nam=x"), "name=")],
)  # fmt: skip
def test_errors_have_a_next_step(here: Path, words: tuple[str, ...], message: str) -> None:
    environ = {"HOME": str(here / "home"), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, str(LAUNCHER), "run", "cube", *words], cwd=here, env=environ, text=True,
                          capture_output=True)  # fmt: skip
    assert done.returncode != 0
    assert message in done.stderr


def test_a_task_is_a_script_step(here: Path) -> None:
    cube = Path(__file__).resolve().parents[3] / "recipes/cube/matmul"
    franca(here, "run", "script", "--tags=run,cube", f"--mlcube={cube}", f"--workspace={here}/w s", "--quiet")
    assert len((here / "w s/matmul.txt").read_text().splitlines()) == 100
