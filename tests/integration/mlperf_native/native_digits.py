"""The digits benchmark as the recipes make it: their own programs, and their request from the user's flags."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from franca.mlperf.inference.spec import RunSpec, checked
from franca.mlperf.inference.wishes import read_wishes

RECIPES = Path(__file__).resolve().parents[3] / "recipes" / "script"


def make_digits(folder: Path, python: str = sys.executable, *words: str) -> Path:
    """The data set and a perceptron in ``folder``."""
    (folder / "model").mkdir()
    _program("get-dataset-digits/make_digits.py", sys.executable, str(folder), digests())
    given = ["--kind", "mlp", "--data", str(folder), "--out", str(folder / "model"), "--target", "96.5", *words]
    _program("get-ml-model-digits/train.py", python, *given)
    return folder


def digests() -> str:
    return str(RECIPES / "get-dataset-digits" / "digests.txt")


def _program(name: str, python: str, *words: str) -> None:
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([python, "-B", str(RECIPES / name), *words], env=environ, check=True, stderr=subprocess.PIPE)


def recipe(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("recipe_customize", RECIPES / name / "customize.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def request_from_flags(digits: Path, output: Path, env: dict[str, Any], python: str = sys.executable) -> RunSpec:
    """What the recipe of the benchmark asks for, its dependencies' variables and the user's flags being ``env``."""
    card = recipe("get-ml-model-digits")
    folder = os.getcwd()
    found: dict[str, Any] = {"CM_DATASET_DIGITS_PATH": str(digits), "CM_PYTHON_BIN_WITH_PATH": python}
    try:
        os.chdir(digits / "model")
        card.postprocess({"env": found})
    finally:
        os.chdir(folder)
    given = {**found, "CM_MLPERF_INFERENCE_RESULTS_DIR": str(output), **env}
    return checked(recipe("app-mlperf-inference").make_request(given, read_wishes(given)))
