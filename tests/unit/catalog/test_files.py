"""Reading and writing of meta files."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from franca.catalog.files import (
    load_meta,
    parse_yaml,
    read_json,
    read_meta_file,
    read_yaml,
    to_yaml,
    write_json_atomic,
    write_yaml_atomic,
)
from franca.catalog.jsontext import to_json, to_line
from franca.catalog.scan import pack, unpack
from franca.errors import MalformedFile, NotFound

TEXT = st.text(max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
JSON_VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=4) | st.dictionaries(TEXT, v, max_size=4), max_leaves=12
)
# What YAML writes without loss, under keys that are no names.
YAML_SCALARS = st.none() | st.booleans() | st.integers() | st.text(alphabet="abcxyz019 .:-_#'\"é\n", max_size=8)
KEYS = st.sampled_from(["k", "deps", "env", "1", "on", "x y"])
YAML_VALUES = st.recursive(
    YAML_SCALARS, lambda v: st.lists(v, max_size=4) | st.dictionaries(KEYS, v, max_size=4), max_leaves=12
)


@given(JSON_VALUES)
def test_json_text_is_what_the_standard_library_writes(value: Any) -> None:
    assert to_json(value) == json.dumps(value, indent=2, sort_keys=True)


@given(JSON_VALUES)
def test_a_line_of_json_reads_back(value: Any) -> None:
    line = to_line(value)
    assert b"\n" not in line
    assert json.loads(line) == json.loads(json.dumps(value, allow_nan=True), parse_constant=lambda name: None)


def test_a_line_of_json_holds_what_json_does_not() -> None:
    assert to_line({"path": Path("/a"), 1: (2.5, {3}), None: '\udcff\x00"\\é'}) == (
        '{"path":"/a","1":[2.5,[3]],"null":"?\\u0000\\"\\\\é"}'.encode()
    )


@given(YAML_VALUES)
def test_yaml_values_are_those_of_pyyaml(value: Any) -> None:
    text = yaml.safe_dump(value, allow_unicode=True)
    assert parse_yaml(text, "f.yaml") == yaml.safe_load(text) == value


@given(YAML_VALUES)
def test_what_is_written_as_yaml_reads_back(value: Any) -> None:
    assert parse_yaml(to_yaml(value), "f.yaml") == value


@pytest.mark.parametrize(
    "text, value",
    [
        ("uid: 0123456789012345", {"uid": "0123456789012345"}),
        ("version: 3.10", {"version": "3.10"}),
        ("alias: on", {"alias": "on"}),
        ("alias:", {"alias": None}),
        ("tags: [1, on, a]", {"tags": ["1", "on", "a"]}),
        ("deps: [{version_min: 1.10}]", {"deps": [{"version_min": "1.10"}]}),
        ("a: yes\nb: off\nc: 0x10\nd: 1_000\ne: 012", {"a": True, "b": False, "c": 16, "d": 1000, "e": 10}),
        ("base: &b {x: 1, y: 2}\nchild: {<<: *b, y: 3}", {"base": {"x": 1, "y": 2}, "child": {"x": 1, "y": 3}}),
        ("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}",
         {"a": {"x": 1}, "b": {"x": 2, "y": 2}, "c": {"x": 1, "y": 2}}),
        ("a: =", {"a": "="}),
        ("d: 2024-02-29", {"d": datetime.date(2024, 2, 29)}),
        ("", None),
    ],
)  # fmt: skip
def test_words_of_yaml(text: str, value: Any) -> None:
    assert parse_yaml(text, "f.yaml") == value


@pytest.mark.parametrize(
    "text, line, column, says",
    [
        ("a: 1\n b: 2\n", 2, 3, "mapping values are not allowed"),
        ("a: [1\n", 2, 1, "expected"),
        ("\ta: 1", 1, 1, "cannot start any token"),
        ("a: *nowhere", 1, 4, "undefined alias"),
        ("x: 1\na: !!python/object/apply:os.system [id]", 2, 4, "tag"),
        ("x: 1\na: !mine 3", 2, 4, "tag"),
        ("a: &x [*x]", 1, 4, "contains itself"),
        ("? [a, b]\n: 1", 1, 3, "key"),
        ("a: 2024-13-01", 1, 4, "not a value"),
        ("a: 1\n---\nb: 1", 2, 1, "expected a single document"),
    ],
)
def test_a_fault_in_yaml_has_its_position(text: str, line: int, column: int, says: str) -> None:
    with pytest.raises(MalformedFile) as caught:
        parse_yaml(text, "f.yaml")
    assert caught.value.where is not None
    assert (caught.value.where.path, caught.value.where.line, caught.value.where.column) == ("f.yaml", line, column)
    assert says in caught.value.message


def billion_laughs() -> str:
    lines = ["a0: &a0 [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text, says",
    [
        (billion_laughs(), "expands to more than"),
        ("[" * 50_000, "nested more than"),
        ("{a: " * 50_000, "nested more than"),
        ("- " * 50_000, "nested more than"),
        ("".join(" " * n + "a:\n" for n in range(500)), "nested more than"),
        ("a: [" + "1," * 1_000_001 + "1]", "holds more than"),
        ("- x\n" * 1_000_001, "holds more than"),
        ("a: " + "9" * 100_000, "a number of 100000 digits"),
        ("a: 0" + "7" * 100_000, "a number of 100001 digits"),
        ("a: " + ":".join(["59"] * 20_000), "a number of 59999 digits"),
    ],
    ids=lambda value: value[:12],
)
def test_bombs_are_refused_before_they_go_off(text: str, says: str) -> None:
    with pytest.raises(MalformedFile, match=says) as caught:
        parse_yaml(text, "bomb.yaml")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "text",
    ["!!bool maybe", "!!int x", "!!float x", "!!timestamp x", "!!binary é", "!!python/name:os.system x", "!mine x"],
)
def test_a_tag_whose_value_does_not_fit_is_an_error_with_its_place(text: str) -> None:
    with pytest.raises(MalformedFile, match=r"^f.yaml:1:4: "):
        parse_yaml(f"a: {text}", "f.yaml")


def test_deep_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 200_000)
    with pytest.raises(MalformedFile, match="nested too deeply"):
        read_json(str(path))


def test_json_fault_has_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "_cm.json"
    path.write_text('{\n  "a": 1,\n  b: 2\n}')
    with pytest.raises(MalformedFile) as caught:
        read_json(str(path))
    assert str(caught.value).startswith(f"{path}:3:3: not valid JSON")


def test_text_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "_cm.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(MalformedFile, match="2: byte 0xff"):
        read_yaml(str(path))


def test_a_list_is_not_a_meta(tmp_path: Path) -> None:
    path = tmp_path / "_cm.yaml"
    path.write_text("- 1\n")
    with pytest.raises(MalformedFile, match="a mapping"):
        read_meta_file(str(path))


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nosuch"):
        read_json(str(tmp_path / "nosuch.json"))


def test_json_is_laid_over_yaml_key_by_key(tmp_path: Path) -> None:
    (tmp_path / "_cm.yaml").write_text("alias: yj\nk: {a: 1, b: 2}\nt: [1]\n")
    (tmp_path / "_cm.json").write_text('{"k": {"b": 3}, "t": [2]}')
    meta, files = load_meta(str(tmp_path), "_cm")
    assert meta == {"alias": "yj", "k": {"b": 3}, "t": [2]}
    assert [os.path.basename(file) for file in files] == ["_cm.yaml", "_cm.json"]


def test_the_new_family_has_no_overlay(tmp_path: Path) -> None:
    (tmp_path / "meta.yaml").write_text("alias: y\n")
    (tmp_path / "meta.json").write_text('{"alias": "j"}')
    meta, files = load_meta(str(tmp_path), "meta")
    assert meta == {"alias": "y"} and len(files) == 1


def test_a_directory_without_meta(tmp_path: Path) -> None:
    assert load_meta(str(tmp_path), "_cm") == ({}, ())


def test_files_are_written_as_cm_writes_them(tmp_path: Path) -> None:
    write_json_atomic(str(tmp_path / "a.json"), {"b": ["é"], "a": {}})
    assert (tmp_path / "a.json").read_bytes() == b'{\n  "a": {},\n  "b": [\n    "\\u00e9"\n  ]\n}\n'
    write_yaml_atomic(str(tmp_path / "a.yaml"), {"uid": "1234567890123456", "alias": "local", "l": [1, 2]})
    assert (tmp_path / "a.yaml").read_bytes() == b"alias: local\nl:\n- 1\n- 2\nuid: '1234567890123456'\n"


def test_a_replaced_file_keeps_its_permissions_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("{}")
    path.chmod(0o640)
    write_json_atomic(str(path), {"a": 1})
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["a.json"]


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
from franca.catalog.files import write_json_atomic
from franca.errors import Unavailable
try:
    write_json_atomic(sys.argv[1], {"k": "x" * 100_000})
except Unavailable as error:
    print(error)
"""


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"old": 1}')
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"no space left to write {path}"
    assert path.read_text() == '{"old": 1}'
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize(
    "meta", [{"a": [1, {"b": None}]}, {"d": datetime.date(2024, 1, 2), "l": [datetime.datetime(2024, 1, 2, 3, 4)]}]
)
def test_packed_metas_come_back(meta: dict[str, Any]) -> None:
    assert unpack(pack(meta)) == meta
