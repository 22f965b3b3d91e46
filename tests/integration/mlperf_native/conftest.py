"""The C++ harness, built once for this machine, and the tiny benchmark of the other integration tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from franca.errors import Unavailable
from franca.mlperf.native.build import Built, Request, build
from tests.integration.mlperf_inference.conftest import (  # noqa: F401 - fixtures for the tests here
    command,
    environ,
    parts,
    run_command,
)
from tests.integration.mlperf_inference.inference_cases import request_data
from tests.integration.needs import BENCHMARK, missing_modules, skip_below

HERE = Path(__file__).resolve().parent
PLUGINS = HERE.parent / "mlperf_inference"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    compiler = "" if shutil.which(os.environ.get("CXX") or "g++") else "a C++ compiler"
    skip_below(HERE, items, missing_modules(BENCHMARK) or compiler)


def build_root() -> str:
    """Kept between runs of the tests: building takes a minute."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(cache, "franca-tests", "native")


@pytest.fixture(scope="session")
def harness() -> Built:
    try:
        return build(Request(build_root(), python=python_with_pip()))
    except Unavailable as error:
        pytest.skip(f"the C++ harness cannot be built here: {error}")


def python_with_pip() -> str:
    for candidate in (sys.executable, shutil.which("python3") or ""):
        if candidate and subprocess.run([candidate, "-m", "pip", "--version"], capture_output=True).returncode == 0:
            return candidate
    return sys.executable


@pytest.fixture
def native_request(parts: Path, tmp_path: Path, harness: Built):  # noqa: F811
    """A request for the C++ harness as a dictionary; keywords replace fields."""

    return lambda **changes: native_data(parts, changes.pop("output", tmp_path / "results"), harness, **changes)


def native_data(parts: Path, output: Path, built: Built, **changes) -> dict:  # noqa: F811
    fields = {"engine": "bridge", "harness": built.program, "workers": 2, "python_path": [str(PLUGINS)]}
    return request_data(parts, output, **{**fields, **changes})
