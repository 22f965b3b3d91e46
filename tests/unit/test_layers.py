"""The layer test: a package imports only what lies below it, and pure packages touch nothing.

The direction is docs/architecture.md's table. Only imports at module level and inside functions are
read (``ast``), so lazily imported modules count as well.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[2] / "src" / "franca"

LAYERS = {
    "errors": 0, "model": 0, "hooks": 0, "grammar": 1, "planner": 2, "catalog": 2, "runners": 3, "engine": 4,
    "cube": 5, "experiment": 5, "results": 5, "authoring": 6, "mlperf": 6, "publish": 6,
    "compat": 7, "playground": 7, "assistant": 7, "cli": 8, "testing": 9, "_boot": 0, "_packed": 0, "_watch": 0,
}  # fmt: skip
# Same number does not mean friends: siblings that may not import each other.
SIBLINGS_APART = [{"planner", "catalog"}, {"cube", "experiment", "results"}, {"mlperf", "publish"}]
PURE = ("model", "grammar", "planner")
EFFECTS = {"os", "subprocess", "sqlite3", "time", "random", "yaml", "shutil", "tempfile", "socket", "pathlib"}
OWNERS = {"yaml": {"catalog"}, "fastapi": {"playground"}, "torch": {"mlperf"}, "mlperf_loadgen": {"mlperf"}}


def modules() -> list[Path]:
    return sorted(p for p in SRC.rglob("*.py") if "_recipes" not in p.parts)


def package_of(path: Path) -> str:
    first = path.relative_to(SRC).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction"
            found.update([node.module or ""])
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SRC)))
def test_imports_point_down(path: Path) -> None:
    own = package_of(path)
    if own == "__init__":
        return
    assert own in LAYERS, f"{own} has no layer: add it to LAYERS and to docs/architecture.md"
    for name in imported(path):
        parts = name.split(".")
        if parts[0] != "franca" or len(parts) < 2 or parts[1] not in LAYERS:
            continue
        other = parts[1]
        assert LAYERS[other] <= LAYERS[own], f"{own} (layer {LAYERS[own]}) imports {name}"
        for group in SIBLINGS_APART:
            assert not (own in group and other in group and own != other), f"{own} imports its sibling {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SRC)))
def test_third_parties_live_in_one_layer(path: Path) -> None:
    own = package_of(path)
    roots = {name.split(".")[0] for name in imported(path)}
    if own in PURE:
        assert not roots & EFFECTS, f"{path} is pure but imports {sorted(roots & EFFECTS)}"
    for third, owners in OWNERS.items():
        assert third not in roots or own in owners, f"only {owners} may import {third}"


def test_no_import_cycles() -> None:
    graph: dict[str, set[str]] = {}
    names = {
        "franca." + ".".join(p.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__") for p in modules()
    }
    for path in modules():
        me = "franca." + ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(path.read_text("utf-8"))
        edges: set[str] = set()
        for node in tree.body:  # load time only
            if isinstance(node, ast.Import):
                edges.update(a.name for a in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                parts = {f"{node.module}.{a.name}" for a in node.names}
                edges.update(parts if parts <= names else {node.module, *parts})
        graph[me] = {e for e in edges if e in names and e != me}
    state: dict[str, int] = {}

    def visit(node: str, trail: tuple[str, ...]) -> None:
        if state.get(node) == 2:
            return
        assert state.get(node) != 1, "import cycle: " + " -> ".join((*trail, node))
        state[node] = 1
        for edge in sorted(graph[node]):
            visit(edge, (*trail, node))
        state[node] = 2

    for name in sorted(graph):
        visit(name, ())
