"""The data functions of ``cmind.utils`` and ``mlc.utils`` behave as content counts on (CM core, section 11)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.compat import content_data as data

MERGES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("nested mappings merge", {"a": {"x": 1}}, {"a": {"y": 2}}, {}, {"a": {"x": 1, "y": 2}}),
    ("lists are replaced", {"l": [1, 2]}, {"l": [3]}, {}, {"l": [3]}),
    ("lists are appended", {"l": [1]}, {"l": [1, 2]}, {"append_lists": True}, {"l": [1, 1, 2]}),
    ("appended once", {"l": [1]}, {"l": [1, 2]}, {"append_lists": True, "append_unique": True}, {"l": [1, 2]}),
    ("a type change replaces", {"a": {"x": 1}}, {"a": "text"}, {}, {"a": "text"}),
    ("ignored keys stay", {"a": 1}, {"a": 2, "b": 3}, {"ignore_keys": ["a"]}, {"a": 1, "b": 3}),
    (
        "appending reaches nested lists, uniqueness does not",
        {"n": {"l": [1]}},
        {"n": {"l": [1]}},
        {"append_lists": True, "append_unique": True},
        {"n": {"l": [1, 1]}},
    ),
]


@pytest.mark.parametrize(("name", "one", "two", "flags", "wanted"), MERGES, ids=[m[0] for m in MERGES])
def test_merge_dicts(
    name: str, one: dict[str, Any], two: dict[str, Any], flags: dict[str, Any], wanted: dict[str, Any]
) -> None:
    target = copy.deepcopy(one)
    result = data.merge_dicts({"dict1": target, "dict2": copy.deepcopy(two), **flags})
    assert result["return"] == 0
    assert result["dict1"] == wanted
    assert result["dict1"] is target, "merging is in place"


def test_the_new_dialect_passes_the_options_down() -> None:
    result = data.merge_dicts_deep(
        {"dict1": {"n": {"l": [1]}}, "dict2": {"n": {"l": [1, 2]}}, "append_lists": True, "append_unique": True}
    )
    assert result["dict1"] == {"n": {"l": [1, 2]}}


def test_a_replacing_list_is_a_copy() -> None:
    extra = {"l": [1]}
    merged = data.merge_dicts({"dict1": {}, "dict2": extra})["dict1"]
    merged["l"].append(2)
    assert extra == {"l": [1]}


@pytest.mark.parametrize(
    ("one", "two", "wanted"),
    [
        ("1.2", "1.10", -1),
        ("1.0", "1", 0),
        ("3.9.1", "3.9", 1),
        ("1.0rc1", "1.0", -1),
        ("2.0", "10.0", -1),
        ("1.0a1", "1.0b1", -1),
    ],
)
def test_versions_are_compared_by_numbers(one: str, two: str, wanted: int) -> None:
    assert data.compare_versions(one, two) == wanted
    assert data.compare_versions(two, one) == -wanted


@pytest.mark.parametrize(
    ("text", "true", "false"),
    [
        ("yes", True, False),
        ("On", True, False),
        ("1", True, False),
        (True, True, False),
        ("no", False, True),
        ("OFF", False, True),
        ("0", False, True),
        (False, False, True),
        ("", False, False),
        ("maybe", False, False),
    ],
)
def test_words_for_yes_and_no(text: object, true: bool, false: bool) -> None:
    assert (data.is_true(text), data.is_false(text)) == (true, false)


def test_lines_become_a_dictionary_and_values_keep_their_equals_signs() -> None:
    assert data.convert_env_to_dict("A=1\nB=x=y z\n\nnonsense\n")["dict"] == {"A": "1", "B": "x=y z"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("a, b,a", ["a", "b"]), ("", []), ("a,,b,", ["a", "", "b"]), (" x ", ["x"])],
)
def test_tags_of_a_text(text: str, wanted: list[str]) -> None:
    assert data.convert_tags_to_list({"tags": text}) == wanted


def test_references_and_back() -> None:
    uid, repo = "281d5c3e3f69d8e7", "dbfa91645e429380"
    parsed = data.parse_cm_object(f"repo,{repo}:os,{uid}")
    assert parsed["cm_object"] == [("os", uid), ("repo", repo)]
    assert data.parse_cm_object("a:b:c")["return"] == 1
    assert data.assemble_cm_object("os", uid) == f"os,{uid}"
    assert data.assemble_cm_object("", uid) == uid
    assert data.assemble_cm_object2(("os", "")) == "os"


@pytest.mark.parametrize(
    ("stored", "wanted", "match"),
    [
        (("u1", "right"), ("u1", "wrong"), True),
        (("u1", "right"), ("u2", "right"), False),
        (("", "right"), ("", "RIGHT"), True),
        (("u1", "get-python"), ("", "get-*"), True),
        (("u1", "x"), ("", ""), True),
    ],
)
def test_uids_decide_before_aliases(stored: tuple[str, str], wanted: tuple[str, str], match: bool) -> None:
    assert data.match_objects(*stored, *wanted)["match"] is match


def test_sub_input_selects_and_excludes() -> None:
    i = {"automation": "a", "artifact": "b", "x": 1}
    assert data.sub_input(i, ["automation", "nothing"]) == {"automation": "a"}
    assert data.sub_input(i, ["automation"], reverse=True) == {"artifact": "b", "x": 1}


def test_flat_keys_write_and_read() -> None:
    tree: dict[str, Any] = {}
    assert data.update_dict_with_flat_key("a.b.c", 1, tree) == {"return": 0}
    assert tree == {"a": {"b": {"c": 1}}}
    assert data.get_value_from_dict_with_flat_key("a.b.c", tree) == 1
    assert data.get_value_from_dict_with_flat_key("a.x.c", tree) is None
    assert data.update_dict_with_flat_key("a.b.c.d", 1, tree)["return"] == 1


words = st.text(st.characters(categories=["Ll", "Nd"]), min_size=1, max_size=4)
trees = st.recursive(st.integers(), lambda inner: st.dictionaries(words, inner, min_size=1, max_size=3), max_leaves=8)


@given(st.dictionaries(words, trees, max_size=4))
def test_flattening_keeps_every_leaf(tree: dict[str, Any]) -> None:
    flat = data.flatten_dict(tree)
    rebuilt: dict[str, Any] = {}
    for key, value in flat.items():
        assert data.get_value_from_dict_with_flat_key(key, tree) == value
        data.update_dict_with_flat_key(key, value, rebuilt)
    assert rebuilt == tree


@given(st.dictionaries(words, trees, max_size=4), st.dictionaries(words, trees, max_size=4))
def test_after_a_merge_every_leaf_of_the_second_is_there(one: dict[str, Any], two: dict[str, Any]) -> None:
    merged = data.merge_dicts({"dict1": copy.deepcopy(one), "dict2": two})["dict1"]
    for key, value in data.flatten_dict(two).items():
        assert data.get_value_from_dict_with_flat_key(key, merged) == value


def test_unknown_inputs_are_named() -> None:
    result = data.test_input({"b": 1, "a": 2})
    assert (result["return"], result["unknown_keys"]) == (1, ["a", "b"])
    assert data.test_input({}) == {"return": 0}


@pytest.mark.parametrize(("text", "wanted"), [("v12.3", 12), ("none", 0), (7, 7)])
def test_the_first_digits(text: object, wanted: int) -> None:
    assert data.digits(text) == wanted


def test_templates_keep_what_they_do_not_know() -> None:
    assert data.substitute_template("{{ a }}-{{b}}", {"a": 1}) == "1-{{b}}"
