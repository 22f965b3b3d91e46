"""The final list of variations (script engine, section 7)."""

from __future__ import annotations

import pytest

from franca.errors import Conflict, VariationNotFound
from franca.planner.variations import Variations, check_combinations, close


def final(
    table: dict, requested: list[str], excluded: list[str] | None = None, *, new: bool = False, **more: object
) -> list[str]:
    return list(close(Variations(table, script="s"), requested, excluded or [], new=new, **more))


def test_group_default_is_taken_unless_a_member_is_chosen_or_it_is_excluded() -> None:
    table = {"a": {"group": "g", "default": True}, "b": {"group": "g"}, "c": {}}
    assert final(table, []) == ["a"]
    assert final(table, ["b"]) == ["b"]
    assert final(table, ["c"]) == ["c", "a"]
    assert final(table, [], ["a"]) == []


def test_two_members_of_a_group_are_an_error() -> None:
    table = {"a": {"group": "g"}, "b": {"group": "g"}}
    with pytest.raises(Conflict, match="_a, _b"):
        final(table, ["a", "b"])


def test_a_dynamic_member_counts_as_chosen() -> None:
    table = {"g.#": {"group": "g", "env": {"K": "#"}}, "d": {"group": "g", "default": True}}
    assert final(table, ["g.7"]) == ["g.7"]
    assert Variations(table, script="s").block("g.7")["env"] == {"K": "7"}
    assert Variations(table, script="s").block("g.1.2")["env"] == {"K": "1.2"}
    assert table["g.#"]["env"] == {"K": "#"}, "the script's own meta stays as it is"


def test_bases_follow_in_classic_and_lead_in_new() -> None:
    table = {"child": {"base": ["b"]}, "b": {}}
    assert final(table, ["child"]) == ["child", "b"]
    assert final(table, ["child"], new=True) == ["b", "child"]


def test_bases_of_bases() -> None:
    assert final({"a": {"base": ["b"]}, "b": {"base": ["c"]}, "c": {}}, ["a"]) == ["a", "b", "c"]


def test_an_excluded_base_is_an_error() -> None:
    with pytest.raises(Conflict, match="_b"):
        final({"a": {"base": ["b"]}, "b": {}}, ["a"], ["b"])


def test_alias_adds_its_target_and_may_not_have_a_group() -> None:
    assert final({"x": {"alias": "y"}, "y": {}}, ["x"]) == ["x", "y"]
    with pytest.raises(Conflict):
        final({"x": {"alias": "y", "group": "g"}, "y": {}}, ["x"])
    with pytest.raises(Conflict):
        final({"x": {"alias": "y"}, "y": {}}, ["x"], ["y"])
    with pytest.raises(VariationNotFound):
        final({"x": {"alias": "z"}}, ["x"])


def test_default_variations_fill_groups_without_a_member() -> None:
    table = {"a": {"default_variations": {"g": "m1"}}, "m1": {"group": "g"}, "m2": {"group": "g", "default": True}}
    assert final(table, ["a"]) == ["a", "m1"]
    assert final(table, ["a", "m2"]) == ["a", "m2"]


def test_meta_default_variation_serves_an_empty_request() -> None:
    assert final({"d": {}, "e": {}}, [], default_variation="d") == ["d"]
    assert final({"d": {}, "e": {}}, ["e"], default_variation="d") == ["e"]


def test_meta_default_variations_only_count_in_the_new_dialect() -> None:
    table = {"m1": {"group": "g"}, "m2": {"group": "g", "default": True}}
    assert final(table, [], new=True, group_defaults=[{"g": "m1"}]) == ["m1"]
    assert final(table, [], new=False, group_defaults=[{"g": "m1"}]) == ["m2"]


def test_combined_variations_come_with_fewest_members_first() -> None:
    table = {"a": {}, "b": {}, "c": {}, "a,b,c": {"env": {"n": 3}}, "a,b": {"env": {"n": 2}}, "a,z": {}}
    variations = Variations(table, script="s")
    assert [name for name, _ in variations.combined(["a", "b", "c"], dynamic=False)] == ["a,b", "a,b,c"]


def test_a_dynamic_component_of_a_combined_variation_in_the_new_dialect() -> None:
    variations = Variations({"a": {}, "p.#": {}, "a,p.#": {"env": {"K": "#"}}}, script="s")
    assert [b["env"]["K"] for _, b in variations.combined(["a", "p.9"], dynamic=True)] == ["9"]
    assert list(variations.combined(["a", "p.9"], dynamic=False)) == []


def test_unknown_names_are_named_with_what_there_is() -> None:
    with pytest.raises(VariationNotFound, match=r"_nope.*_a"):
        final({"a": {}}, ["nope"])


def test_combination_rules() -> None:
    check_combinations({"valid_variation_combinations": [["a", "b"]]}, ["a", "b", "c"], "s")
    with pytest.raises(Conflict):
        check_combinations({"valid_variation_combinations": [["a", "b"]]}, ["a"], "s")
    with pytest.raises(Conflict):
        check_combinations({"invalid_variation_combinations": [["a", "b"]]}, ["b", "a"], "s")
