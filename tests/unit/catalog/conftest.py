"""A store of its own for each test."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from franca.catalog.catalog import Catalog


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return home_in(tmp_path)


def home_in(folder: Path) -> dict[str, str]:
    """Environment variables of a user with nothing in the home directory."""
    return {"HOME": str(folder / "home"), "PATH": os.environ["PATH"], "CM_CORE_SKIP_INTERNAL_REPOS": "yes"}


@pytest.fixture
def catalog(home: dict[str, str]) -> Catalog:
    return Catalog.open(home)


@pytest.fixture(scope="session")
def put() -> Callable[..., Path]:
    """Writes an artifact by hand, as a user with an editor or git would."""

    def write(folder: Path, **meta: Any) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "_cm.json").write_text(json.dumps(meta))
        return folder

    return write


@pytest.fixture(scope="session")
def settle() -> Callable[[], None]:
    """Lets files become old enough for the index to trust their stamps."""
    return lambda: time.sleep(0.08)
