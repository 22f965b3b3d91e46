"""Blanks, quotes, ``;``, ``$()``, backticks and newlines stay data at every place that takes a value.

Stand-ins for the engines record the words that they get; at the end a real container gets them.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from franca.compat.mlcube_front import main
from tests.integration.runners.conftest import IMAGE

VALUES = [
    "a b", "it's", 'say "x"', "x;touch INJECTED", "$(touch INJECTED)", "`touch INJECTED`", "x\ntouch INJECTED\n",
    "a'\"$(touch INJECTED)\"'|touch INJECTED&&> INJECTED", "-x",
]  # fmt: skip
DEFINITION: dict[str, Any] = {
    "name": "c",
    "docker": {"image": "i:1", "build_strategy": "auto"},
    "singularity": {"image": "i.sif"},
    "native": {"entrypoint": "sh main.sh"},
    "tasks": {"t": {"parameters": {"inputs": {"i": "in/"}, "outputs": {"o": "out/"}}}},
}
#: Keys of the definition that take a value, and how the value is worn there.
KEYS = [
    "name", "version", "description", "docker.image", "docker.docker", "docker.build_context", "docker.build_file",
    "docker.tar_file", "docker.env_args", "docker.env_args.K", "docker.build_args", "docker.build_args.K",
    "docker.cpu_args", "docker.gpu_args", "singularity.image", "singularity.image_dir", "singularity.build_file",
    "singularity.build_args", "singularity.run_args", "singularity.singularity", "native.entrypoint", "native.cwd",
    "native.python", "native.requirements", "native.environment", "native.env_args.K", "tasks.t.entrypoint",
    "tasks.t.parameters.inputs.i", "tasks.t.parameters.outputs.o", "platform.accelerator_count", "workspace",
]  # fmt: skip
OPTIONS = ["--workspace={}", "--network={}", "--security={}", "--gpus={}", "--memory={}", "--cpu={}", "--mount={}",
           "--task={}", "--platform={}", "o={}", "i={}", "{}=x", "-Pdocker.image={}", "-Pdocker.env_args.K={}",
           "-P{}=x", "-Pdocker.cpu_args={}"]  # fmt: skip
PLATFORMS = ("docker", "singularity", "native")
RECORDER = """#!/bin/sh
{ printf '%s\\0' "$0" "$@"; printf '\\n'; } >> "$RECORD"
"""


def with_key(dotted: str, value: str) -> dict[str, Any]:
    tree = copy.deepcopy(DEFINITION)
    node, (*parents, last) = tree, dotted.split(".")
    for name in parents:
        node = node.setdefault(name, {})
        assert isinstance(node, dict)
    node[last] = value
    return tree


class Box:
    """A cube between stand-ins; everything is below one directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cube = root / "cube"
        (root / "bin").mkdir()
        for name in ("docker", "podman", "singularity", "x", "a", "say"):
            (root / "bin" / name).write_text(RECORDER)
            (root / "bin" / name).chmod(0o755)
        self.cube.mkdir()
        self.fresh(DEFINITION)

    def fresh(self, tree: Any) -> None:
        shutil.rmtree(self.cube)
        (self.cube / "workspace/in").mkdir(parents=True)
        (self.cube / "Dockerfile").write_text("FROM scratch\n")
        (self.cube / "Singularity.recipe").write_text("Bootstrap: docker\n")
        (self.cube / "main.sh").write_text(RECORDER)
        (self.cube / "mlcube.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True))
        (self.root / "record").write_bytes(b"")

    def run(self, *words: str) -> int:
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
            status = main(["run", *words])
        assert "Traceback" not in errors.getvalue()
        return status

    def calls(self) -> list[list[str]]:
        text = (self.root / "record").read_bytes().decode()
        return [call.split("\0") for call in text.split("\0\n") if call]


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    made = Box(tmp_path)
    for name in list(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FRANCA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RECORD", str(tmp_path / "record"))
    monkeypatch.chdir(made.cube)
    return made


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("value", VALUES)
def test_no_key_of_a_definition_is_a_command(box: Box, platform: str, value: str) -> None:
    for key in KEYS:
        box.fresh(with_key(key, value))
        os.chdir(box.cube)
        box.run(f"--platform={platform}", "--keep-going")
        assert not list(box.root.rglob("INJECTED")), key


@pytest.mark.parametrize("value", VALUES)
def test_no_word_of_the_command_line_is_a_command(box: Box, value: str) -> None:
    for platform in PLATFORMS:
        for option in OPTIONS:
            box.fresh(DEFINITION)
            os.chdir(box.cube)
            box.run(f"--platform={platform}", option.replace("{}", value))
            assert not list(box.root.rglob("INJECTED")), (platform, option)


@pytest.mark.parametrize("value", VALUES)
def test_data_arrives_as_one_word(box: Box, value: str) -> None:
    tree = with_key("docker.env_args.K", value)
    tree["tasks"]["t"]["parameters"]["outputs"]["o"] = {"type": "directory", "default": value}
    box.fresh(tree)
    os.chdir(box.cube)
    assert box.run() == 0
    words = box.calls()[-1]
    assert f"{box.cube}/workspace/{value}:/mlcube_io1" in words
    assert words[words.index("-e") + 1] == f"K={value}"
    assert words[-3:] == ["t", "--i=/mlcube_io0", "--o=/mlcube_io1"]


@pytest.mark.engine("docker")
def test_a_real_container_gets_every_value_as_data(docker: dict[str, str], tmp_path: Path) -> None:
    code = "import json, os, sys; json.dump([sys.argv[1:], dict(os.environ)], open('/mlcube_io0/seen.json', 'w'))"
    environ_args = {f"V{number}": value for number, value in enumerate(VALUES)}
    outputs = {f"p{number}": {"type": "file", "default": f"{value}.out"} for number, value in enumerate(VALUES)}
    parameters = {"outputs": {"o": "./", **outputs}}
    tree = {"name": "c", "docker": {"image": IMAGE, "env_args": environ_args},
            "tasks": {"t": {"entrypoint": f'python3 -c "{code}"', "parameters": parameters}}}  # fmt: skip
    root = tmp_path / 'it\'s a "cube"; $(touch INJECTED)'
    root.mkdir()
    (root / "mlcube.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False))
    done = subprocess.run(
        [sys.executable, "-m", "franca.compat.mlcube_front", "run", "--user"], cwd=root, text=True,
        capture_output=True, env={**os.environ, **docker, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    words, variables = json.loads((root / "workspace/seen.json").read_text())
    assert words[1:] == [f"--p{number}=/mlcube_io0/{value}.out" for number, value in enumerate(VALUES)]
    assert {name: variables[name] for name in environ_args} == environ_args
    assert not list(tmp_path.rglob("INJECTED"))
