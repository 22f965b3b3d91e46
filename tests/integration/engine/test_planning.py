"""Plans: the same algorithm with nothing done, and honest about what only a run can tell."""

from __future__ import annotations

from pathlib import Path

from franca.catalog.catalog import Catalog
from franca.engine import Engine
from franca.model.plan import DEFER, REUSE, RUN, SKIP, Plan
from tests.integration.engine.conftest import Bench


def plan(bench: Bench, tags: str, **inputs: object) -> Plan:
    catalog = Catalog.open(bench.environ())
    return Engine(catalog, environ=bench.environ()).plan({"tags": tags, "quiet": True, **inputs})


def actions(plan: Plan) -> dict[str, str]:
    return {step.label: step.action for step in plan.step.walk()}


def snapshot(folder: Path) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file() and "index" not in p.name}


def test_conditions_that_are_known_are_decided_and_the_others_name_what_they_wait_for(bench: Bench) -> None:
    bench.script("lib")
    bench.script(
        "setter", "new_env_keys: [CM_MAYBE]\n", customize="def preprocess(i):\n    i['env']['CM_MAYBE'] = '1'\n"
    )
    bench.script("late")
    bench.script(
        "top",
        "deps:\n- {tags: lib, enable_if_env: {CM_GO: [yes]}}\n- {tags: lib, names: [n], skip_if_env: {CM_GO: [yes]}}\n"
        "- tags: setter\n- {tags: late, enable_if_env: {CM_MAYBE: ['1']}}\n",
    )
    made = plan(bench, "top", env={"CM_GO": "yes"})
    assert [(s.label, s.action) for s in made.step.steps] == [
        ("lib", RUN),
        ("lib", SKIP),
        ("setter", RUN),
        ("late", DEFER),
    ]
    late = made.step.steps[-1]
    assert late.waits_for == ("CM_MAYBE",) and late.section == "deps" and late.id == "1.4"
    assert made.counts() == {REUSE: 0, RUN: 3, SKIP: 1, DEFER: 1}


def test_what_a_caller_does_not_know_its_dependencies_do_not_know_either(bench: Bench) -> None:
    bench.script("compiler", "deps: [{tags: flags, skip_if_env: {CM_DONE: [yes]}}]\n")
    bench.script("flags", "deps: [{tags: compiler, skip_if_env: {CM_CC: [on]}}]\n")
    bench.script(
        "gcc", "new_env_keys: [CM_CC]\npost_deps: [{tags: flags}]\n",
        customize="def postprocess(i):\n    i['env']['CM_CC'] = 'gcc'\n    return {'return': 0}\n",
    )  # fmt: skip
    made = plan(bench, "gcc")
    flags = made.step.steps[0]
    assert flags.label == "flags" and [(s.label, s.action) for s in flags.steps] == [("compiler", DEFER)]


def test_a_plan_changes_nothing_and_sees_the_cache(bench: Bench) -> None:
    bench.script("lib", "cache: true\nnew_env_keys: [CM_X]\n", run="echo CM_X=1 > tmp-run-env.out\n")
    bench.script("top", "deps: [{tags: lib}]\n", run="touch ran\n")
    assert actions(plan(bench, "top")) == {"top": RUN, "lib": RUN}
    bench.new_env("--tags=lib")
    before = snapshot(bench.root)
    made = plan(bench, "top")
    assert actions(made) == {"top": RUN, "lib": REUSE}
    assert snapshot(bench.root) == before and not (bench.work / "ran").exists()
    assert made.step.steps[0].cache_path == str(bench.entries()[0])


def test_what_an_earlier_step_would_cache_a_later_one_finds(bench: Bench) -> None:
    bench.script("tool", "cache: true\nnew_env_keys: [CM_TOOL]\nenv: {CM_TOOL: t}\n")
    bench.script(
        "probe", "cache: true\nnew_env_keys: [CM_FOUND]\n",
        customize="def postprocess(i):\n    i['env']['CM_FOUND'] = '1'\n    return {'return': 0, 'version': '3.1'}\n",
    )  # fmt: skip
    bench.script(
        "top",
        "deps:\n- tags: tool\n- tags: probe\n- tags: tool\n- tags: probe\n- {tags: probe, version_min: '2.0'}\n"
        "- {tags: tool, enable_if_env: {CM_TOOL: [t]}}\n- {tags: tool, enable_if_env: {CM_FOUND: ['1']}}\n",
    )
    made = plan(bench, "top")
    # the version that a hook will find is open, so the third probe may run; and so is what it sets
    assert [s.action for s in made.step.steps] == [RUN, RUN, REUSE, REUSE, RUN, REUSE, DEFER]
    assert made.step.steps[-1].waits_for == ("CM_FOUND",)
    assert bench.cm("run", "script", "top", "--quiet").returncode == 0
    assert len(bench.entries()) == 2
