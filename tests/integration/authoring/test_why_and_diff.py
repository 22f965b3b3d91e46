"""franca plan --why and --diff: what decided a step, and what differs from before."""

from __future__ import annotations

import json

from tests.integration.authoring.conftest import Franca
from tests.integration.engine.conftest import Bench


def content(bench: Bench) -> None:
    bench.script(
        "lib-one",
        "tags: [get, lib, one]\ncache: true\nversions: {'1.0': {}, '2.0': {}}\n"
        "default_version: '1.0'\nvariations:\n"
        "  fast: {group: speed, default: true}\n  slow: {group: speed}\n"
        "  big: {base: [slow]}\n",
        run="echo CM_ONE=1 > tmp-run-env.out\n",
    )
    bench.script("lib-two", "tags: [get, lib, two]\n")
    bench.script("lib-other", "tags: [get, lib, one, other]\n")
    bench.script("lib-plain", "tags: [get, lib, one, plain]\nvariations: {fast: {}}\n")
    bench.script("top", "deps:\n- {tags: 'get,lib,one', names: [lib], enable_if_env: {CM_GO: [yes, maybe]}}\n"
                 "- {tags: 'get,lib,two', skip_if_env: {CM_GO: ['yes']}}\n")  # fmt: skip


def test_why_names_conditions_variations_and_rejected_scripts(bench: Bench, franca: Franca) -> None:
    content(bench)
    got = franca("plan", "top", "--env.CM_GO=yes", "--adr.lib.tags=_big", "--why=lib-one", "--quiet")
    assert got.status == 0, got.err
    for text in (
        "1 top needs it (deps, known there as lib)",
        "written as get,lib,one; added by its callers or by variables: _big",
        "it runs only if CM_GO is True or maybe; it is yes",
        "script lib-one,",
        "not lib-other,",
        "it has no variation _big",
        "not lib-two,0000000000000002: it lacks the tag one",
        "_big: asked for",
        "_slow: base of _big",
        "version 1.0, the script's default",
        "a cached result must have: get,lib,one,_big",
        "its script has made none yet",
    ):
        assert text in got.out, text
    assert "lib-two (" not in got.out


def test_why_says_which_tag_a_cached_result_lacks(bench: Bench, franca: Franca) -> None:
    content(bench)
    assert franca("run", "lib-one", "--tags=_slow", "--version=2.0").status == 0
    entry = bench.entries()[0].name
    got = franca("plan", "get lib one", "--tags=get,lib,one,_fast", "--version=1.0", "--why=1", "--quiet")
    assert f"cached result not {entry} version 2.0: it lacks the tag _fast, version-1.0" in got.out
    assert "version 1.0, asked for" in got.out
    got = franca("plan", "lib-one", "--version_min=3.0", "--why=1", "--quiet", "--json").json["why"][0]
    assert [c["rejected"] for c in got["entries"]] == ["its version 2.0 is out of range (3.0 to *)"]
    hit = franca("plan", "lib-one", "--why=1", "--quiet", "--json").json["why"][0]
    assert [(c["name"], c["rejected"]) for c in hit["entries"]] == [(f"{entry} version 2.0", "")]


def test_why_explains_a_step_that_is_left_out(bench: Bench, franca: Franca) -> None:
    content(bench)
    got = franca("plan", "top", "--env.CM_GO=yes", "--why=1.2", "--quiet")
    assert "it is skipped if CM_GO is yes; it is yes" in got.out
    assert franca("plan", "top", "--why=nothing-like-it", "--quiet").status == 16


def test_diff_against_a_run_and_against_a_stored_plan(bench: Bench, franca: Franca) -> None:
    content(bench)
    assert franca("run", "top", "--env.CM_GO=yes", "--quiet").status == 0
    got = franca("plan", "top", "--env.CM_GO=no", "--adr.lib.version=2.0", "--quiet", "--diff=last", "--json").json
    assert [(c["kind"], c["path"][-1]) for c in got["changes"]] == [
        ("added", "get,lib,two"),
        ("removed", "get,lib,one"),
    ]
    got = franca("plan", "top", "--env.CM_GO=yes", "--adr.lib.version=2.0", "--quiet", "--diff=last")
    assert "top > get,lib,one: version 1.0 -> 2.0" in got.out
    (bench.work / "plan.json").write_text(franca("plan", "top", "--env.CM_GO=yes", "--quiet", "--json").out)
    same = franca("plan", "top", "--env.CM_GO=yes", "--quiet", "--diff=plan.json")
    assert same.out == "nothing differs from plan.json\n"
    got = franca("plan", "top", "--env.CM_GO=yes", "--quiet", "--adr.lib.tags=_slow", "--diff=plan.json", "--json").json
    assert {(c["kind"], c["path"][-1]) for c in got["changes"]} == {
        ("added", "get,lib,one,_slow"), ("removed", "get,lib,one"),
    }  # fmt: skip


def test_diff_wants_a_run_or_a_plan(bench: Bench, franca: Franca) -> None:
    content(bench)
    assert "there is no run 'xyz'" in franca("plan", "top", "--diff=xyz", "--quiet").err
    (bench.work / "no.json").write_text(json.dumps({"a": 1}))
    got = franca("plan", "top", "--diff=no.json", "--quiet")
    assert got.status == 4 and "not a plan" in got.err
