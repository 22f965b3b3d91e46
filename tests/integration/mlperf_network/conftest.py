"""A tiny model behind a real server on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from franca.mlperf.network.launch import Served, ServeOptions
from tests.integration.mlperf_inference.conftest import (  # noqa: F401 - fixtures for the tests here
    command,
    environ,
    parts,
    run_command,
)
from tests.integration.mlperf_inference.inference_cases import request_data
from tests.integration.needs import BENCHMARK, missing_modules, skip_below

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip_below(HERE, items, missing_modules(BENCHMARK))


@pytest.fixture(scope="session")
def served(parts: Path) -> Iterator[Served]:  # noqa: F811
    with Served(ServeOptions(model=str(parts / "model.onnx"), name="linear", port=0, max_batchsize=32)) as one:
        yield one


@pytest.fixture
def network_request(parts: Path, tmp_path: Path, served: Served):  # noqa: F811
    """A request for the served model as a dictionary; keywords replace fields."""

    def make(**changes) -> dict:
        fields = {"servers": [served.url], "workers": 2, "python_path": [str(HERE)]}
        return request_data(parts, **{"output": tmp_path / "results", **fields, **changes})

    return make
