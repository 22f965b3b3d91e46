"""Skips what runs models when LoadGen, the runtime, or what writes the models is not installed."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
NEEDED = ("mlperf_loadgen", "onnxruntime", "numpy", "onnx")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = []
    for name in NEEDED:
        try:
            __import__(name)
        except ImportError:
            missing.append(name)
    for item in items:
        path = Path(item.fspath)
        if missing and HERE in path.parents and path.name != "test_data_recipes.py":
            item.add_marker(pytest.mark.skip(reason=f"{', '.join(missing)} not installed"))
