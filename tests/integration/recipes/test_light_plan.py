"""What a plan says of the benchmark without data: the runtime is that of the model file, or open until it is known."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from franca.hooks.model import TORCH_SUFFIXES, backend_of
from tests.integration.recipes.conftest import ROOT

RUNTIMES = ("get,generic-python-lib,_onnxruntime", "get,generic-python-lib,_torch")


def steps(plan: Any) -> Iterator[dict[str, Any]]:
    if isinstance(plan, dict):
        if "label" in plan and "action" in plan:
            yield plan
        plan = list(plan.values())
    for one in plan if isinstance(plan, list) else ():
        yield from steps(one)


def runtimes(folder: Path, *words: str) -> dict[str, tuple[str, str]]:
    argv = [sys.executable, str(ROOT / "launchers" / "franca"), "plan", "script", "run mlperf inference _light", *words]
    environ = {**os.environ, "HOME": str(folder), "CM_REPOS": str(folder / "CM")}
    done = subprocess.run([*argv, "--json"], env=environ, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = steps(json.loads(done.stdout)["plan"])
    return {one["label"]: (one["action"], one["reason"]) for one in found if one["label"] in RUNTIMES}


def test_the_runtime_of_a_file_is_open_in_the_plan(tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(b"")
    found = runtimes(tmp_path, "--model_file=net.pt")
    assert {action for action, _ in found.values()} == {"defer"}
    assert all("CM_MLPERF_BACKEND" in reason for _, reason in found.values())


def test_the_runtime_that_is_named_is_the_one_of_the_plan(tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(b"")
    found = runtimes(tmp_path, "--model_file=net.pt", "--backend=pytorch")
    assert {label: action for label, (action, _) in found.items()} == dict(zip(RUNTIMES, ("skip", "run"), strict=True))


@pytest.mark.parametrize("suffix", [*TORCH_SUFFIXES, ".onnx", ".tflite", ""])
def test_the_recipe_and_the_program_take_the_same_backend(suffix: str) -> None:
    code: dict[str, Any] = {}
    path = ROOT / "recipes/script/detect-model-backend/customize.py"
    exec(compile(path.read_text("utf-8"), str(path), "exec"), code)
    env = {"CM_ML_MODEL_FILE_WITH_PATH": f"/x/Net{suffix.upper()}"}
    assert code["preprocess"]({"env": env}) == {"return": 0}
    assert env["CM_MLPERF_BACKEND"] == backend_of(f"/x/Net{suffix.upper()}")
