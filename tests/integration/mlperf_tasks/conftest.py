"""Skips what runs models when LoadGen, the runtime, or what writes the models is not installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.needs import BENCHMARK, missing_modules, skip_below

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip_below(HERE, items, missing_modules((*BENCHMARK, "onnx")), but=("test_data_recipes.py",))
