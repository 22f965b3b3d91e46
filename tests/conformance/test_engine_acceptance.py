"""The acceptance list of the script engine, one test an item (script engine, section 22; the number is the item's).

Item 2 is the 14 examples of section 19 and the table of section 6.1, each in both dialects, with small scripts of
our own. Item 1 needs copies of the two content collections: FRANCA_CONTENT names their folders, parted by ``:``.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.bench import Bench, Meta
from tests.conformance.replay import CLASSIC, NEW, Place

#: How many scripts of each collection resolve with its own engine; the rest fail because of content.
RESOLVE_UPSTREAM = {"classic": (287, 295), "new": (364, 370)}


# --- 1: the content collections --------------------------------------------------------------------------


def collections() -> list[Path]:
    return [Path(one) for one in os.environ.get("FRANCA_CONTENT", "").split(os.pathsep) if one]


@pytest.mark.slow
@pytest.mark.skipif(not collections(), reason="FRANCA_CONTENT names no copy of a content collection")
def test_item_1_every_script_of_the_collections_resolves(tmp_path: Path) -> None:
    from franca.compat.access import CM
    from franca.model.dialect import DIALECTS

    for repo in collections():
        side = NEW if (repo / "meta.yaml").exists() else CLASSIC
        place = Place(side, repo, tmp_path / side.dialect)
        os.chdir(place.work)
        cm = CM(environ=place.environ({}), home_dialect=DIALECTS[side.dialect])
        scripts = [one for one in cm.access("find script")["list"] if one.path.startswith(str(repo))]
        failed = {}
        for one in scripts:
            request = {"action": "run", "automation": "script", "artifact": one.meta["uid"], "quiet": True}
            result = cm.access({**request, "fake_run": True, "fake_deps": True, "print_deps": True, "silent": True})
            if result["return"]:
                failed[one.meta["alias"]] = result["error"]
        resolve, count = RESOLVE_UPSTREAM[side.dialect]
        assert len(scripts) == count
        assert len(scripts) - len(failed) >= resolve, failed
        assert all(failed.values()), "each failure says what is wrong"


# --- 2: the examples of section 19 and the precedence of section 6.1 -------------------------------------

LIB: Meta = {
    "default_env": {"P_LIB": "plain"}, "new_env_keys": ["P_LIB"],
    "variations": {"fast": {"env": {"P_LIB": "fast"}}, "opt.#": {"env": {"P_LIB": "opt-#"}}},
}  # fmt: skip


def example_01_adr_reaches_two_levels_down_and_ad_one(bench: Bench) -> None:
    bench.script("lib", LIB)
    bench.script("fx", {"deps": [{"tags": "lib", "names": ["lib"]}], "new_env_keys": ["P_LIB"]})
    bench.script("top", {"deps": [{"tags": "fx"}], "new_env_keys": ["P_LIB"]})
    assert bench.new_env("fx", "--adr.lib.tags=_fast") == {"P_LIB": "fast"}
    assert bench.new_env("top", "--adr.lib.tags=_fast") == {"P_LIB": "fast"}
    assert bench.does("top", "--ad.lib.tags=_fast").status > 0


def example_02_tags_from_variables(bench: Bench) -> None:
    bench.script("lib", LIB)
    dep = {"tags": "lib", "update_tags_from_env_with_prefix": {"_opt.": ["P_OPT"]}}
    bench.script("fx", {"deps": [dep], "new_env_keys": ["P_LIB"]})
    assert bench.new_env("fx", "--env.P_OPT=o3") == {"P_LIB": "opt-o3"}
    assert bench.new_env("fx") == {"P_LIB": "plain"}


def example_03_local_keys(bench: Bench) -> None:
    for number, meta in enumerate(({}, {"force_env_keys": ["S", "P_TMP_X*"]})):
        bench.script(f"see{number}", {}, run='echo "=$S,$P_TMP_X"\n')
        bench.script(f"post{number}", {}, run='echo "=$S,$P_TMP_X"\n')
        clean = {"clean_env_keys_post_deps": ["S", "P_TMP_*"]} if number else {}
        bench.script(
            f"fx{number}",
            {"local_env_keys": ["S"], "env": {"S": "s1", "P_TMP_X": "t1"}, **clean,
             "deps": [{"tags": f"see{number}", **meta}], "post_deps": [{"tags": f"post{number}"}]},
        )  # fmt: skip
    assert bench.says("fx0") == [",", "s1,t1"]
    assert bench.says("fx1") == ["s1,t1", ","]


def example_04_lists_with_a_plus(bench: Bench) -> None:
    bench.script("a", {"env": {"+P_L": ["/a"]}, "new_env_keys": ["+P_L"]})
    bench.script("b", {"env": {"+P_L": ["/b", "/a"]}, "new_env_keys": ["+P_L"]})
    bench.script(
        "fx", {"deps": [{"tags": "a"}, {"tags": "b"}], "new_env_keys": ["+P_L"]}, run='echo "=$P_L"\n'
    )  # fmt: skip
    assert bench.new_env("fx") == {"+P_L": ["/a", "/b"]}
    assert bench.says("fx") == ["/a:/b:"]


def example_05_state_lists_append(bench: Bench) -> None:
    for name in ("a", "b"):
        bench.script(name, {"state": {"l": [name]}, "new_state_keys": ["l"]})
    meta = {"state": {"l": ["top"]}, "deps": [{"tags": "a"}, {"tags": "b"}], "new_state_keys": ["l"]}
    folder = bench.script("fx", meta)
    if bench.side is CLASSIC:
        assert bench.result("fx")["new_state"]["l"] == ["top", "a", "b"]
    else:
        assert bench.result("fx")["new_state"]["l"] == ["top", "a", "b"], folder


def example_06_values_for_native_scripts(bench: Bench) -> None:
    values = {"P_LIST": ["a", "b"], "P_N": 5, "P_T": True, "P_NONE": None, "P_F": 1.5}
    bench.script("fx", {"env": values}, run='echo "=$P_LIST $P_N $P_T $P_NONE $P_F"\n')
    shown = "a:b" if bench.side is NEW else "['a', 'b']"
    assert bench.says("fx") == [f"{shown} 5 True None 1.5"]


def example_07_keys_of_a_dependency_are_inputs(bench: Bench) -> None:
    bench.script("t", {"input_mapping": {"val": "P_VAL"}, "new_env_keys": ["P_VAL"]})
    bench.script("fx", {"deps": [{"tags": "t", "names": ["n"], "val": "x"}], "new_env_keys": ["P_VAL"]})
    assert bench.new_env("fx") == {"P_VAL": "x"}
    assert bench.new_env("fx", "--adr.n.val=y") == {"P_VAL": "y"}


def example_08_what_is_not_declared_reaches_nobody(bench: Bench) -> None:
    bench.script("d", {"env": {"P_K": "1"}, "new_env_keys": ["P_K"]})
    bench.script("fx", {"cache": True, "deps": [{"tags": "d"}]})
    bench.script("user", {"deps": [{"tags": "fx"}]}, run='echo "=[$P_K]"\n')
    assert bench.says("user") == ["[]"]
    assert bench.says("user") == ["[]"], "from the cache as well"


def example_09_files_that_are_cleaned(bench: Bench) -> None:
    bench.script(
        "fx", {"clean_output_files": ["out"], "clean_files": ["tmp"]},
        run='[ -e out ] && echo "=out was there"; [ -e tmp ] && echo "=tmp was there"; touch out tmp\n',
    )  # fmt: skip
    for name in ("out", "tmp"):
        (bench.place.work / name).write_text("old")
    assert bench.says("fx") == []
    assert [(bench.place.work / name).exists() for name in ("out", "tmp")] == [True, False]
    bench.says("fx", "--dirty")
    assert (bench.place.work / "tmp").exists()


def example_10_outdirname(bench: Bench) -> None:
    bench.script("fx", {}, run='touch made; echo "=${PWD##*/}"\n')
    assert bench.says("fx", "--outdirname=d") == ["d"]
    assert (bench.place.work / "d" / "made").exists()


FIND_HOOKS = """
def preprocess(i):
    return i["automation"].find_artifact({"file_name": "tool", "env": i["env"], "os_info": i["os_info"],
        "default_path_env_key": "PATH", "detect_version": True, "env_path_key": "P_TOOL",
        "run_script_input": i["run_script_input"], "recursion_spaces": i["recursion_spaces"]})

def detect_version(i):
    return i["automation"].parse_version({"match_text": "([0-9.]+)", "group_number": 1, "env_key": "P_V",
                                          "which_env": i["env"]})

def postprocess(i):
    return {"return": 0, "version": detect_version(i)["version"]}
"""


def example_11_find_artifact(bench: Bench) -> None:
    bench.script("fx", {"new_env_keys": ["P_V", "+PATH"]}, run='"$P_TOOL" > tmp-ver.out\n', hooks=FIND_HOOKS)
    for name, version in (("t1/tool", "1.0"), ("t2/tool", "2.0"), ("t2/tool-9", "9.0")):
        path = bench.place.work / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/bash\necho {version}\n")
        path.chmod(0o755)
    work = str(bench.place.work)
    both = f"--path={work}/t1:{work}/t2"
    assert bench.new_env("fx", both) == {"P_V": "1.0", "+PATH": [f"{work}/t1"]}
    assert bench.new_env("fx", f"{both} --version=2.0")["P_V"] == "2.0"
    assert bench.new_env("fx", f"{both} --version_min=5.0")["P_V"] == "9.0"
    assert bench.new_env("fx", f"--input={work}/t2/tool-9")["P_V"] == "9.0"
    assert bench.does("fx", f"--path={work}/none").status > 0
    nothing = bench.does("fx")
    assert nothing.status == (16 if bench.side is CLASSIC else 1)


def example_12_a_variant_of_the_native_script(bench: Bench) -> None:
    flavor = {"P_HOST_OS_FLAVOR": "debian", "P_HOST_OS_VERSION": "12", "P_HOST_PLATFORM_FLAVOR": "x86_64"}
    folder = bench.script("fx", {"env": flavor}, run='echo "=any"\n')
    (folder / "run-debian.sh").write_text('echo "=debian"\n')
    assert bench.says("fx") == ["debian"]


def example_13_groups(bench: Bench) -> None:
    variations = {
        "a": {"group": "g", "default": True, "env": {"P_G": "a"}}, "b": {"group": "g", "env": {"P_G": "b"}},
        "d.#": {"group": "g", "env": {"P_G": "#"}},
    }  # fmt: skip
    bench.script("fx", {"variations": variations, "new_env_keys": ["P_G"]})
    assert bench.new_env("fx") == {"P_G": "a"}
    assert bench.new_env("fx,-_a") == {}
    assert bench.new_env("fx,_d.7") == {"P_G": "7"}
    assert bench.does("fx,_a,_b").status > 0


def example_14_versions(bench: Bench) -> None:
    bench.script("dep", {}, run='echo "=dep of 2.0"\n')
    blocks = {v: {"env": {"P_BLOCK": v}} for v in ("1.0", "1.2", "2.0")}
    blocks["2.0"]["deps"] = [{"tags": "dep"}]  # type: ignore[assignment]
    bench.script(
        "fx",
        {"default_version": "1.2", "versions": blocks, "variations": {"v2": {"default_version": "2.0"}}},
        run='echo "=$P_BLOCK|$P_VERSION|$P_TMP_PIP_VERSION_STRING"\n',
    )
    for tags, flags, line in (
        ("fx", "", "1.2|1.2|==1.2"), ("fx", "--version=9.9", "|9.9|==9.9"),
        ("fx", "--version_max=1.1", "1.2|1.1|==1.1"),
        ("fx", "--version_max=1.1 --version_max_usable=1.0", "1.2|1.0|==1.0"),
        ("fx,_v2", "", "2.0|2.0|==2.0"),
    ):  # fmt: skip
        assert bench.says(tags, flags)[-1] == line, (tags, flags)
    assert bench.says("fx,_v2")[0] == "dep of 2.0"


def table_of_precedence(bench: Bench) -> None:
    """Section 6.1: for each rank, a key that this rank and all below it set has the value of this rank."""
    ranks = {
        CLASSIC: ["const", "version", "variation", "env", "call", "default"],
        NEW: ["const", "variation", "version", "input", "env", "call", "default"],
    }[bench.side]

    weaker = {name: {f"P_{top.upper()}": name for top in ranks[: ranks.index(name) + 1]} for name in ranks}
    meta = {
        "default_env": weaker["default"], "env": weaker["env"], "default_version": "1",
        "versions": {"1": {"env": weaker["version"]}}, "variations": {"v": {"env": weaker["variation"]}},
        "new_env_keys": ["P_*"],
    }  # fmt: skip
    words = ["--version=1", *(f"--env.{key}=call" for key in weaker["call"]), "--const.P_CONST=const"]
    if bench.side is NEW:
        meta["input_mapping"] = {f"flag{number}": key for number, key in enumerate(weaker["input"])}
        words += [f"--{flag}=input" for flag in meta["input_mapping"]]
    bench.script("fx", meta)
    got = bench.new_env("fx,_v", " ".join(words))
    assert {name: got[f"P_{name.upper()}"] for name in ranks} == {name: name for name in ranks}
    if bench.side is CLASSIC:  # a mapped flag is a constant there
        bench.script("mapped", {**meta, "input_mapping": {"flag": "P_VARIATION"}})
        assert bench.new_env("mapped,_v", "--version=1 --flag=input")["P_VARIATION"] == "input"


EXAMPLES = [value for name, value in list(globals().items()) if name.startswith(("example_", "table_"))]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.__name__)
def test_item_2_the_measured_examples(example: Any, bench: Bench) -> None:
    example(bench)


# --- 3: entries of the other engine ----------------------------------------------------------------------


def test_item_3_entries_have_the_form_that_upstream_writes_and_reads(bench: Bench) -> None:
    bench.script("fx", {"cache": True, "env": {"P_K": "v"}, "new_env_keys": ["P_K"]}, run='echo "=ran"\n')
    assert bench.says("fx") == ["ran"]
    new = bench.side is NEW
    (entry,) = [path for path in bench.place.cache.iterdir() if path.is_dir()]
    meta = json.loads((entry / ("meta.json" if new else "_cm.json")).read_text())
    origin = "item" if new else "artifact"
    uid = f"{1:016x}"
    assert f"script-{origin}-{uid}" in meta["tags"]
    assert "tmp" not in meta["tags"]
    assert meta[f"associated_script_{origin}"] == (f"fx, {uid}" if new else f"fx,{uid}")
    assert entry.name == (f"fx_{meta['uid'][:8]}" if new else meta["uid"])
    state = json.loads((entry / ("mlc-cached-state.json" if new else "cm-cached-state.json")).read_text())
    assert state["new_env"] == {bench.own("P_K"): "v"}
    # An entry as upstream writes it: no file beyond the two, the tags in another order.
    meta["tags"].reverse()
    for path in entry.iterdir():
        if path.is_file() and path.suffix != ".json":
            path.unlink()
    (entry / ("meta.json" if new else "_cm.json")).write_text(json.dumps(meta))
    assert bench.says("fx") == [], "it was taken from the cache"
    assert bench.new_env("fx") == {"P_K": "v"}


# --- 4: two dialects, one process ------------------------------------------------------------------------


def test_item_4_a_run_of_one_dialect_never_sees_keys_of_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from franca.compat.access import CM
    from franca.model import dialect as dialects

    benches = [Bench(CLASSIC, tmp_path / "c"), Bench(NEW, tmp_path / "n")]
    seen = 'env | grep -E "^(CM|MLC)_" | cut -d= -f1 > "{0}"\n'
    for one in benches:
        path = tmp_path / f"seen-{one.side.dialect}"
        one.script("fx", {"env": {"P_OWN": "1"}, "new_env_keys": ["P_OWN"]}, run=seen.format(path))
    monkeypatch.chdir(tmp_path)
    environ = {**benches[0].place.environ({}), "MLC_REPOS": str(benches[1].place.store)}
    # One uid and one tag in both repositories: the dialect of who asks decides.
    for one, dialect in zip(benches, (dialects.CLASSIC, dialects.NEW), strict=True):
        cm = CM(environ=environ, home_dialect=dialect)
        result = cm.access({"action": "run", "automation": "script", "tags": "fx", "quiet": True})
        assert (result["return"], result["new_env"]) == (0, {one.own("P_OWN"): "1"})
    for one, prefix in zip(benches, ("MLC_", "CM_"), strict=True):
        names = (tmp_path / f"seen-{one.side.dialect}").read_text().split()
        assert one.own("P_OWN") in names
        roots = {"MLC_REPOS", "CM_REPOS"}  # of the process itself, inherited as any other variable
        assert [name for name in names if name.startswith(prefix) and name not in roots] == []


# --- 5: interfaces ---------------------------------------------------------------------------------------

IMPORTS = {
    CLASSIC: "from cmind import utils\nimport cmind\nassert cmind.access and utils.load_json\n",
    NEW: "from mlc import utils\nimport mlc\nfrom utils import is_true\nassert mlc.access and is_true('yes')\n",
}


def test_item_5_names_are_served_only_while_content_of_that_dialect_runs(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from franca.compat.access import CM
    from franca.model.dialect import DIALECTS

    hooks = IMPORTS[bench.side] + "def preprocess(i):\n    i['env']['P_DONE'] = 'yes'\n    return {'return': 0}\n"
    bench.script("fx", {"new_env_keys": ["P_DONE"]}, hooks=hooks)
    monkeypatch.chdir(bench.place.work)
    cm = CM(environ=bench.place.environ({}), home_dialect=DIALECTS[bench.side.dialect])
    result = cm.access({"action": "run", "automation": "script", "tags": "fx", "quiet": True})
    assert (result["return"], result.get("new_env")) == (0, {bench.own("P_DONE"): "yes"}), result
    for name in ("cmind", "mlc", "utils"):
        assert name not in sys.modules
        spec = importlib.util.find_spec(name)
        assert spec is None or "franca" not in str(spec.origin)
