"""docs/differences.md is honest: it covers both lists of defects, and every test that it names exists."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "differences.md"
#: Rows of section 20 of the script engine's specification.
DEFECTS = 26
#: Sections of the core's specification that hold a mark [D].
MARKED = "1.2 1.5 2.1 2.3 2.4 2.5 2.6 3.3 3.4 3.5 3.6 5.3 5.4 6.4 7.2 7.3 7.4 7.6 8.2 11 15.4 15.7"


class Row(msgspec.Struct, frozen=True):
    line: int
    cells: tuple[str, ...]

    @property
    def tests(self) -> list[str]:
        return re.findall(r"`([\w/]+\.py::\w+)`", self.cells[-1])


def rows() -> list[Row]:
    found = []
    for number, line in enumerate(PAGE.read_text("utf-8").splitlines(), 1):
        if line.startswith("| ") and not line.startswith("| ---"):
            cells = tuple(cell.strip() for cell in line.strip().strip("|").split(" | "))
            if cells[-1] != "test":
                found.append(Row(number, cells))
    return found


@functools.cache
def functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"line-{row.line}")
def test_a_row_names_tests_that_exist(row: Row) -> None:
    assert len(row.cells) == 4
    assert row.tests, "a row without a test"
    for name in row.tests:
        file, _, function = name.partition("::")
        assert function in functions(ROOT / "tests" / file), name


def test_every_defect_of_the_script_engines_has_a_row() -> None:
    firsts = {row.cells[0] for row in rows()}
    assert {f"S{number}" for number in range(1, DEFECTS + 1)} <= firsts


def test_every_marked_section_of_the_core_has_a_row() -> None:
    firsts = " ".join(row.cells[0] for row in rows())
    words = set(re.findall(r"[\d.]+", firsts))
    assert set(MARKED.split()) <= words
