"""Tests of a folder skip, with the reason, where what they need is not installed."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path

import pytest

#: What a benchmark of a small model takes.
BENCHMARK = ("mlperf_loadgen", "onnxruntime", "numpy")


def missing_modules(names: Iterable[str]) -> str:
    """Those that cannot be imported, as text; empty when all are here."""
    missing = []
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    return ", ".join(missing)


def skip_below(folder: Path, items: list[pytest.Item], missing: str, *, but: tuple[str, ...] = ()) -> None:
    """Mark the tests below ``folder``, except those in the files ``but``, when something is missing."""
    if not missing:
        return
    for item in items:
        path = Path(item.fspath)
        if folder in path.parents and path.name not in but:
            item.add_marker(pytest.mark.skip(reason=f"not installed: {missing}"))
