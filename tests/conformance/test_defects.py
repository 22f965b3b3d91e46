"""What the two engines get wrong and Franca does not: those rows of the lists that have no other test.

The lists are the marks [D] of the core's specification and section 20 of the script engine's; docs/differences.md
names the test of every row.
"""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.conformance.bench import Bench
from tests.conformance.desk import DEMO, Desk
from tests.conformance.replay import CLASSIC, NEW, Place

NEW_ONLY = pytest.mark.parametrize("bench", [NEW], indirect=True, ids=["new"])


# --- core ------------------------------------------------------------------------------------------------


def test_a_directory_without_meta_is_never_deleted_by_a_pull(desk: Desk) -> None:
    kept = desk.repos / "o@n" / "mine"
    kept.parent.mkdir(parents=True)
    kept.write_text("work of days")
    desk.fails("cm pull repo o@n", 8, "o@n")
    assert kept.read_text() == "work of days"


def test_an_archive_that_is_not_there_leaves_nothing(desk: Desk) -> None:
    class Nothing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *words: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Nothing)
    Thread(target=server.serve_forever, daemon=True).start()
    desk.fails(f"cm pull repo --url=http://127.0.0.1:{server.server_port}/rel-1.zip", 1, "Not Found")
    server.shutdown()
    server.server_close()
    assert sorted(path.name for path in desk.repos.iterdir()) == ["local"]


def test_the_path_of_a_repository_is_its_root_however_the_artifact_was_found(demo: Desk) -> None:
    from franca.compat.access import CM

    for index in ("", "no"):
        cm = CM(environ={**demo.environ, "CM_INDEX": index})
        one = cm.access("find demo a1")["list"][0]
        assert one.repo_path == str(demo.repos / "r")
        assert one.repo_path_with_prefix == str(demo.repos / "r" / "sub")


def test_every_word_of_a_command_counts(demo: Desk) -> None:
    assert demo.works("cm rm demo a1 a2 -f").count("Deleted!") == 2
    assert demo.names("cm find demo") == []


def test_the_new_program_understands_a_repository_before_a_name(tmp_path: Path) -> None:
    bench = Bench(NEW, tmp_path)
    bench.script("fx", {})
    found = bench.place.run("mlc find script bench:fx -p", "", {})
    assert (found.status, found.out) == (0, f"{bench.content}/script/fx\n"), found.err


def test_a_copy_keeps_its_tags(tmp_path: Path) -> None:
    bench = Bench(NEW, tmp_path)
    bench.script("fx", {"tags": ["one", "two"]})
    assert bench.place.run("mlc cp script bench:fx bench:gx", "", {}).status == 0
    import yaml

    copied = yaml.safe_load((bench.content / "script" / "gx" / "meta.yaml").read_text())
    assert (copied["alias"], copied["tags"]) == ("gx", ["one", "two"])


def test_the_index_of_the_older_tool_is_written_on_request(demo: Desk) -> None:
    assert not (demo.root / "index.json").exists()
    demo.works("cm reindex repo --legacy")
    index = json.loads((demo.root / "index.json").read_text())
    about = {"tags": ["t1", "t2"], "repo": ["r", "bd3acd8f02694eed"], "path": str(demo.repos / "r/sub/demo/a1")}
    assert index["demo"]["a1"] == index[DEMO]["a1"] == {**about, "uid": "63ea4f16977049d1"}
    assert index["demo"]["63ea4f16977049d1"] == {**about, "alias": "a1"}


# --- scripts and cache -----------------------------------------------------------------------------------


def test_version_records_are_of_the_whole_tree(bench: Bench) -> None:
    for name, deps in (("a", []), ("b", [{"tags": "a"}]), ("top", [{"tags": "b"}])):
        bench.script(name, {"deps": deps, "default_version": "1.0", "versions": {"1.0": {}}})
    bench.result("top", "--dump_version_info")
    records = json.loads((bench.place.work / "version_info.json").read_text())
    assert [next(iter(one.values()))["script_alias"] for one in records] == ["a", "b", "top"]


HOOKS_WITH_VERSION = """
def postprocess(i):
    return {"return": 0, "version": "3.1", "add_extra_cache_tags": ["mine"]}
"""


def test_extra_cache_tags_stay_beside_a_version(bench: Bench) -> None:
    bench.script("fx", {"cache": True}, hooks=HOOKS_WITH_VERSION)
    bench.result("fx")
    ((*tags,),) = bench.place.cache_tags()
    assert {"mine", "version-3.1"} <= set(tags)


def test_a_validation_does_not_leak_into_the_run(bench: Bench) -> None:
    folder = bench.script("fx", {"cache": True, "new_env_keys": ["P_K"]}, run='echo "P_K=kept" > tmp-run-env.out\n')
    (folder / "customize.py").write_text('def detect_version(i):\n    return {"return": 0, "version": "1.0"}\n')
    (folder / "validate_cache.sh").write_text(bench.own('echo "P_LEAK=yes" > tmp-run-env.out\n'))
    bench.script("user", {"deps": [{"tags": "fx"}]}, run='echo "=[$P_K|$P_LEAK]"\n')
    assert bench.says("user")[-1] == "[kept|]"
    assert bench.says("user")[-1] == "[kept|]", "after the validation of the entry"


def test_instances_of_one_dynamic_variation_are_independent(bench: Bench) -> None:
    variations = {"p.#": {"env": {"+P_L": ["#"]}, "deps": [{"tags": "d,_x.#"}]}}
    bench.script("d", {"variations": {"x.#": {"env": {"P_X": "#"}}}}, run='echo "=$P_X"\n')
    bench.script("fx", {"variations": variations})
    assert bench.says("fx,_p.1,_p.2") == ["1", "2"]


def test_const_state_counts_wherever_it_stands(bench: Bench) -> None:
    bench.script("fx", {"variations": {"v": {"const_state": {"k": "v"}}}, "new_state_keys": ["k"]})
    assert bench.result("fx,_v")["new_state"] == {"k": "v"}


def test_adr_of_a_conditional_block_is_applied(bench: Bench) -> None:
    bench.script("lib", {"variations": {"fast": {"env": {"P_LIB": "fast"}}}, "new_env_keys": ["P_LIB"]})
    block = [{"enable_if_env": {"P_BIG": ["yes"]}, "adr": {"lib": {"tags": "_fast"}}}]
    dep = {"tags": "lib", "names": ["lib"]}
    meta: dict[str, Any] = {"deps": [dep], "new_env_keys": ["P_LIB"]}
    if bench.side is NEW:
        meta["update_meta_if_env"] = block
    else:  # the classic dialect heeds such blocks in variations only (section 17)
        meta["variations"] = {"v": {"update_meta_if_env": block}}
    bench.script("fx", meta)
    tags = "fx" if bench.side is NEW else "fx,_v"
    expected = {"P_LIB": "fast"} if bench.side is NEW else {}
    assert bench.new_env(tags, "--env.P_BIG=yes") == expected
    assert bench.new_env(tags) == {}


def test_a_warning_of_a_variation_is_shown(bench: Bench) -> None:
    bench.script("fx", {"variations": {"v": {"warning": "mind the gap"}}})
    done = bench.does("fx,_v")
    assert done.status == 0
    assert "mind the gap" in done.out + done.err


def test_tests_of_a_script_from_a_number_on_and_with_several_variations(bench: Bench) -> None:
    inputs = [{"variations_list": ["a"]}, {"variations_list": ["a,b"]}, {"variations_list": ["b"]}]
    variations = {name: {"env": {f"P_{name.upper()}": name}} for name in ("a", "b")}
    bench.script("fx", {"variations": variations, "tests": {"run_inputs": inputs}}, run='echo "=[$P_A$P_B]"\n')
    program = "mlc" if bench.side is NEW else "cm"
    done = bench.place.run(f"{program} test script fx --test_input_index=1+", "", {})
    assert done.status == 0, done.err
    assert [line for line in done.out.splitlines() if line.startswith("=[")] == ["=[ab]", "=[b]"]


def test_flags_of_the_environment_and_lists_in_groups_count(bench: Bench) -> None:
    meta = {"input_mapping": {"val": "P_VAL"}, "new_env_keys": ["P_VAL", "P_L"]}
    bench.script("fx", meta)
    extra = {f"{bench.side.prefix}_SCRIPT_EXTRA_CMD": "--val=more"}
    done = bench.does("fx", extra=extra)
    assert bench.own('"P_VAL": "more"') in done.out, done.err
    assert bench.new_env("fx", "--env.P_L,=a,b") == {"P_L": ["a", "b"]}


def test_a_failure_puts_the_process_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    import logging

    from franca.compat.access import CM
    from franca.model.dialect import DIALECTS

    bench.script("fx", {"cache": True}, run="exit 3\n")
    monkeypatch.chdir(bench.place.work)
    level = logging.getLogger().level
    cm = CM(environ=bench.place.environ({}), home_dialect=DIALECTS[bench.side.dialect])
    request = {"action": "run", "automation": "script", "tags": "fx", "quiet": True, "silent": True}
    assert cm.access(request)["return"] == 2
    assert os.getcwd() == str(bench.place.work)
    assert logging.getLogger().level == level


def test_tags_of_an_entry_keep_their_order(bench: Bench) -> None:
    names = [f"t{number}" for number in range(12)]
    bench.script("fx", {"cache": True, "tags": ["fx", *names]})
    bench.result("fx")
    (entry,) = [path for path in bench.place.cache.iterdir() if path.is_dir()]
    meta = json.loads((entry / ("meta.json" if bench.side is NEW else "_cm.json")).read_text())
    assert [tag for tag in meta["tags"] if tag in names] == names


def test_paths_of_a_moved_store_are_those_of_the_new_place(bench: Bench) -> None:
    bench.script(
        "fx", {"cache": True, "new_env_keys": ["P_OUT"]},
        run='echo made > out; echo "P_OUT=$PWD/out" > tmp-run-env.out\n',
    )  # fmt: skip
    bench.new_env("fx")
    moved = Place(bench.side, bench.content, bench.place.top.parent / "moved")
    moved.cache.parent.rename(moved.cache.parent.with_name("unused"))
    bench.place.cache.parent.rename(moved.cache.parent)
    bench.place = moved
    out = bench.new_env("fx")["P_OUT"]
    assert out.startswith(str(moved.cache))
    assert Path(out).read_text() == "made\n"


def test_tags_that_are_no_texts_are_taken_as_texts(bench: Bench) -> None:
    bench.script("fx", {"tags": ["fx", 2012, True], "new_env_keys": ["P_K"], "env": {"P_K": "v"}})
    assert bench.new_env("fx,2012") == {"P_K": "v"}


def test_output_of_hooks_and_native_scripts_is_in_order(bench: Bench) -> None:
    hooks = 'def preprocess(i):\n    print("=one")\n    return {"return": 0}\n'
    hooks += 'def postprocess(i):\n    print("=three")\n    return {"return": 0}\n'
    bench.script("fx", {}, run='echo "=two"\n', hooks=hooks)
    program = "mlcr fx" if bench.side is NEW else "cm run script --tags=fx"
    done = bench.place.run(f"{program} --quiet", "", {})  # standard output is a file here, not a terminal
    assert [line for line in done.out.splitlines() if line.startswith("=")] == ["=one", "=two", "=three"]


@NEW_ONLY
def test_no_log_is_dropped_where_one_works(bench: Bench) -> None:
    bench.script("fx", {}, run="true\n")
    bench.result("fx")
    assert [path.name for path in bench.place.work.iterdir() if "log" in path.name] == []


@NEW_ONLY
def test_an_isolated_run_has_folder_and_storage_of_its_own(bench: Bench) -> None:
    bench.script("fx", {"cache": True, "new_env_keys": ["P_OUT"]}, run='echo "P_OUT=$PWD" > tmp-run-env.out\n')
    base = bench.place.top / "base"
    base.mkdir()
    out = bench.new_env("fx", f"--mlc_isolate --mlc_isolate_dir={base}")["P_OUT"]
    assert out.startswith(f"{base}/mlcflow-isolated-")
    assert bench.place.cache_tags() == [], "the usual storage was not touched"
    for folder in base.iterdir():
        assert (folder / "MLC" / "local" / "cache").is_dir()
    kept = len(list(base.iterdir()))
    bench.new_env("fx", f"--mlc_isolate --mlc_isolate_dir={base} --mlc_isolate_clean")
    assert len(list(base.iterdir())) == kept
    assert bench.does("fx", "--mlc_isolate --mlc_isolate_dir=/nowhere").status == 1


def test_pages_and_lint_by_the_older_commands(bench: Bench) -> None:
    folder = bench.script("fx", {"env": {"P_K": "v"}, "category": "Tools"}, run="cp $P_K x\n")
    program = "mlc" if bench.side is NEW else "cm"
    (bench.place.work / "docs").mkdir()
    assert bench.place.run(f"{program} doc script fx --output_dir=docs", "", {}).status == 0
    assert "`fx`" in (bench.place.work / "docs" / "fx" / "README.md").read_text()
    assert "## Tools" in (bench.place.work / "docs" / "README.md").read_text()
    assert not (folder / "README.md").exists()
    (folder / "README.md").write_text("by hand")
    done = bench.place.run(f"{program} doc script fx", "", {})
    assert (done.status, "written by hand" in done.out) == (0, True)
    assert (folder / "README.md").read_text() == "by hand"
    done = bench.place.run(f"{program} lint script fx", "", {})
    assert done.status == 1
    assert f"{folder}/run.sh:2:4: warning: {bench.own('$P_K')} is not quoted" in done.out
    assert bench.place.run(f"{program} doc script", "", {}).status == 1


def test_a_dependency_names_the_dialect_that_was_looked_through(tmp_path: Path) -> None:
    new, classic = Bench(NEW, tmp_path / "n"), Bench(CLASSIC, tmp_path / "c")
    new.script("user", {"deps": [{"tags": "theirs"}]})
    classic.script("theirs", {})
    done = new.place.run("cm run script --tags=user --quiet", "", {"CM_REPOS": str(classic.place.store)})
    assert done.status > 0
    assert "no script of the new dialect matches tags theirs" in done.err
    assert "theirs has them, but is of the classic dialect" in done.err


def test_nobody_is_asked_without_a_terminal(bench: Bench) -> None:
    for name in ("one", "two"):
        bench.script(name, {"tags": ["both"]}, run=f'echo "={name}"\n')
    program = "mlcr both --quiet-" if bench.side is NEW else "cm run script --tags=both"
    silent = bench.place.run(program, "", {})
    assert "=one" in silent.out
    assert "Which one" not in silent.err
    assert "the first of 2 is taken" in silent.err
    answered = bench.place.run(program.replace("--quiet-", ""), "1\n", {})
    assert answered.status == 0, "an answer that is there already is taken"


# --- cubes -----------------------------------------------------------------------------------------------

CUBE = """
name: one
docker: {image: "local/one:1"}
tasks:
  one: {entrypoint: ./run.sh, parameters: {outputs: {o: out/}}}
  quoted: {entrypoint: 'sh -c "echo hi"', parameters: {outputs: {o: out/}}}
"""


def test_entry_points_keep_their_words_and_values_their_equals_signs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from franca.compat.mlcube_front import main

    (tmp_path / "mlcube.yaml").write_text(CUBE)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    run = ["run", f"--mlcube={tmp_path}", "--platform=docker", "--dry-run", "--task=one,quoted", "o=x=y"]
    assert main(run) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("docker run")]
    mount = f"--volume {tmp_path}/workspace/x=y:/mlcube_io0"
    assert lines == [
        f"docker run --entrypoint=./run.sh {mount} local/one:1 --o=/mlcube_io0",
        f"docker run --entrypoint=sh {mount} local/one:1 -c 'echo hi' --o=/mlcube_io0",
    ]
    assert main([*run, "oo=1"]) != 0
    assert "unknown parameter 'oo'" in capsys.readouterr().err
