"""The run algorithm: order of effects, environment rules, reuse (script engine, sections 4 to 10 and 19)."""

from __future__ import annotations

from typing import Any

import pytest

from franca.errors import FrancaError, ScriptNotFound, StepFailed, VariationNotFound
from franca.model.record import replace
from tests.unit.planner.world import World, classic, new


def nothing(live: dict[str, Any]) -> None:
    return None


def test_order_of_a_script_with_everything() -> None:
    world = classic()
    for name in ("d", "pre", "posth", "post"):
        world.add(name, native=nothing)
    world.add(
        "top",
        native=nothing,
        hooks={"preprocess": nothing, "postprocess": nothing},
        deps=[{"tags": "d"}],
        prehook_deps=[{"tags": "pre"}],
        posthook_deps=[{"tags": "posth"}],
        post_deps=[{"tags": "post"}],
    )
    world.run("top")
    assert world.trace == [
        "native:d",
        "hook:top.preprocess",
        "native:pre",
        "native:top",
        "native:posth",
        "hook:top.postprocess",
        "native:post",
    ]
    world.run("top", fake_run=True)
    assert world.trace == ["native:d", "native:pre"]


@pytest.mark.parametrize(("world", "expected"), [(classic(), "mapped"), (new(), "variation")])
def test_a_mapped_flag_beats_a_variation_only_in_classic(world: World, expected: str) -> None:
    world.add("s", new_env_keys=["K"], input_mapping={"k": "K"}, variations={"v": {"env": {"K": "variation"}}})
    assert world.run("s,_v", k="mapped").new_env == {"K": expected}


@pytest.mark.parametrize("world", [classic(), new()])
def test_precedence_of_const_meta_env_and_call_env(world: World) -> None:
    world.add("s", new_env_keys=["K", "D"], env={"K": "meta"}, default_env={"D": "default", "K": "default"})
    assert world.run("s", env={"K": "call", "D": "call"}).new_env == {"K": "meta", "D": "call"}
    assert world.run("s", const={"K": "const"}).new_env["K"] == "const"
    assert world.run("s").new_env == {"K": "meta", "D": "default"}


@pytest.mark.parametrize(("world", "expected"), [(classic(), "version"), (new(), "variation")])
def test_version_block_and_variation(world: World, expected: str) -> None:
    world.add(
        "s",
        new_env_keys=["K"],
        variations={"v": {"env": {"K": "variation"}}},
        versions={"1": {"env": {"K": "version"}}},
    )
    assert world.run("s,_v", version="1").new_env == {"K": expected}


@pytest.mark.parametrize(("world", "expected"), [(classic(), ["b", "c"]), (new(), ["a", "b", "c"])])
def test_a_list_in_a_variation_replaces_in_classic_and_appends_in_new(world: World, expected: list[str]) -> None:
    world.add("s", new_env_keys=["+L"], env={"+L": ["a", "b"]}, variations={"v": {"env": {"+L": ["b", "c"]}}})
    assert world.run("s,_v").new_env == {"+L": expected}


@pytest.mark.parametrize(("world", "expected"), [(classic(), "two/x"), (new(), "one/x")])
def test_placeholders_in_meta_env_see_variations_only_in_classic(world: World, expected: str) -> None:
    world.add("s", new_env_keys=["R"], env={"K": "one", "R": "<<<K>>>/x"}, variations={"v": {"env": {"K": "two"}}})
    assert world.run("s,_v").new_env == {"R": expected}


def test_only_declared_keys_leave_a_script() -> None:
    world = classic()
    world.add("lib", native=lambda live: live.update(OUT="1", HIDDEN="2"), new_env_keys=["OU*"])
    world.add("top", deps=[{"tags": "lib"}], new_env_keys=["OUT", "HIDDEN"])
    assert world.run("top").new_env == {"OUT": "1"}


def test_local_and_temporary_keys_are_withheld_and_put_back() -> None:
    seen: dict[str, dict[str, Any]] = {}
    world = classic()

    def watch(name: str) -> Any:
        return lambda live: seen.__setitem__(name, dict(live))

    for name in ("plain", "forced", "after"):
        world.add(name, native=watch(name))
    world.add(
        "top",
        local_env_keys=["S"],
        env={"S": "s1", "CM_TMP_X": "t1"},
        new_env_keys=["S", "CM_TMP_X"],
        deps=[{"tags": "plain"}, {"tags": "forced", "force_env_keys": ["S", "CM_TMP_X*"]}],
        post_deps=[{"tags": "after"}],
    )
    assert world.run("top").new_env == {"S": "s1", "CM_TMP_X": "t1"}
    assert "S" not in seen["plain"] and "CM_TMP_X" not in seen["plain"]
    assert seen["forced"]["S"] == "s1" and seen["forced"]["CM_TMP_X"] == "t1"
    assert seen["after"]["S"] == "s1" and seen["after"]["CM_TMP_X"] == "t1"


def test_other_dep_keys_are_inputs_and_adr_overrides_them() -> None:
    world = classic()
    world.add("t", input_mapping={"val": "CM_VAL"}, new_env_keys=["CM_VAL"])
    world.add("top", deps=[{"tags": "t", "names": ["n"], "val": "x"}], new_env_keys=["CM_VAL"])
    assert world.run("top").new_env == {"CM_VAL": "x"}
    assert world.run("top", adr={"n": {"val": "y"}}).new_env == {"CM_VAL": "y"}


def test_adr_travels_down_and_ad_does_not() -> None:
    world = classic()
    world.add("lib", variations={"fast": {}})
    world.add("mid", deps=[{"tags": "lib", "names": ["lib"]}])
    world.add("top", deps=[{"tags": "mid"}])
    world.run("top", adr={"lib": {"tags": "_fast"}})
    assert [r.tags for r in world.context.records] == ["lib,_fast", "mid", "top"]
    with pytest.raises(FrancaError, match="lib"):
        world.run("top", ad={"lib": {"tags": "_fast"}})


def test_tags_from_env() -> None:
    world = classic()
    world.add("lib", variations={"opt.#": {}, "x": {}})
    world.add(
        "top",
        default_env={"CM_OPT": "o3", "CM_TAGS": "_x"},
        deps=[
            {
                "tags": "lib",
                "update_tags_from_env_with_prefix": {"_opt.": ["CM_OPT"]},
                "update_tags_from_env": ["CM_TAGS"],
            }
        ],
    )
    assert world.run("top").deps == ("lib,_opt.o3,_x",)


def test_inherited_variations_minus_groups() -> None:
    world = classic()
    table = {"a": {}, "b": {"group": "g"}}
    world.add("lib", variations=table)
    world.add(
        "top",
        variations=table,
        deps=[{"tags": "lib", "inherit_variation_tags": True, "skip_inherit_variation_groups": ["g"]}],
    )
    assert world.run("top,_a,_b").deps == ("lib,_a",)


def test_default_version_rules() -> None:
    blocks = {v: {"env": {"B": v}} for v in ("1.0", "1.2", "2.0")}
    world = classic()
    world.add(
        "s",
        native=nothing,
        default_version="1.2",
        versions=blocks,
        new_env_keys=["B", "CM_VERSION", "CM_TMP_PIP_VERSION_STRING"],
    )

    def got(**wish: str) -> tuple[Any, Any]:
        env = world.run("s", **wish).new_env
        return env.get("B"), env.get("CM_TMP_PIP_VERSION_STRING")

    assert got() == ("1.2", "==1.2")
    assert got(version="9.9") == (None, "==9.9")
    assert got(version_max="1.1") == ("1.2", "==1.1")
    assert got(version_min="1.5") == ("1.2", "==1.5")
    assert got(version_max="1.1", version_max_usable="1.0") == ("1.2", "==1.0")


def test_a_hook_may_change_the_lists_that_come_after_it() -> None:
    world = classic()
    world.add("extra", native=nothing)
    world.add(
        "top",
        hooks={
            "preprocess": lambda live: live["meta"].setdefault("prehook_deps", []).append({"tags": "extra"}) and None
        },
    )
    world.run("top")
    assert "native:extra" in world.trace


def test_conditions_see_what_hooks_set() -> None:
    world = classic()
    world.add("extra", native=nothing)
    world.add(
        "top",
        hooks={"preprocess": lambda live: live["env"].update(GO="yes")},
        prehook_deps=[{"tags": "extra", "enable_if_env": {"GO": ["yes"]}}],
    )
    world.run("top")
    assert world.trace == ["hook:top.preprocess", "native:extra"]


# -- cache --------------------------------------------------------------------------------------


def cached_world() -> World:
    world = classic()
    world.add(
        "lib",
        "get,lib",
        native=lambda live: live.update(OUT="made"),
        cache=True,
        new_env_keys=["OUT"],
        variations={"v": {}, "w": {}},
    )
    return world


def test_a_second_run_reuses_and_does_nothing() -> None:
    world = cached_world()
    assert world.run("get,lib").new_env == {"OUT": "made"}
    assert world.trace == ["native:lib", "store:lib"]
    assert world.run("get,lib").new_env == {"OUT": "made"}
    assert world.trace == []


def test_a_request_without_variations_takes_any_and_an_exclusion_does_not() -> None:
    world = cached_world()
    world.run("get,lib,_v")
    world.run("get,lib")
    assert world.trace == []
    world.run("get,lib,-_v")
    assert world.trace == ["native:lib", "store:lib"]


def test_new_renew_skip_and_only() -> None:
    world = cached_world()
    with pytest.raises(StepFailed, match="no cached result"):
        world.run("get,lib", only_execute_from_cache=True)
    world.run("get,lib")
    world.run("get,lib", new=True)
    assert world.trace == ["native:lib", "store:lib"] and len(world.entries) == 2
    world.run("get,lib", skip_cache=True)
    assert world.trace == ["native:lib"]


def test_a_failed_script_leaves_no_entry() -> None:
    world = classic()

    def fail(live: dict[str, Any]) -> None:
        raise StepFailed("boom")

    world.add("bad", native=fail, cache=True)
    world.add("top", deps=[{"tags": "bad"}], cache=True)
    with pytest.raises(StepFailed) as caught:
        world.run("top")
    assert caught.value.chain == ("top", "bad") and caught.value.step == "bad"
    assert world.trace == ["native:bad", "drop", "drop"] and not world.entries


def test_a_plain_skip_restores_everything_and_keeps_no_entry() -> None:
    world = classic()
    world.add(
        "s",
        cache=True,
        new_env_keys=["K"],
        hooks={"preprocess": lambda live: live["env"].update(K="1") or {"skip": True}},
    )
    result = world.run("s")
    assert result.skipped and result.new_env == {} and "K" not in result.scope.env
    assert "drop" in world.trace and not world.entries


def test_a_skip_may_redirect_to_another_script() -> None:
    world = classic()
    world.add("other", new_env_keys=["K"], env={"K": "other"})
    world.add("s", cache=True, hooks={"preprocess": lambda live: {"skip": True, "redirect": {"tags": "other"}}})
    assert world.run("s").new_env == {"K": "other"}


def test_dynamic_deps_run_again_on_reuse() -> None:
    world = classic()
    world.add("dyn", native=nothing)
    world.add("static", native=nothing)
    world.add("s", cache=True, deps=[{"tags": "dyn", "dynamic": True}, {"tags": "static"}])
    world.run("s")
    world.run("s")
    assert world.trace == ["native:dyn"]


def test_version_returned_by_a_hook_is_recorded_and_tagged() -> None:
    world = classic()
    world.add("s", cache=True, hooks={"postprocess": lambda live: {"version": "3.1"}})
    world.run("s", version="4.0")
    assert world.entries[0].version == "3.1"
    assert "version-3.1" in world.entries[0].tags and "version-4.0" not in world.entries[0].tags
    world.run("s", version_min="3.0")
    assert "store:s" not in world.trace
    world.run("s", version_min="3.2")
    assert "store:s" in world.trace


# -- selection ----------------------------------------------------------------------------------


def test_selection_messages() -> None:
    world = classic()
    world.add("a", "x,y", variations={"v": {}})
    with pytest.raises(ScriptNotFound) as caught:
        world.run("nope")
    assert caught.value.status == 1
    with pytest.raises(VariationNotFound, match="_v") as missing:
        world.run("x,_w")
    assert missing.value.status == 16


def test_several_candidates_are_asked_once_and_remembered() -> None:
    world = classic()
    world.add("one", "t", native=nothing)
    world.add("two", "t", native=nothing, sort=-1)
    world.add("top", deps=[{"tags": "t"}, {"tags": "t"}])
    world.chosen = 1
    world.run("top", quiet=False)
    assert world.trace == ["choose:2", "native:one", "native:one"]
    world.run("top")
    assert world.trace == ["native:two", "native:two"], "without a question the lowest sort key comes first"


def test_among_our_own_recipes_the_lowest_sort_key_is_meant_and_nobody_is_asked() -> None:
    world = classic()
    world.repo = replace(world.repo, writable=False)
    world.add("benchmark", "t", native=nothing)
    world.add("checker", "t,more", native=nothing, sort=1)
    world.chosen = 1
    world.run("t", quiet=False)
    assert world.trace == ["native:benchmark"]
    world.run("t,more", quiet=False)
    assert world.trace == ["native:checker"]


def test_endless_recursion_is_named() -> None:
    world = classic()
    world.add("loop", deps=[{"tags": "loop"}])
    with pytest.raises(StepFailed, match="nested deeper"):
        world.run("loop")


def test_the_same_answers_lead_to_the_same_questions() -> None:
    def build() -> World:
        world = cached_world()
        world.add("top", deps=[{"tags": "get,lib,_v"}], hooks={"preprocess": lambda live: live["env"].update(K="1")})
        return world

    first, second = build(), build()
    first.run("top")
    second.run("top")
    assert [name for name, _ in first.replies] == [name for name, _ in second.replies]
