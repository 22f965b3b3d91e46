"""``_base`` (CM core, section 3.5)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from franca.catalog.catalog import Catalog
from franca.catalog.inheritance import MAX_DEPTH, merge
from franca.model.ids import SCRIPT, ObjectRef, Ref


@pytest.fixture
def write(catalog: Catalog, put: Callable[..., Path]) -> Callable[..., None]:
    def write(alias: str, **meta: Any) -> None:
        uid = f"{sum(alias.encode()):016x}"
        put(Path(catalog.local().path) / "script" / alias, alias=alias, uid=uid, automation_alias="script", **meta)
        catalog.refresh()

    return write


def load(catalog: Catalog, alias: str) -> Any:
    return catalog.load(SCRIPT, Ref(ObjectRef(alias)))


def test_the_example_of_the_specification(catalog: Catalog, write: Callable[..., None]) -> None:
    write("base", tags=["b1", "b2"], a={"x": "1"}, l=["p", "q"])
    write("child", _base="script::base", tags=["c1"], a={"y": "2"}, l=["r"])
    child = load(catalog, "child")
    uid = child.ref.uid
    assert child.meta == {
        "alias": "child", "uid": uid, "automation_alias": "script", "tags": ["b1", "b2", "c1"],
        "a": {"x": "1", "y": "2"}, "l": ["p", "q", "r"],
    }  # fmt: skip
    assert child.tags == ("b1", "b2", "c1")
    assert child.original_meta["_base"] == "script::base" and child.original_meta["l"] == ["r"]
    assert load(catalog, "base").meta["l"] == ["p", "q"]


def test_a_chain_of_three(catalog: Catalog, write: Callable[..., None]) -> None:
    write("a", tags=["a"])
    write("b", _base="a", tags=["b"])
    write("c", _base="b", tags=["c"])
    assert load(catalog, "c").tags == ("a", "b", "c")


def test_a_change_of_the_base_changes_the_child(catalog: Catalog, write: Callable[..., None]) -> None:
    write("a", tags=["a"])
    write("b", _base="a")
    assert load(catalog, "b").tags == ("a",)
    write("a", tags=["z"])
    assert load(catalog, "b").tags == ("z",)


@pytest.mark.parametrize(
    "base, says",
    [
        ("nosuch", "_base: artifact not found: nosuch"),
        ("loop", "more than 10 levels of inheritance, or a loop"),
        ("tw*", "more than 1 artifact found"),
        ("a::b::c", "not automation::artifact"),
    ],
)
def test_a_bad_base_spoils_only_its_own_artifact(
    catalog: Catalog, write: Callable[..., None], base: str, says: str
) -> None:
    write("fine", tags=["f"])
    write("two1")
    write("two2")
    write("loop", _base="bad" if base == "loop" else "fine")
    write("bad", _base=base)
    found = {a.ref.alias for a in catalog.find(SCRIPT) if a.repo.writable}
    assert {"fine", "two1", "two2"} <= found and "bad" not in found
    assert any("/bad/_cm.json" in text and says in text for text in catalog.warnings)


def test_the_limit_of_depth(catalog: Catalog, write: Callable[..., None]) -> None:
    write("d0")
    for level in range(1, MAX_DEPTH + 2):
        write(f"d{level}", _base=f"d{level - 1}")
    found = {a.ref.alias for a in catalog.find(SCRIPT)}
    assert f"d{MAX_DEPTH}" in found and f"d{MAX_DEPTH + 1}" not in found


def test_merging_shares_nothing() -> None:
    base: dict[str, Any] = {"a": {"l": [1]}, "l": [[1]]}
    child: dict[str, Any] = {"a": {"l": [2]}, "l": [[2]]}
    merged = merge(base, child)
    merged["a"]["l"].append(3)
    merged["l"][0].append(3)
    assert base == {"a": {"l": [1]}, "l": [[1]]} and child == {"a": {"l": [2]}, "l": [[2]]}
