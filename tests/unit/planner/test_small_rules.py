"""Rules that the reference interpreter found broken; each was measured on both existing engines as well."""

from __future__ import annotations

from typing import Any

import pytest

from franca.errors import FrancaError
from tests.unit.planner import world as worlds
from tests.unit.planner.world import World


@pytest.fixture(params=[worlds.classic, worlds.new], ids=["classic", "new"])
def world(request: pytest.FixtureRequest) -> World:
    made: World = request.param()
    return made


class Seen:
    """A native script that keeps the environments that it saw."""

    def __init__(self) -> None:
        self.envs: list[dict[str, Any]] = []

    def __call__(self, env: dict[str, Any]) -> None:
        self.envs.append(dict(env))


def status(world: World, tags: str, **inputs: Any) -> int:
    with pytest.raises(FrancaError) as caught:
        world.run(tags, **inputs)
    return caught.value.status


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"A": "own", "E": "f<<<A>>>"}, {"A": "own", "E": "fown"}),
        ({"A": "<<<A>>>x"}, {"A": "outerx"}),
        ({"D": "f<<<E>>>", "E": "g<<<A>>>"}, {"D": "fgouter", "E": "gouter"}),
        ({"D": "<<<NOBODY>>>"}, {"D": "<<<NOBODY>>>"}),
        ({"D": "<<<E>>>", "E": "<<<D>>>", "A": "1"}, {"A": "1"}),
    ],
)
def test_the_env_of_a_dep_reads_itself_before_its_caller(
    world: World, own: dict[str, str], expected: dict[str, str]
) -> None:
    seen = Seen()
    world.add("dep", native=seen)
    world.add("top", env={"A": "outer"}, deps=[{"tags": "dep", "env": own}])
    world.run("top")
    assert {k: seen.envs[0][k] for k in expected} == expected


def test_the_renewal_flag_is_set_only_when_there_is_something_to_renew(world: World) -> None:
    seen = Seen()
    world.add("top", native=seen, cache=True)
    world.run("top", renew=True)
    world.run("top", renew=True)
    key = world.dialect.key("RENEW_CACHE_ENTRY")
    assert [env.get(key) for env in seen.envs] == [None, "yes"]


@pytest.mark.parametrize("tags", ["top,_a,-_a", "top,-top", "top,_b,_a,-_b"])
def test_what_is_wanted_and_excluded_is_refused(world: World, tags: str) -> None:
    world.add("top", variations={"a": {}, "b": {}})
    assert status(world, tags) == 1


@pytest.mark.parametrize(("tags", "value"), [("top", "a"), ("top,-_b", None), ("top,_b", None)])
def test_an_exclusion_alone_keeps_the_default_variation_away(world: World, tags: str, value: str | None) -> None:
    seen = Seen()
    world.add("top", native=seen, default_variation="a", variations={"a": {"env": {"A": "a"}}, "b": {}})
    world.run(tags)
    assert seen.envs[0].get("A") == value


@pytest.mark.parametrize("fault", [{"default_variation": "none"}, {"variations": {"a": {"base": ["none"]}}}])
def test_a_variation_that_the_script_itself_names_in_vain_is_not_a_caller_s_error(
    world: World, fault: dict[str, Any]
) -> None:
    world.add("top", **fault)
    assert status(world, "top,_a" if "variations" in fault else "top") == 1


def test_a_dep_without_names_replaces_one_of_the_same_tags_that_has_names(world: World) -> None:
    seen = Seen()
    world.add("dep", native=seen)
    more = {"deps": [{"tags": "dep", "env": {"A": "1"}}]}
    world.add("top", deps=[{"tags": "dep", "names": ["x"]}], variations={"a": more})
    world.run("top,_a")
    assert [env.get("A") for env in seen.envs] == ["1"]


def test_ad_in_a_block_must_name_a_dep(world: World) -> None:
    world.add("dep")
    world.add("top", deps=[{"tags": "dep", "names": ["x"]}], variations={"a": {"ad": {"y": {"env": {"A": "1"}}}}})
    assert status(world, "top,_a") == 1


@pytest.mark.parametrize(
    ("listed", "value", "runs"),
    [(["no", "2"], "2", False), (["no", "2"], "no", True), (["yes", "2"], "2", True), (["", "2"], "2", True)],
)
def test_a_falsy_word_in_a_condition_decides_alone(world: World, listed: list[str], value: str, runs: bool) -> None:
    seen = Seen()
    world.add("dep", native=seen)
    world.add("top", deps=[{"tags": "dep", "enable_if_env": {"A": listed}}])
    world.run("top", env={"A": value})
    assert bool(seen.envs) is runs


def test_an_empty_word_is_a_falsy_one_in_the_any_form(world: World) -> None:
    seen = Seen()
    world.add("dep", native=seen)
    world.add("top", deps=[{"tags": "dep", "enable_if_any_env": {"A": ["", "2"]}}])
    world.run("top", env={"A": "2"})
    assert seen.envs == []


def test_exclusions_are_inherited_with_the_variations(world: World) -> None:
    seen = Seen()
    world.add("dep", native=seen, default_variation="c", variations={"a": {}, "c": {"env": {"A": "c"}}})
    world.add("top", variations={"a": {}, "c": {}}, deps=[{"tags": "dep", "inherit_variation_tags": True}])
    world.run("top,-_c")
    assert "A" not in seen.envs[0]


def test_an_entry_is_tagged_with_what_was_asked_and_with_what_came_of_it(world: World) -> None:
    def change(env: dict[str, Any]) -> None:
        env["A"] = "2"

    tagged = [{"env": "A", "prefix": "k-"}]
    world.add("top", cache=True, native=change, default_env={"A": "1"}, extra_cache_tags_from_env=tagged)
    world.run("top")
    assert {t for t in world.entries[0].tags if t.startswith("deps-")} == {"deps-k-1", "deps-k-2"}


def test_a_recorded_dep_takes_away_only_what_it_may_not_see(world: World) -> None:
    seen = Seen()
    key = world.dialect.key
    world.add("dep")
    dep = {"tags": "dep", "force_env_keys": [key("TMP_A")]}
    world.add("top", native=seen, env={key("TMP_A"): "a", key("TMP_B"): "b"}, deps=[dep])
    world.run("top", fake_deps=True)
    assert key("TMP_A") in seen.envs[0] and key("TMP_B") not in seen.envs[0]


def test_adr_of_a_version_reaches_the_deps_of_variations(world: World) -> None:
    world.add("dep", variations={"b": {"env": {"A": "b"}}}, native=(seen := Seen()))
    more = {"g": {"deps": [{"tags": "dep", "names": ["y"]}]}}
    world.add("top", variations=more, versions={"1.2": {"adr": {"y": {"tags": "_b"}}}})
    world.run("top,_g", version="1.2")
    assert [env.get("A") for env in seen.envs] == ["b"]


def test_adr_of_a_variation_and_a_version_apply_as_one_with_their_conditions(world: World) -> None:
    world.add("dep", native=(seen := Seen()))
    never = {"adr": {"y": {"skip_if_env": {}}}}
    versions = {"1.2": {"adr": {"y": {"env": {"A": "1"}}}}}
    world.add("top", deps=[{"tags": "dep", "names": ["y"]}], variations={"g": never}, versions=versions)
    world.run("top,_g", version="1.2")
    # the new dialect applies the version before the variation, so its part is there already
    assert [env.get("A") for env in seen.envs] == ["1" if world.dialect.is_new else None]
