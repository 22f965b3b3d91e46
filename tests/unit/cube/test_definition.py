"""Definitions: where an error is, what it says, and what normalisation makes of sound ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from franca.cube.definition import load_definition, locate, normalised_param, parse_override, with_values
from franca.cube.lint import lint
from franca.errors import MalformedFile, NotFound, UsageError

HEAD = "name: c\ndocker: {image: a:1}\n"


def load(tmp_path: Path, text: str, *overrides: str) -> Any:
    path = tmp_path / "mlcube.yaml"
    path.write_text(text)
    environ = {"FRANCA_CACHE": str(tmp_path / "cache")}
    return load_definition(str(path), tuple(parse_override(o) for o in overrides), environ=environ)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        (HEAD + "tasks:\n  t:\n    parameters:\n      inputs: {n: 3}\n", 6, 16, ["'n'", "'t'", "3"]),
        (HEAD + "tasks: [a]\n", 3, 1, ["tasks", "map"]),
        (HEAD + "tasks:\n  t: run it\n", 4, 3, ["'t'", "run it"]),
        (HEAD, 1, 1, ["no tasks"]),
        (HEAD + "tasks: {}\n", 3, 1, ["no tasks"]),
        (HEAD + "tasks: {t: {entrypoint: [a]}}\n", 3, 13, ["entrypoint"]),
        (HEAD + "tasks: {t: {entrypoint: 'a \"b'}}\n", 3, 13, ["words"]),
        (HEAD + "tasks: {t: {parameters: [a]}}\n", 3, 13, ["parameters"]),
        (HEAD + "tasks: {t: {parameters: {inputs: x}}}\n", 3, 26, ["inputs"]),
        (HEAD + "tasks: {t: {parameters: {inputs: {a: {type: dir}}}}}\n", 3, 39, ["Type is invalid", "dir"]),
        (HEAD + "tasks: {t: {parameters: {outputs: {a: {opts: x}}}}}\n", 3, 40, ["mount options", "x"]),
        (HEAD + "tasks: {t: {parameters: {outputs: {a: {default: [x]}}}}}\n", 3, 40, ["default", "'a'"]),
        ("- a\n", 1, 1, ["must be a map"]),
        ("name: [x]\ntasks: {t: }\n", 1, 1, ["name"]),
        ("authors: me\ntasks: {t: }\n", 1, 1, ["authors"]),
        ("platform: 3\ntasks: {t: }\n", 1, 1, ["platform"]),
        ("platform: {accelerator_count: many}\ntasks: [\n", 3, 1, ["not valid YAML"]),
        ("a: 1\na: 2\ntasks: {t: }\n", 2, 1, ["'a'", "twice"]),
        ("a: 'x\ntasks: {t: }\n", 3, 1, ["not valid YAML"]),
    ],
)
def test_an_error_has_file_line_and_words(tmp_path: Path, text: str, line: int, column: int, words: list[str]) -> None:
    with pytest.raises(MalformedFile) as caught:
        load(tmp_path, text)
    where = caught.value.where
    assert where is not None
    assert (where.path, where.line, where.column) == (str(tmp_path / "mlcube.yaml"), line, column)
    for word in words:
        assert word in caught.value.message


def test_every_error_of_the_schema_has_a_remedy_or_says_what_is_expected(tmp_path: Path) -> None:
    for text in ("- a\n", HEAD, HEAD + "tasks: {t: {parameters: {inputs: {n: 3}}}}\n"):
        with pytest.raises(MalformedFile) as caught:
            load(tmp_path, text)
        assert caught.value.hint


def test_an_error_in_an_override_points_at_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(MalformedFile) as caught:
        load(tmp_path, HEAD + "tasks: {t: }\n", "tasks.t.entrypoint=[a]")
    assert str(caught.value.where).startswith("-Ptasks.t.entrypoint")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("data.yaml", {"default": "data.yaml", "type": "unknown"}),
        ("data/", {"default": "data/", "type": "directory"}),
        ("data\\", {"default": "data\\", "type": "directory"}),
        (None, {"default": "p", "type": "unknown"}),
        ({}, {"default": "p", "type": "unknown"}),
        ({"type": "file"}, {"type": "file", "default": "p"}),
        ({"type": "file", "default": "d/"}, {"type": "file", "default": "d/"}),
        ({"type": "unknown", "default": "o/"}, {"type": "directory", "default": "o/"}),
        ({"default": None, "type": None}, {"default": "p", "type": "unknown"}),
    ],
)
def test_forms_of_a_parameter(value: Any, expected: dict[str, str]) -> None:
    assert normalised_param("p", value) == expected


def test_a_value_of_the_command_line_reaches_every_task_and_keeps_a_known_type(tmp_path: Path) -> None:
    text = HEAD + "tasks: {a: {parameters: {outputs: {d: d/}}}, b: {parameters: {inputs: {d: d/, e: e}}}}\n"
    tree = with_values(load(tmp_path, text).tree, {"d": "elsewhere", "e": "x/"})
    assert tree["tasks"]["a"]["parameters"]["outputs"]["d"] == {"default": "elsewhere", "type": "directory"}
    assert tree["tasks"]["b"]["parameters"]["inputs"] == {
        "d": {"default": "elsewhere", "type": "directory"},
        "e": {"default": "x/", "type": "directory"},
    }


def test_an_override_below_a_short_form_keeps_its_type(tmp_path: Path) -> None:
    text = HEAD + "tasks: {t: {parameters: {outputs: {d: d/}}}}\n"
    definition = load(tmp_path, text, "tasks.t.parameters.outputs.d.default=other")
    assert definition.tree["tasks"]["t"]["parameters"]["outputs"]["d"] == {"default": "other", "type": "directory"}


@pytest.mark.parametrize(
    ("text", "value"),
    [("a=1", 1), ("a=true", True), ("a=null", None), ("a=", None), ("a=[1,2]", [1, 2]), ("a={x: 1}", {"x": 1}),
     ("a=b=c", "b=c"), ("a=x:2", "x:2"), ("a=--rm -e A=b", "--rm -e A=b"), ("a=yes", True),
     ("a=2024-01-01", "2024-01-01")],
)  # fmt: skip
def test_values_of_overrides_are_yaml(text: str, value: Any) -> None:
    assert parse_override(text).value == value


@pytest.mark.parametrize("text", ["a", "=1", "a..b=1", "a=[", "a={x"])
def test_a_broken_override_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="-P"):
        parse_override(text)


def test_locating(tmp_path: Path) -> None:
    (tmp_path / "mlcube.yaml").write_text(HEAD)
    (tmp_path / "gpu.yaml").write_text(HEAD)
    assert locate("", str(tmp_path)) == str(tmp_path / "mlcube.yaml")
    assert locate("gpu.yaml", str(tmp_path)) == str(tmp_path / "gpu.yaml")
    assert locate("~/x/..", "/", str(tmp_path)) == str(tmp_path / "mlcube.yaml")
    for missing in ("nowhere", "no.yaml"):
        with pytest.raises(NotFound, match=missing):
            locate(missing, str(tmp_path))


def test_lint_reports_everything_in_file_order(tmp_path: Path) -> None:
    path = tmp_path / "mlcube.yaml"
    path.write_text(
        "docker: {imge: a:1}\ntasks:\n  t:\n    entrypont: x\n"
        "    parameters:\n      inputs: {a: 3}\n      output: {b: c}\n"
    )
    report = lint(str(tmp_path), {"FRANCA_CACHE": str(tmp_path / "c")}, str(tmp_path))
    lines = report.lines()
    assert [line.split(":")[0] for line in lines[:-1]] == ["error", "warning", "warning", "error", "warning"]
    assert [line.split(":")[2] for line in lines[:-1]] == ["1", "1", "4", "6", "7"]
    assert "did you mean 'image'" in lines[0]
    assert "did you mean 'entrypoint'" in lines[2]


def test_lint_follows_references_and_types(tmp_path: Path) -> None:
    path = tmp_path / "mlcube.yaml"
    path.write_text("name: c\ndocker: {image: '${nme}'}\ntasks: {t: {parameters: {outputs: {o: o}}}}\n")
    lines = lint(str(tmp_path), {"FRANCA_CACHE": str(tmp_path / "c")}, str(tmp_path)).lines()
    assert "Interpolation key 'nme' not found" in lines[0]
    assert "type of output 'o'" in lines[1]


def test_a_parsed_definition_is_remembered_until_it_changes(tmp_path: Path) -> None:
    import os

    text = HEAD + "tasks: {t: }\n"
    assert load(tmp_path, text).tree["name"] == "c"
    path = tmp_path / "mlcube.yaml"
    os.utime(path, (1_000_000_000, 1_000_000_000))
    environ = {"FRANCA_CACHE": str(tmp_path / "cache")}
    for _ in range(2):
        assert load_definition(str(path), environ=environ).tree["name"] == "c"
    path.write_text(text.replace("name: c", "name: d"))
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert load_definition(str(path), environ=environ).tree["name"] == "d"
