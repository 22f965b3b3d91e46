"""References, versions, merges, placeholders and suggestions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.errors import UsageError
from franca.grammar.merge import append, copied, merge, update
from franca.grammar.reference import parse_ref, parsed_pairs
from franca.grammar.substitution import (
    expand,
    expand_curly,
    expand_dotted,
    expand_env,
    expand_mount,
    unresolved,
)
from franca.grammar.suggest import closest, closest_tags
from franca.grammar.versions import agrees, clamp, compare, in_range

UID, UID2 = "281d5c3e3f69d8e7", "dbfa91645e429380"


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("os", [("os", "")]),
        (UID, [("", UID)]),
        (f"os,{UID}", [("os", UID)]),
        (f"{UID},os", [("os", UID)]),
        (f"repo,{UID2}:os,{UID}", [("os", UID), ("repo", UID2)]),
        ("x:", [("", ""), ("x", "")]),
        ("repo:script", [("script", ""), ("repo", "")]),
        ("get-*", [("get-*", "")]),
        ("", [("", "")]),
        (".:x", [("x", ""), (".", "")]),
    ],
)
def test_references(text: str, pairs: list[tuple[str, str]]) -> None:
    assert parsed_pairs(parse_ref(text)) == pairs


@pytest.mark.parametrize("text", ["a:b:c", "a,b,c", "a,b", f"r:a,{UID},c", "a,b,c:x"])
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(UsageError, match="is not recognized") as caught:
        parse_ref(text)
    assert f"CM object {text} is not recognized" in str(caught.value)


@pytest.mark.parametrize(
    ("a", "b", "classic", "new"),
    [
        ("1.0", "1", 0, 0),
        ("1.10", "1.9", 1, 1),
        ("3.8", "3.11.7", -1, -1),
        ("1.0rc1", "1.0", -1, 0),
        ("1.0rc2", "1.0rc10", -1, 0),
        ("1.0.dev3", "1.0", -1, 0),
        ("1.0.dev3", "1.0a1", -1, 0),
        ("1.0a1", "1.0b1", -1, 0),
        ("1.0.post1", "1.0", 1, 0),
        ("1.1.1f", "1.1.1", 1, 0),
        ("1.1.1a", "1.1.1b", -1, 0),
        ("2.1+cu118", "2.1", 1, 0),
        ("main", "1.0", -1, -1),
        ("main", "master", -1, 0),
        ("", "0", 0, 0),
    ],
)
def test_versions_compare(a: str, b: str, classic: int, new: int) -> None:
    assert (compare(a, b), compare(b, a)) == (classic, -classic)
    assert (compare(a, b, new=True), compare(b, a, new=True)) == (new, -new)


version = st.from_regex(r"\A[0-9]{1,3}(\.[0-9]{1,3}){0,3}(rc[0-9]|\.dev1|a2|f|\+cu1|-x)?\Z")


@given(version, version, version)
def test_version_order_is_an_order(a: str, b: str, c: str) -> None:
    assert compare(a, a) == 0
    assert compare(a, b) == -compare(b, a)
    if compare(a, b) <= 0 and compare(b, c) <= 0:
        assert compare(a, c) <= 0


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_compares(a: str, b: str) -> None:
    assert compare(a, b) in (-1, 0, 1)
    assert compare(a, b, new=True) in (-1, 0, 1)


def test_ranges_and_clamping() -> None:
    assert in_range("1.5", "1.2", "1.5")
    assert in_range("1.5")
    assert not in_range("1.1", "1.2")
    assert not in_range("2", "", "1.9.9")
    # script engine 8.4 and 19.14
    assert clamp("1.2", "1.5") == "1.5"
    assert clamp("1.2", "", "1.1") == "1.1"
    assert clamp("1.2", "", "1.1", "1.0") == "1.0"
    assert clamp("", "1.5") == ""


@pytest.mark.parametrize(
    ("detected", "wanted", "classic", "new"),
    [("3.11.7", "3.11", False, True), ("3.11", "3.11", True, True), ("3.1", "3.11", False, False),
     ("3.11", "3.11.7", False, False), ("3.110", "3.11", False, False), ("9", "", True, True)],
)  # fmt: skip
def test_detected_version_agrees(detected: str, wanted: str, classic: bool, new: bool) -> None:
    assert agrees(detected, wanted) is classic
    assert agrees(detected, wanted, new=True) is new


# ---- merging ------------------------------------------------------------------------------------


def test_merge_of_both_dialects() -> None:
    a = {"+L": ["a", "b"], "d": {"l": ["x"], "k": 1}, "s": "old"}
    b = {"+L": ["b", "c"], "d": {"l": ["x", "y"], "m": 2}, "s": "new"}
    assert merge(a, b) == {"+L": ["a", "b", "c"], "d": {"l": ["x", "x", "y"], "k": 1, "m": 2}, "s": "new"}
    assert merge(a, b, nested_unique=True)["d"]["l"] == ["x", "y"]
    assert merge(a, b, append_unique=False)["+L"] == ["a", "b", "b", "c"]
    assert merge(a, b, append_lists=False)["+L"] == ["b", "c"]
    assert update(a, b)["+L"] == ["b", "c"]
    assert update(a, b)["d"] == {"l": ["x", "y"], "m": 2}


@pytest.mark.parametrize(("old", "new"), [([1], "x"), ("x", [1]), ({"a": 1}, "x"), ("x", {"a": 1}), ([1], {"a": 1})])
def test_a_value_of_another_type_replaces(old: Any, new: Any) -> None:
    assert merge({"k": old}, {"k": new}) == {"k": new}


trees = st.recursive(
    st.one_of(st.integers(0, 3), st.text(max_size=2)),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(st.sampled_from("abc"), below, max_size=3)),
    max_leaves=8,
)
dicts = st.dictionaries(st.sampled_from("abc"), trees, max_size=3)


def containers(value: Any) -> set[int]:
    found = {id(value)} if isinstance(value, (list, dict)) else set()
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return found.union(*(containers(item) for item in below))


@given(dicts, dicts, st.booleans(), st.booleans(), st.booleans())
def test_merge_changes_and_shares_nothing(a: dict, b: dict, lists: bool, unique: bool, nested: bool) -> None:
    before = (copied(a), copied(b))
    for out in (
        merge(a, b, append_lists=lists, append_unique=unique, nested_unique=nested),
        update(a, b),
    ):
        assert (a, b) == before
        assert containers(out).isdisjoint(containers(a) | containers(b))


@given(dicts, dicts)
def test_merge_has_neutral_elements_and_keeps_every_key(a: dict, b: dict) -> None:
    assert merge(a, {}) == a
    assert set(merge(a, b)) == set(a) | set(b)
    assert merge(a, b, append_lists=False) | {} == merge(merge(a, b, append_lists=False), b, append_lists=False)


def test_append_keeps_repeats_of_the_first_list() -> None:
    assert append(["a", "a"], ["b", "b", "a"]) == ["a", "a", "b"]


# ---- placeholders -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<<<A>>>/x", "1/x"),
        ("<<<A>>><<<B>>>", "1two"),
        ("<<<A>>> <<<NO>>> <<<B>>>", "1 <<<NO>>> two"),
        ("<<<<A>>>>", "<1>"),
        ("<<<A <<<B>>>", "<<<A two"),
        ("<<<A", "<<<A"),
        (">>>A<<<", ">>>A<<<"),
        ("<<<C>>>", "<<<A>>>"),
        (["<<<A>>>", 5, True], ["1", 5, True]),
        ({"k": {"l": ["<<<B>>>"]}}, {"k": {"l": ["two"]}}),
        (None, None),
    ],
)
def test_expansion_replaces_what_is_known_once(value: Any, expected: Any) -> None:
    assert expand(value, {"A": 1, "B": "two", "C": "<<<A>>>"}) == expected


def test_unresolved_names_in_order() -> None:
    assert unresolved({"a": "<<<X>>> <<<Y>>>", "b": ["<<<X>>>"], "c": 4}) == ("X", "Y")
    assert unresolved("plain") == ()


def test_env_is_expanded_key_after_key() -> None:
    env = {
        "A": "a",
        "B": "<<<A>>>b",
        "C": "<<<B>>>c",
        "T": True,
        "+P": ["<<<B>>>"],
        "D": "<<<E>>>",
        "F": "<<<Z>>>",
    }
    out = expand_env(env, {"Z": "z", "A": "shadowed"})
    assert out == {**env, "B": "ab", "C": "abc", "+P": ["ab"], "F": "z"}
    assert env["B"] == "<<<A>>>b"


def test_a_plus_key_must_hold_a_list() -> None:
    with pytest.raises(UsageError, match=r"\+PATH"):
        expand_env({"+PATH": "/bin"})


def test_the_other_spellings() -> None:
    assert expand_mount("${{ D }}:${{D}}:${{ N }}", {"D": "/d"}) == "/d:/d:${{ N }}"
    assert expand_curly(["--b={{V}} {{ W }}", "{{N}}"], {"V": 1, "W": "w"}) == ["--b=1 w", "{{N}}"]
    tree = {"a": {"b": {"c": 1}, "x.y": 2}, "p.q": 3}
    assert expand_dotted("${a.b.c} ${a.x.y} ${p.q} ${a.z} $HOME", tree) == "1 2 3 ${a.z} $HOME"


@given(st.text("<>AB", max_size=30))
def test_expansion_of_anything_ends_and_knows_only_its_names(text: str) -> None:
    out = expand(text, {})
    assert out == text
    assert "<<<A>>>" not in expand(text, {"A": ""}) or unresolved(text) == () or "A" in text


# ---- suggestions --------------------------------------------------------------------------------


def test_closest_names() -> None:
    assert closest("fnid", ["find", "load", "info"])[0] == "find"
    assert closest("SCRIPT", ["script"]) == ("script",)
    assert closest("zzz", ["find", "load"]) == ()
    assert closest("comp", ["completion", "copy"])[-1] in ("completion", "copy")
    assert closest_tags(["get", "pyton"], ["get", "python", "cmake"]) == "pyton -> python"
