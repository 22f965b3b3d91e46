"""The console of ``cm`` and ``mlc``: lines, streams and statuses (CM core, sections 7, 13 to 15)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., tuple[int, str, str]]


def test_pinned_lines_of_the_core(store: Any, run_cm: Run) -> None:
    local = store.root / "repos" / "local"
    status, out, _err = run_cm("find", "repo")
    assert (status, out.splitlines()[0]) == (0, f"local,9a3280b14a4285c9 = {local}")
    assert run_cm("where", "repo", "local")[1] == f"{local}\n"
    assert run_cm("version")[:2] == (0, "4.2.0\n")
    status, out, _ = run_cm("uid", "core")
    assert status == 0
    assert len(out.strip()) == 16
    assert int(out, 16) >= 0


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["load", "script", "nosuch-zz"], 16, "CM error: artifact not found: nosuch-zz!"),
        (["nosuch", "repo"], 4, 'CM error: action "nosuch" not found in automation "repo,55c3e27e8a140e48"!'),
        (["find", "nosuch"], 4, 'CM error: automation "nosuch" not found!'),
        (["find"], 4, "CM error: automation was not specified!"),
        (["find", "script", "a:b:c"], 1, "CM error: CM object a:b:c is not recognized!"),
        (["run", "script", "--a=1", "--a.b=2"], 1, "CM error: --a.b=2 cannot be combined with --a=1"),
        (["find", "script", "@none.json"], 16, "none.json"),
        (["find", "script", "@file.txt"], 1, "must end with .json or .yaml"),
    ],
)
def test_errors_go_to_the_error_stream(run_cm: Run, words: list[str], status: int, text: str) -> None:
    code, out, err = run_cm(*words)
    assert (code, out) == (status, "")
    assert err.startswith("\nCM error: ")
    assert text in err
    assert "Traceback" not in err


def test_an_artifact_by_command_line(store: Any, run_cm: Run) -> None:
    path = store.root / "repos" / "local" / "script" / "mine"
    assert run_cm("add", "script", "mine", "--tags=my,mine")[:2] == (0, f"Added CM object at {path}\n")
    assert run_cm("find", "script", "mine")[1] == f"{path}\n"
    assert json.loads(run_cm("load", "script", "mine")[1])["tags"] == ["my", "mine"]
    assert run_cm("update", "script", "mine", "--meta.k=v")[1] == f"Updated {path}\n"
    status, out, _err = run_cm("rm", "script", "mine", "-f")
    assert (status, out) == (0, f'Deleting CM artifact in {path} with tags "my,mine" ...\n    Deleted!\n')
    assert run_cm("find", "script", "mine")[:2] == (0, "")


def test_without_anybody_to_ask_nothing_is_deleted(
    store: Any, run_cm: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run_cm("add", "script", "mine")
    (tmp_path / "empty").write_text("")
    with open(tmp_path / "empty", encoding="utf-8") as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        status, _out, err = run_cm("rm", "script", "mine")
    assert status == 1
    assert "-f" in err
    assert run_cm("find", "script", "mine")[1] != ""
    (tmp_path / "answer").write_text("y\n")
    with open(tmp_path / "answer", encoding="utf-8") as somebody:
        monkeypatch.setattr("sys.stdin", somebody)
        assert run_cm("rm", "script", "mine")[0] == 0
    assert run_cm("find", "script", "mine")[1] == ""


def test_json_results_stand_alone_on_standard_output(store: Any, run_cm: Run, tmp_path: Path) -> None:
    hooks = (
        "import os\ndef preprocess(i):\n    print('from a hook')\n"
        "    os.system('echo from a child')\n    return {'return': 0}\n"
    )
    meta = {"env": {"CM_A": "1"}, "new_env_keys": ["CM_A"]}
    store.script(store.repo("r"), "s", meta, hooks=hooks, run_sh="echo from the native script\n")
    for words in (("--out=json",), ("-j",), ("--json",)):
        status, out, err = run_cm("run", "script", "--tags=s", *words)
        assert (status, json.loads(out)["new_env"]) == (0, {"CM_A": "1"})
        for line in ("from a hook", "from a child", "from the native script"):
            assert line in err
    file = tmp_path / "r.json"
    status, out, err = run_cm("run", "script", "--tags=s", f"--save_to_json={file}")
    assert "from the native script" in out
    assert json.loads(file.read_text())["new_env"] == {"CM_A": "1"}
    found = json.loads(run_cm("find", "script", "s", "--out=json")[1])
    assert found["list"][0]["alias"] == "s"
    assert "meta" not in found["list"][0]
    assert json.loads(run_cm("find", "script", "s", "--out=json", "--full")[1])["list"][0]["meta"]["env"] == {
        "CM_A": "1"
    }
    status, out, err = run_cm("load", "script", "none", "--out=json")
    assert (status, json.loads(out)["return"], err) == (16, 16, "")


def test_progress_lines_of_a_run(store: Any, run_cm: Run) -> None:
    repo = store.repo("r")
    store.script(repo, "dep", {"cache": True, "tags": ["get", "dep"]}, run_sh="true\n")
    store.script(repo, "s", {"deps": [{"tags": "get,dep"}], "variations": {"v": {}}}, run_sh="true\n")
    status, out, _ = run_cm("run", "script", "s _v", "--quiet")
    lines = out.splitlines()
    assert (status, lines[0], lines[1]) == (0, '* cm run script "s _v"', '  * cm run script "get dep"')
    assert lines[-2:] == [f"       ! cd {os.getcwd()}", f"       ! call {repo}/script/s/run.sh from tmp-run.sh"]
    second = run_cm("s", "_v", program="cmr")[1]
    assert '  * cm run script "get dep"\n       ! load ' in second
    assert run_cm("run", "script", "s", "--silent")[1] == ""
    assert 'running time of script "s": ' in run_cm("run", "script", "s", "--time")[1]


def test_selecting_by_name_words_tags_and_uid(store: Any, run_cm: Run) -> None:
    store.script(store.repo("r"), "my-name", {"tags": ["one", "two"], "uid": "0123456789abcdef", "new_env_keys": ["K"]})
    for words in (["one two"], ["my-name"], ["0123456789abcdef"], ["--tags=one,two"], ["one,two"]):
        assert run_cm(*words, "--env.K=v", program="cmr")[0] == 0, words
    status, _, err = run_cm("one tow", program="cmr")
    assert status == 1
    assert "two" in err, "the closest tag is named"


@pytest.mark.parametrize(
    ("program", "words", "status"),
    [("mlcr", ["one,two"], 0), ("mlcr", ["none"], 1), ("mlc", ["nosuch", "script"], 2), ("mlcr", ["bad"], 1)],
)
def test_statuses_of_the_new_programs(store: Any, run_cm: Run, program: str, words: list[str], status: int) -> None:
    repo = store.repo("r", new=True)
    store.script(repo, "s", {"tags": ["one", "two"]}, run_sh="true\n")
    store.script(repo, "bad", {"tags": ["bad"]}, run_sh="exit 7\n")
    code, _out, err = run_cm(*words, program=program)
    assert code == status
    if status:
        assert err.startswith("Error during ")
    if words == ["bad"]:
        assert "Failed script: bad" in err
        assert "mlcr bad" in err


def test_the_new_programs_print_paths_and_json(store: Any, run_cm: Run) -> None:
    repo = store.repo("r", new=True)
    path = store.script(
        repo, "find-me", {"tags": ["one", "two"], "cache": True, "env": {"MLC_A": "1"}, "new_env_keys": ["MLC_A"]}
    )
    for words in (["find-me"], ["--tags=one"], ["one,two"]):
        assert run_cm("find", "script", *words, "-p", program="mlc")[1] == f"{path}\n"
    _status, out, _ = run_cm("one,two", "-j", program="mlcr")
    assert json.loads(out)["new_env"] == {"MLC_A": "1"}
    shown = run_cm("show", "cache", "--tags=one", program="mlc")[1]
    assert "associated_script_item: find-me, " in shown
    assert '"MLC_A": "1"' in shown
    assert run_cm("rm", "cache", "--tags=one", "-f", program="mlc")[0] == 0
    assert run_cm("show", "cache", program="mlc")[1] == ""


def test_the_cache_by_command_line(store: Any, run_cm: Run) -> None:
    store.script(store.repo("r"), "s", {"tags": ["one"], "cache": True, "env": {"CM_A": "1"}, "new_env_keys": ["CM_A"]})
    run_cm("run", "script", "--tags=one")
    (entry,) = run_cm("find", "cache", "--tags=one")[1].splitlines()
    shown = run_cm("show", "cache", "--env")[1]
    assert shown.startswith("* Tags: one,script-artifact-")
    assert f"  Path: {entry}\n" in shown
    assert '"CM_A": "1"' in shown
    assert run_cm("find", "cache", "--tags=-one")[1] == ""
    assert run_cm("rm", "cache", "-f")[0] == 0
    assert not os.path.exists(entry)
    assert run_cm("rm", "cache", "-f")[0] == 16


def test_content_leaves_the_entries_of_the_other_dialect_alone(store: Any, run_cm: Run) -> None:
    store.script(store.repo("c"), "s", {"tags": ["classic-one"], "cache": True})
    store.script(store.repo("n", new=True), "s", {"tags": ["new-one"], "cache": True})
    run_cm("classic-one", program="cmr")
    run_cm("new-one", program="mlcr")
    assert len(run_cm("find", "cache")[1].splitlines()) == 2
    removed = store.cm().access({"action": "rm", "automation": "cache", "f": True})
    assert [one.repo_meta["uid"] for one in removed["deleted_list"]] == ["9a3280b14a4285c9"]
    assert len(run_cm("find", "cache")[1].splitlines()) == 1
    assert run_cm("rm", "cache", "-f")[0] == 0
    assert run_cm("find", "cache")[1] == ""


def test_help_never_asks(store: Any, run_cm: Run) -> None:
    meta = {
        "tags": ["one"],
        "variations": {"b": {}, "a": {}},
        "input_mapping": {"flag": "CM_FLAG"},
        "input_description": {"flag": {"desc": "what it is for", "default": "x", "choices": ["x", "y"]}},
    }
    store.script(store.repo("r"), "s", meta)
    status, out, _ = run_cm("run", "script", "--tags=one", "--help")
    assert status == 0
    assert "Available variations:\n\n  _a\n  _b\n" in out
    assert "--flag  ->  --env.CM_FLAG" in out
    assert "--flag: what it is for (default: x) (choices: x, y)" in out
    for words in ([], ["help"], ["-h"], ["help", "script"], ["find", "script", "-h"], ["help", "repo"]):
        status, out, err = run_cm(*words)
        assert (status, err) == (0, ""), words
        assert out
    assert "pull repo" in run_cm("help", "repo")[1]


def test_a_traceback_of_content_becomes_one_line(store: Any, run_cm: Run) -> None:
    run_cm("add", "automation", "mine")
    module = Path(run_cm("find", "automation", "mine")[1].strip()) / "module.py"
    module.write_text(module.read_text().replace("import json\n", "import json\n        1 / 0\n"))
    status, _, err = run_cm("test", "mine")
    assert status == 1
    assert f"ZeroDivisionError: division by zero ({module}:" in err


def test_a_fresh_automation_runs(store: Any, run_cm: Run) -> None:
    run_cm("add", "automation", "mine", "--tags=x")
    status, out, _ = run_cm("test", "mine", "--key=value")
    assert status == 0
    assert json.loads(out)["key"] == "value"


def test_inputs_are_echoed(run_cm: Run) -> None:
    line = (
        "print-input automation art1 art2 --flag1=value1 --flag2 --x.y.z=3 --l,=a,b,c --no-cache- --k=x=y "
        "-- something --q 1"
    )
    got = json.loads(run_cm(*line.split())[1])
    wanted = {
        "action": "print-input", "automation": "automation", "artifact": "art1", "artifacts": ["art2"],
        "flag1": "value1", "flag2": True, "x": {"y": {"z": "3"}}, "l": ["a", "b", "c"], "no_cache": False,
        "k": "x=y", "unparsed_cmd": ["something", "--q", "1"], "out": "con",
        "cmd": line.split()[2:],
        "parsed_automation": [["automation", "bbeb15d8f0a944a4"]],
        "parsed_artifact": [["art1", ""]], "parsed_artifacts": [[["art2", ""]]],
    }  # fmt: skip
    assert got == wanted


def test_input_files_lie_where_they_stand(run_cm: Run) -> None:
    Path("in.json").write_text('{"a": 1, "b": {"c": 2}}')
    Path("in.yaml").write_text("a: 5\n")
    got = json.loads(run_cm("print-input", "automation", "--a=0", "--b.d=1", "@in.json", "--b.e=3", "@in.yaml")[1])
    assert (got["a"], got["b"]) == (5, {"c": 2, "e": "3"})


def test_cmx_flags(store: Any, run_cm: Run) -> None:
    store.script(store.repo("r"), "s", {"tags": ["one"]})
    status, out, _ = run_cm("find", "script", "s", "-j", program="cmx")
    assert (status, json.loads(out)["list"][0]["alias"]) == (0, "s")
    assert run_cm("find", "script", "s", program="cmx")[1].endswith("/script/s\n")
    status, _, err = run_cm("find", "script", "-nosuch", program="cmx")
    assert status == 1
    assert "Unknown control flag(s): nosuch" in err
    status, _, err = run_cm("find", "nosuch", program="cmx")
    assert (status, "CMX detected a problem: " in err) == (4, True)


@pytest.mark.parametrize("program", ["cmr", "mlcr"])
def test_running_nothing_runs_nothing(program: str, store: Any, run_cm: Run) -> None:
    store.script(store.repo("r", new=program == "mlcr"), "s", run_sh="echo ran\n")
    status, out, err = run_cm(program=program)
    assert (status, "ran" in out, "no script was named" in err) == (1, False, True)


def test_what_is_made_needs_a_name_that_is_no_list_of_tags(store: Any, run_cm: Run) -> None:
    status, out, err = run_cm("add", "script", "my cool script", "--tags=x")
    assert (status, out) == (1, "")
    assert "'my cool script' is no name for a script" in err and "cm add script my-cool-script" in err
    assert run_cm("add", "script", "bad/name", "--tags=x")[0] == 1
    assert run_cm("find", "script", "--tags=x")[1] == ""


def twins(store: Any) -> None:
    """A script of one name and uid in each dialect, as the content collections have many."""
    for new, prefix in ((False, "CM"), (True, "MLC")):
        meta = {"uid": "a" * 16, "new_env_keys": [f"{prefix}_W"], "env": {f"{prefix}_W": "w"}}
        store.script(store.repo(prefix.lower(), new=new), "twin", {**meta, "tests": {"run_inputs": [{}]}})


def test_pages_tests_and_lint_of_a_name_in_two_repositories(store: Any, run_cm: Run, tmp_path: Path) -> None:
    twins(store)
    pages = tmp_path / "pages"
    pages.mkdir()
    for program, own, other in (("cm", "CM_W", "MLC_W"), ("mlc", "MLC_W", "CM_W")):
        assert run_cm("doc", "script", "twin", f"--output_dir={pages}", program=program)[0] == 0
        text = (pages / "twin" / "README.md").read_text()
        assert own in text and f"`{other}`" not in text
        status, out, _ = run_cm("test", "script", "twin", program=program)
        assert (status, out.count("* ")) == (0, 1)
        assert "duplicate-identity" not in run_cm("lint", "script", "twin", program=program)[1]


def test_each_program_tells_its_own_usage(store: Any, run_cm: Run) -> None:
    assert "usage: cm ACTION" in run_cm()[1] and "mlcr" not in run_cm()[1]
    assert "usage: mlc ACTION" in run_cm(program="mlc")[1] and "cm run" not in run_cm(program="mlc")[1]


def test_dockerfiles_of_twins_have_folders_of_their_own(store: Any, run_cm: Run) -> None:
    twins(store)
    paths = {run_cm("dockerfile", "script", "--tags=twin", program=program)[1].strip() for program in ("cm", "mlc")}
    assert len(paths) == 2 and all(Path(path).is_file() for path in paths)
