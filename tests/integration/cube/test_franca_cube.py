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


def test_a_task_is_a_dependency_of_a_script(here: Path) -> None:
    """The cube runs before the script, which reads its output."""
    cube = Path(__file__).resolve().parents[3] / "recipes/cube/hello_world"
    repo = here / "content"
    script = repo / "script" / "after-the-cube"
    script.mkdir(parents=True)
    (repo / "cmr.yaml").write_text("alias: content\nuid: '00000000000000c0'\n")
    (script / "_cm.yaml").write_text(
        "alias: after-the-cube\nuid: '00000000000000c1'\nautomation_alias: script\n"
        "automation_uid: 5b4e0237da074764\ntags: [after, cube]\ndeps:\n- tags: run,cube\n  env:\n"
        f"    CM_CUBE_PATH: {cube}\n    CM_CUBE_TASK: hello,bye\n    CM_CUBE_WORKSPACE: {here}/ws\n"
        "    CM_CUBE_PARAMETERS: chat=a talk.txt\n"
    )
    (script / "run.sh").write_text('#!/bin/bash\ncp "$CM_CUBE_WORKSPACE/a talk.txt" result.txt\nwc -l < result.txt\n')
    (here / "home/CM").mkdir()
    (here / "home/CM/repos.json").write_text(json.dumps([str(repo)]))
    franca(here, "run", "after cube", "--quiet")
    assert len((here / "ws/a talk.txt").read_text().splitlines()) == 2
    assert next(here.rglob("result.txt")).read_text() == (here / "ws/a talk.txt").read_text()


def test_cubes_are_artifacts(here: Path) -> None:
    answer = json.loads(franca(here, "find", "cube", "--tags=mnist", "--json").stdout)
    assert "recipes/cube/mnist" in json.dumps(answer)
    listed = franca(here, "find", "cube").stdout
    assert {"hello_world", "matmul", "getting-started", "mnist", "emdenoise"} <= {
        line.rsplit("/", 1)[-1] for line in listed.splitlines()
    }


def test_tasks_in_a_chain_find_what_earlier_ones_will_make(here: Path) -> None:
    """Short forms below an earlier task's directory have no type yet when the request is checked."""
    (here / "mlcube.yaml").write_text(
        "name: c\ndocker: {image: x}\nnative: {entrypoint: sh main.sh}\ntasks:\n"
        "  a: {parameters: {outputs: {d: data/}}}\n"
        "  b: {parameters: {inputs: {f: data/raw.txt}, outputs: {o: {type: file, default: out.txt}}}}\n"
    )
    (here / "main.sh").write_text(
        'if [ $1 = a ]; then echo 1 > "${2#--d=}/raw.txt"; else cp "${2#--f=}" "${3#--o=}"; fi\n'
    )
    planned = franca(here, "plan", "cube", "--mlcube=.", "--task=a,b", "--platform=docker").stdout
    assert "--f=/mlcube_io0/raw.txt" in planned
    franca(here, "run", "cube", "--mlcube=.", "--task=a,b")
    assert (here / "workspace/out.txt").read_text() == "1\n"
