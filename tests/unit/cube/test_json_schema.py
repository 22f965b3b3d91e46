"""The published JSON Schema: up to date, and of one mind with the rules that are applied."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from franca.cube.json_schema import json_schema, text
from franca.cube.schema import findings
from tests.unit.cube.test_fuzz import SEEDS, mutated_tree

ROOT = Path(__file__).resolve().parents[3]
jsonschema = pytest.importorskip("jsonschema")


def accepts(tree: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(json_schema()).is_valid(tree))


def sound(tree: Any) -> bool:
    return not any(finding.level == "error" for finding in findings(tree))


def test_the_file_is_up_to_date() -> None:
    file = ROOT / "docs" / "reference" / "mlcube.schema.json"
    assert file.read_text("utf-8") == text(), f"python -m franca.cube.json_schema > {file.relative_to(ROOT)}"
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("path", sorted((ROOT / "recipes/cube").rglob("mlcube.yaml")), ids=lambda p: p.parent.name)
def test_our_cubes_are_valid(path: Path) -> None:
    assert accepts(yaml.safe_load(path.read_text("utf-8")))


@pytest.mark.parametrize(
    "definition",
    [
        "[]", "name: x", "tasks: {}", "tasks: [a]", "tasks: {t: 3}", "tasks: {t: {entrypoint: ''}}",
        "tasks: {t: {parameters: []}}", "tasks: {t: {parameters: {inputs: [a]}}}",
        "tasks: {t: {parameters: {inputs: {n: 3}}}}", "tasks: {t: {parameters: {inputs: {n: {type: fil}}}}}",
        "tasks: {t: {parameters: {inputs: {n: {opts: rx}}}}}", "tasks: {t: {parameters: {inputs: {n: {default: 3}}}}}",
        "{tasks: {t: }, docker: {imag: x}}", "{tasks: {t: }, docker: {image: ''}}", "{tasks: {t: }, docker: [a]}",
        "{tasks: {t: }, docker: {build_strategy: never}}", "{tasks: {t: }, docker: {env_args: {A: [1]}}}",
        "{tasks: {t: }, platform: {accelerator_count: 1.5}}", "{tasks: {t: }, authors: Ada}",
    ],
)  # fmt: skip
def test_wrong_definitions_are_refused_by_both(definition: str) -> None:
    tree = yaml.safe_load(definition)
    assert not sound(tree)
    assert not accepts(tree)


def test_nothing_sound_is_refused() -> None:
    """An editor must not underline what runs."""
    source = random.Random(4)
    count = 0
    for number in range(600):
        tree = yaml.safe_load(mutated_tree(source, SEEDS[number % 3]))
        if sound(tree):
            count += 1
            assert accepts(tree), tree
    assert count > 60
