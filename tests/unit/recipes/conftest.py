"""Loading a module of a recipe by its path, the way the engine does."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

RECIPES = Path(__file__).resolve().parents[3] / "recipes"


@pytest.fixture(scope="session", autouse=True)
def _no_bytecode() -> Iterator[None]:
    """Keep compiled files out of the recipe folders."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    yield
    sys.dont_write_bytecode = before


@pytest.fixture(scope="session")
def recipe() -> Callable[[str, str], ModuleType]:
    def load(script: str, module: str) -> ModuleType:
        path = RECIPES / "script" / script / f"{module}.py"
        spec = importlib.util.spec_from_file_location(f"recipe_{script}_{module}".replace("-", "_"), path)
        assert spec and spec.loader
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        return loaded

    return load
