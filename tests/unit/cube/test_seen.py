"""When the engine is asked for an image: always as published, and in our profile until it was there once.

The engine is a stand-in with a store of its own: a file that exists while it has the image.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from franca.compat.mlcube_front import main

ENGINE = """#!/bin/sh
here=$(dirname "$0")
echo "$1$(for word; do [ "$word" = --pull=never ] && echo ' never'; done)" >> "$here/calls"
case $1 in
inspect) [ -e "$here/image" ] ;;
build) touch "$here/image" ;;
run) [ -e "$here/image" ] || exit 125; exit "$(cat "$here/status" 2>/dev/null || echo 0)" ;;
esac
"""


class Engine:
    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "docker").write_text(ENGINE)
        (root / "docker").chmod(0o755)

    def run(self, *words: str) -> tuple[int, list[str]]:
        """Exit status, and what the engine was asked to do."""
        (self.root / "calls").write_text("")
        status = main(["run", *words])
        return status, (self.root / "calls").read_text().splitlines()


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FRANCA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    (tmp_path / "bin").mkdir()
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "mlcube.yaml").write_text("name: c\ndocker: {image: a:1, build_strategy: auto}\ntasks: {t: }\n")
    monkeypatch.chdir(tmp_path)
    return Engine(tmp_path / "bin")


def test_the_published_profile_asks_before_every_task(engine: Engine) -> None:
    assert engine.run() == (0, ["inspect", "build", "run"])
    assert engine.run() == (0, ["inspect", "run"])
    assert engine.run("--task=t,t") == (0, ["inspect", "run", "inspect", "run"])


def test_ours_asks_until_it_was_there_once(engine: Engine) -> None:
    assert engine.run("--user") == (0, ["inspect", "build", "run"])
    assert engine.run("--user", "--task=t,t") == (0, ["run never", "run never"])
    assert engine.run() == (0, ["inspect", "run"])


def test_an_image_that_is_gone_is_made_again(engine: Engine) -> None:
    engine.run("--user")
    (engine.root / "image").unlink()
    assert engine.run("--user") == (0, ["run never", "inspect", "build", "run"])
    assert engine.run("--user") == (0, ["inspect", "run"])
    assert engine.run("--user") == (0, ["run never"])


def test_what_the_engine_refuses_for_another_reason_is_said_once_and_runs_nothing_twice(
    engine: Engine, capfd: pytest.CaptureFixture[str]
) -> None:
    engine.run("--user")
    (engine.root / "status").write_text("125")
    assert engine.run("--user") == (125, ["run never", "inspect"])
    assert capfd.readouterr().err.count("ended with status 125") == 1
    (engine.root / "status").unlink()
    assert engine.run("--user") == (0, ["inspect", "run"])  # it may be an engine that does not know the option
    assert engine.run("--user") == (0, ["inspect", "run"])


def test_a_task_that_fails_is_run_once(engine: Engine) -> None:
    engine.run("--user")
    (engine.root / "status").write_text("3")
    assert engine.run("--user") == (3, ["run never"])


@pytest.mark.parametrize("other", ["-Pdocker.image=b:1", "DOCKER_HOST=unix:///elsewhere"])
def test_another_image_and_another_engine_are_asked(
    engine: Engine, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.run("--user")
    name, _, value = other.partition("=")
    words = [other] if other.startswith("-P") else []
    if not words:
        monkeypatch.setenv(name, value)
    assert engine.run("--user", *words) == (0, ["inspect", "run"])


def test_always_builds_every_time(engine: Engine) -> None:
    words = ("--user", "-Pdocker.build_strategy=always", "--task=t,t")
    assert engine.run(*words) == (0, ["build", "run", "run"])
    assert engine.run(*words) == (0, ["build", "run", "run"])
