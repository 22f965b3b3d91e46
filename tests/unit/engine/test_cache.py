"""Cache entries: relocation of paths, expiry, tags (script engine, section 10)."""

from __future__ import annotations

from pathlib import Path

import pytest

from franca.catalog.catalog import Catalog
from franca.engine.cache import CacheStore, expiration_seconds
from franca.errors import FrancaError


@pytest.fixture
def store(tmp_path: Path) -> CacheStore:
    (tmp_path / "CM" / "repos" / "local" / "cache" / "abc" / "venv").mkdir(parents=True)
    return CacheStore(Catalog.open({"HOME": str(tmp_path)}), lambda holder: None)


@pytest.mark.parametrize(
    "text",
    ["{old}/abc/venv", ". {old}/abc/venv/bin/activate", '. "{old}/abc/venv/bin/activate"', "a:{old}/abc:{old}/abc/x",
     "--path={old}/abc,{old}/abc", "{old}/abc"],
)  # fmt: skip
def test_paths_into_a_cache_that_moved_are_put_right_wherever_they_stand(store: CacheStore, text: str) -> None:
    now = f"{store.catalog.root}/repos/local/cache"
    assert store._relocated(text.format(old="/gone/CM/repos/local/cache")) == text.format(old=now)


def test_other_texts_stay(store: CacheStore, tmp_path: Path) -> None:
    for text in ("", "plain", "/gone/CM/repos/local/cache/unknown/x", f"{tmp_path}/CM/repos/local/cache/abc"):
        assert store._relocated(text) == text


def test_a_root_with_blanks(tmp_path: Path) -> None:
    home = tmp_path / "a b"
    (home / "CM" / "repos" / "local" / "cache" / "abc").mkdir(parents=True)
    store = CacheStore(Catalog.open({"HOME": str(home)}), lambda holder: None)
    assert store._relocated("/old place/CM/repos/local/cache/abc/f") == f"{home}/CM/repos/local/cache/abc/f"


@pytest.mark.parametrize(("text", "seconds"), [("10m", 600), ("2h", 7200), ("3d", 259200), ("45", 45), ("1.5h", 5400)])
def test_expiration_times(text: str, seconds: float) -> None:
    assert expiration_seconds(text) == seconds


def test_an_expiration_that_is_none() -> None:
    with pytest.raises(FrancaError, match="10x"):
        expiration_seconds("10x")
