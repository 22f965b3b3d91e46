"""A benchmark as the recipe makes it of flags and files, and the submission tree of its results."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from franca.mlperf.inference.campaign import run
from franca.mlperf.inference.results import BenchmarkResult
from franca.mlperf.inference.spec import RunSpec, checked
from franca.mlperf.inference.wishes import read_wishes
from franca.mlperf.submission.build import BuildOptions, build_tree
from franca.mlperf.submission.checker import Options, Verdict, check_tree

ROOT = Path(__file__).resolve().parents[3]
RECIPE = ROOT / "recipes" / "script" / "app-mlperf-inference" / "customize.py"


def hooks() -> Any:
    """The recipe's hooks, loaded the way the engine does; nothing compiled is left in its folder."""
    loaded: dict[str, Any] = {"__file__": str(RECIPE)}
    exec(compile(RECIPE.read_text("utf-8"), str(RECIPE), "exec"), loaded)
    return SimpleNamespace(**loaded)


def request(tmp_path: Path, model: str, file: Path, data: Path, **more: str) -> RunSpec:
    """What the recipe makes of flags and files."""
    env = {
        "CM_MLPERF_MODEL": model,
        "CM_ML_MODEL_FILE_WITH_PATH": str(file),
        "CM_MLPERF_DATASET_PATH": str(data),
        "CM_MLPERF_LOADGEN_SCENARIO": "Offline",
        "CM_MLPERF_INFERENCE_RESULTS_DIR": str(tmp_path / "results"),
        "CM_TEST_QUERY_COUNT": "4",
        "CM_PYTHON_BIN_WITH_PATH": sys.executable,
        **more,
    }
    return checked(hooks().make_request(env, read_wishes(env)))


def benchmark(tmp_path: Path, model: str, file: Path, data: Path, **more: str) -> BenchmarkResult:
    """The same, run."""
    return run(request(tmp_path, model, file, data, **more), lambda line: None)


def judged(tmp_path: Path, round_name: str, category: str = "edge") -> Verdict:
    """The verdict on a tree of the results in ``tmp_path``, as short runs."""
    options = BuildOptions(
        results_dir=str(tmp_path / "results"),
        submission_dir=str(tmp_path / "tree"),
        submitter="Community",
        round=round_name,
        category=category,
    )
    built = build_tree(options, lambda line: None)
    return check_tree(built.path, Options(round=round_name, short=True))


def command(tmp_path: Path, *argv: str) -> str:
    """What a `cmr` command says that ends well; nothing of the user's is touched."""
    environ = {**os.environ, "HOME": str(tmp_path), "CM_REPOS": str(tmp_path / "CM")}
    whole = [sys.executable, str(ROOT / "launchers" / "cmr"), *argv]
    done = subprocess.run(whole, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr
