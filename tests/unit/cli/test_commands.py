"""The commands on artifacts, in one process over a real store."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Franca = Callable[..., Any]  #: runs words; answers with status, out, err and json


@pytest.fixture
def store(franca: Franca) -> Franca:
    """A kind of the user's with two artifacts."""
    assert franca("add", "automation", "demo").status == 0
    assert franca("add", "demo", "a1", "--tags=t1,t2", "--meta.level=2").status == 0
    assert franca("add", "demo", "a2", "--tags=t1").status == 0
    return franca


def names(text: str) -> list[str]:
    return [Path(line).name for line in text.splitlines()]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], ["a1", "a2"]),
        (["a1"], ["a1"]),
        (["A1"], ["a1"]),
        (["a*"], ["a1", "a2"]),
        (["local:a2"], ["a2"]),
        (["a1", "a2"], ["a1", "a2"]),
        (["--tags=t1,-t2"], ["a2"]),
        (["--tags,=t1,t2"], ["a1"]),
        (["t1 t2"], ["a1"]),
        (["t1,t2"], ["a1"]),
        (["nosuch"], []),
    ],
)
def test_find(store: Franca, words: list[str], found: list[str]) -> None:
    got = store("find", "demo", *words)
    assert (got.status, names(got.out)) == (0, found)


def test_find_for_programs_and_as_a_table(store: Franca) -> None:
    entry = store("find", "demo", "a1", "--json").json["list"][0]
    assert (entry["alias"], entry["tags"], entry["automation_alias"]) == ("a1", ["t1", "t2"], "demo")
    assert "meta" not in entry
    assert store("find", "demo", "a1", "--json", "--full").json["list"][0]["meta"]["level"] == "2"
    head, first, second = store("find", "demo", "--long").out.splitlines()
    assert head.split() == ["name", "tags", "repository", "uid"]
    assert first.split()[:3] == ["a1", "t1,t2", "local"]
    assert second.split()[:3] == ["a2", "t1", "local"]


def test_every_alias_of_an_action_does_the_same(store: Franca) -> None:
    assert store("ls", "demo").out == store("list", "demo").out == store("find", "demo").out != ""


def test_show_and_load(store: Franca, root: Path) -> None:
    shown = store("show", "demo", "a1").out
    assert f"path        {root}/repos/local/demo/a1" in shown
    assert "level       2" in shown
    loaded = store("load", "demo", "a1")
    assert json.loads(loaded.out)["level"] == "2"
    assert "level: '2'" in store("load", "demo", "a1", "--yaml").out
    assert store("load", "demo", "a1", "--json").json["meta"]["alias"] == "a1"


@pytest.mark.parametrize(
    ("words", "status", "texts"),
    [
        (["load", "demo", "a*"], 1, ["more than 1 artifact found", "a1", "a2"]),
        (["load", "demo", "nosuch"], 16, ["artifact not found", "nosuch"]),
        (["show", "demo", "a11"], 16, ["no demo matches a11", "closest: a1"]),
        (["show", "demo", "--tags=t11"], 16, ["t11 -> t1"]),
        (["rm", "demo", "nosuch"], 16, ["no demo matches nosuch"]),
        (["add", "demo", "a1"], 8, ["a1"]),
        (["add", "nosuch", "a b:c:d"], 1, ["needs one word"]),
        (["add", "demo", "../x"], 1, ["../x"]),
        (["add", "demo"], 1, ["needs one word"]),
        (["add", "demo", "x", "--meta={"], 1, ["--meta is no JSON"]),
        (["add", "demo", "x", "--meta=[1]"], 1, ["JSON object"]),
        (["find", "demo", "a:b:c"], 1, ["CM object a:b:c is not recognized"]),
        (["update", "demo"], 1, ["--search-tags"]),
        (["mv", "demo", "a1"], 1, ["what and where to"]),
        (["cp", "demo", "a1", "local:a2"], 1, ["a2"]),
        (["fnid", "script"], 4, ["'fnid'", "closest: find"]),
        (["fnid"], 1, ["'fnid'", "closest: find"]),
        (["find", "demo", "--tgs=x"], 1, ["--tgs", "--tags"]),
        (["find", "@nosuch.json"], 16, ["nosuch.json does not exist"]),
        (["run"], 1, ["needs a script"]),
        (["run", "a", "b"], 1, ["one script at a time", "'b'"]),
        (["run", "no such thing"], 1, ["no script"]),
        (["plan", "detetc os"], 1, ["closest: detect"]),
        (["plan", "cache", "x"], 1, ["works on scripts"]),
        (["completion", "fsh"], 1, ["closest: fish"]),
        (["help", "nosuch"], 1, ["'nosuch'"]),
    ],
)
def test_mistakes_have_one_message_and_a_status(store: Franca, words: list[str], status: int, texts: list[str]) -> None:
    got = store(*words)
    assert (got.status, got.out) == (status, "")
    assert got.err.startswith("franca: ")
    assert "Traceback" not in got.err
    for text in texts:
        assert text in got.err
    as_json = store(*words, "--json")
    assert as_json.status == status
    assert as_json.json["status"] == status
    assert as_json.json["error"]["message"]


def test_update_rename_copy_remove(store: Franca, root: Path) -> None:
    assert store("update", "demo", "a1", "--tags=t3", "--remove-tags=t2", "--meta.level=3").status == 0
    entry = store("find", "demo", "a1", "--json", "--full").json["list"][0]
    assert (entry["tags"], entry["meta"]["level"]) == (["t1", "t3"], "3")
    assert store("update", "demo", "--search-tags=t1", "--tags=x").status == 1
    assert len(store("update", "demo", "--search-tags=t1", "--tags=x", "-f", "--json").json["list"]) == 2

    assert store("mv", "demo", "a2", "b2").status == 0
    assert names(store("find", "demo").out) == ["a1", "b2"]
    copied = store("cp", "demo", "a1", "c1", "--new-tags=copied", "--json").json["list"][0]
    assert (copied["alias"], copied["tags"][-1]) == ("c1", "copied")
    assert copied["uid"] != entry["uid"]

    refused = store("rm", "demo", "c1")
    assert (refused.status, "--force" in refused.err) == (1, True)
    assert store("rm", "demo", "c1", "--dry-run").out == f"Would delete {root}/repos/local/demo/c1\n"
    assert names(store("find", "demo").out) == ["a1", "b2", "c1"]
    gone = store("rm", "demo", "--tags=x", "-f", "--json").json["deleted_list"]
    assert sorted(one["alias"] for one in gone) == ["a1", "b2", "c1"]
    assert store("find", "demo").out == ""


def test_values_come_from_files_as_well(store: Franca) -> None:
    Path("in.json").write_text('{"meta": {"deps": [{"tags": "a,b"}], "n": 1}, "tags": ["f"]}')
    assert store("add", "demo", "a3", "@in.json", "--meta.n=2").status == 0
    entry = store("find", "demo", "a3", "--json", "--full").json["list"][0]
    assert (entry["meta"]["deps"], entry["meta"]["n"], entry["tags"]) == ([{"tags": "a,b"}], "2", ["f"])


def test_a_malformed_file_is_named_with_its_line(store: Franca) -> None:
    Path("in.yaml").write_text("a: 1\nb: [1,\n")
    got = store("find", "demo", "@in.yaml")
    assert got.status == 4
    assert "in.yaml:" in got.err


def test_broken_content_is_a_warning_that_stops_nothing(store: Franca, root: Path) -> None:
    (root / "repos/local/demo/a2/_cm.json").write_text("{")
    got = store("find", "demo")
    assert (got.status, names(got.out)) == (0, ["a1"])
    assert "warning: " in got.err and "a2/_cm.json" in got.err
    assert store("find", "demo", "--json").json["status"] == 0


def test_repositories_are_found_and_shown(store: Franca, root: Path) -> None:
    assert f"local,9a3280b14a4285c9 = {root}/repos/local" in store("find", "repo").out.splitlines()
    assert store("find", "repo", "local", "--json").json["list"][0]["trusted"] is True
    assert f"path     {root}/repos/local\n" in store("show", "repo", "local").out
    assert store("show", "repo", "lcal").status == 16
    assert "closest: local" in store("show", "repo", "lcal").err


def test_help_version_and_nothing(franca: Franca) -> None:
    assert franca("--help").out == franca("help").out == franca("-h").out
    alone = franca()
    assert alone.status == 0 and len(alone.out.splitlines()) < 20, "one screen of what to try first"
    for line in re.findall(r"^  (franca .*?)  ", alone.out, re.MULTILINE):
        assert f"franca {line.split()[1]} - " in franca(line.split()[1], "--help").out
    assert (franca("--bogus").status, franca("--bogus").out) == (1, "")
    assert "franca run - run a script" in franca("help", "run").out
    assert franca("run", "--help").out == franca("help", "run").out
    assert franca("--version").out == franca("version").out
    assert franca("version", "--json").json["status"] == 0


def test_help_of_a_run_shows_the_script(franca: Franca) -> None:
    got = franca("run", "detect os", "--help")
    assert got.status == 0
    assert "detect-os" in got.out and "exports" in got.out


def test_doctor_finds_this_machine(franca: Franca, root: Path) -> None:
    got = franca("doctor", "--json")
    checks = {check["name"]: check for check in got.json["checks"]}
    assert checks["python"]["state"] == "ok"
    assert checks["store"]["found"] == str(root)
    assert got.status == (1 if got.json["problems"] else 0)
    assert all(check["next"] for check in checks.values() if check["state"] != "ok")


def test_doctor_calls_a_missing_git_a_problem(franca: Franca, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    got = franca("doctor")
    assert got.status == 1
    assert any(line.split()[:2] == ["problem", "git"] for line in got.out.splitlines())


def test_completion_knows_actions_kinds_names_flags_and_tags(store: Franca) -> None:
    def complete(*words: str) -> list[str]:
        return store("__complete", *words).out.split()

    assert complete("fi") == ["find"]
    assert "script" in complete("find", "sc")
    assert "detect-os" in complete("run", "detect")
    assert complete("find", "repo", "lo") == ["local"]
    assert complete("rm", "cache", "--dr") == ["--dry_run"] or complete("rm", "cache", "--dr") == ["--dry-run"]
    assert "--tags=detect,os" in complete("find", "script", "--tags=detect,o")
    assert complete("completion", "") == ["bash", "zsh", "fish"]
    assert complete("nosuch", "x") == []


def test_a_plan_changes_nothing(franca: Franca, root: Path) -> None:
    franca("find", "script")
    before = sorted(path.name for path in (root / "repos" / "local").rglob("*"))
    plan = franca("plan", "get python3", "--json").json
    assert plan["plan"]["step"]["script"].startswith("get-python3,")
    assert sum(plan["counts"].values()) >= 1
    assert "get,python3" in franca("plan", "get python3").out
    assert franca("plan", "get python3", "--mermaid").out.startswith("flowchart")
    assert franca("plan", "get python3", "--dot").out.startswith("digraph")
    assert sorted(path.name for path in (root / "repos" / "local").rglob("*")) == before


def test_run_prints_what_the_script_exports(franca: Franca) -> None:
    got = franca("run", "detect os")
    assert got.status == 0
    assert "CM_HOST_OS_TYPE" in got.out
    assert "* detect,os" in got.err
    silent = franca("run", "detect-os", "--silent")
    assert (silent.status, silent.out, silent.err) == (0, "", "")


def test_a_result_can_be_kept_in_a_file(franca: Franca) -> None:
    assert franca("run", "detect os", "--save_to_json=r.json").status == 0
    kept = json.loads(Path("r.json").read_text())
    assert kept["new_env"]["CM_HOST_OS_TYPE"]
    assert kept["command"] == "franca run script 'detect os' --save_to_json=r.json"


def test_an_internal_error_leaves_a_report_not_a_traceback(
    franca: Franca, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from franca.cli import doctor

    def fail(session: object) -> list[object]:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(doctor, "checks", fail)
    got = franca("doctor", "--pat=s3cret")
    assert got.status == 1  # an unknown option, before anything runs
    got = franca("doctor")
    assert got.status == 70
    assert "internal error: ZeroDivisionError: boom" in got.err and "Traceback" not in got.err
    (report,) = (root / ".franca" / "crashes").iterdir()
    assert str(report) in got.err
    text = report.read_text()
    assert "Traceback" in text and "boom" in text
    assert report.stat().st_mode & 0o077 == 0


def test_a_full_disk_or_a_missing_permission_is_one_line(franca: Franca, monkeypatch: pytest.MonkeyPatch) -> None:
    from franca.cli import doctor

    def fail(session: object) -> list[object]:
        raise OSError(28, "No space left on device", "/x/y")

    monkeypatch.setattr(doctor, "checks", fail)
    got = franca("doctor")
    assert (got.status, got.out) == (1, "")
    assert got.err.splitlines()[0] == "franca: No space left on device: /x/y"


def test_a_repository_before_a_name_decides_between_scripts_of_one_uid(franca: Franca, tmp_path: Path) -> None:
    """Many scripts of the two content collections have the same uid and the same name."""
    for number, prefix in enumerate(("CM", "MLC")):
        new = prefix == "MLC"
        top = tmp_path / prefix.lower()
        folder = top / "script" / "twin"
        (folder / "tests").mkdir(parents=True)
        (top / ("meta.yaml" if new else "cmr.yaml")).write_text(f"alias: {prefix.lower()}\nuid: '{number:016x}'\n")
        (folder / ("meta.yaml" if new else "_cm.yaml")).write_text(
            "alias: twin\nuid: 'ffffffffffffffff'\nautomation_alias: script\nautomation_uid: 5b4e0237da074764\n"
            f"tags: [twin]\nenv: {{{prefix}_WHO: {prefix}}}\nnew_env_keys: [{prefix}_WHO]\n"
            "tests: {run_inputs: [{}]}\n"
        )
        assert franca("import", "repo", str(top)).status == 0
    for prefix in ("CM", "MLC"):
        name = f"{prefix.lower()}:twin"
        assert franca("run", name, "--json").json["new_env"] == {f"{prefix}_WHO": prefix}
        assert franca("plan", "script", name, "--json").json["plan"]["step"]["repo"] == prefix.lower()
        assert franca("run", "script", name, "--save_env").status == 0
        assert franca("test", "script", name, "--json").json["status"] == 0


MODULE = '''from cmind.automation import Automation


class CAutomation(Automation):
    def __init__(self, cmind, automation_file):
        super().__init__(cmind, __file__)

    def greet(self, i):
        """Greet somebody."""
        print("hello " + i["name"])
        return {"return": 0, "who": i["name"]}

    def refuse(self, i):
        return {"return": 7, "error": "not today", "hint": "come back tomorrow"}
'''


def test_actions_of_an_automation_and_whose_fault_it_is_when_they_fail(store: Franca, root: Path) -> None:
    (root / "repos" / "local" / "automation" / "demo" / "module.py").write_text(MODULE)
    assert store("greet", "demo", "--name=Ada").out == "hello Ada\n"
    assert store("greet", "demo", "--name=Ada", "--json").json["who"] == "Ada"
    assert "greet: Greet somebody." in store("help", "demo").out
    refused = store("refuse", "demo")
    assert (refused.status, refused.err) == (7, "franca: not today\n  next: come back tomorrow\n")
    raised = store("greet", "demo")
    assert raised.status == 1 and "fault of Franca" not in raised.err
    assert "KeyError: 'name'" in raised.err and "module.py:10" in raised.err


def test_a_dependency_that_nobody_answers_is_told_with_who_needs_it(franca: Franca, root: Path) -> None:
    assert franca("new", "script", "wanting", "--tags=wanting").status == 0
    meta = root / "repos" / "local" / "script" / "wanting" / "_cm.yaml"
    meta.write_text(meta.read_text().replace("tags: detect,os", "tags: no,such,thing"))
    for action in ("plan", "run"):
        failed = franca(action, "wanting")
        assert failed.status == 1
        assert re.search(r"no script matches tags no,such,thing.*, needed by wanting", failed.err)


def test_a_failing_native_script_in_plain_words(franca: Franca, root: Path) -> None:
    assert franca("new", "script", "failing", "--tags=failing").status == 0
    (root / "repos" / "local" / "script" / "failing" / "run.sh").write_text("exit 3\n")
    failed = franca("run", "failing")
    assert failed.status == 2
    assert "franca: run.sh of failing ended with status 3\n  log: " in failed.err
    assert "next: run the same command again" in failed.err


def test_a_script_that_was_made_leaves_nothing_where_it_ran(franca: Franca) -> None:
    assert franca("new", "script", "tidy", "--tags=tidy").status == 0
    assert franca("run", "tidy").status == 0
    assert list(Path.cwd().iterdir()) == []


def test_several_scripts_and_nobody_to_ask(franca: Franca) -> None:
    for name in ("one", "two"):
        assert franca("new", "script", name, "--tags=either").status == 0
    got = franca("run", "--tags=either")
    assert got.status == 0
    assert "More than one script matches either: the first of 2 is taken: one," in got.err


def test_an_input_that_no_script_reads_is_told(franca: Franca) -> None:
    assert franca("new", "script", "reading", "--tags=reading").status == 0
    wrong = franca("run", "reading", "--txt=x", "--text=y", "--name=z")
    assert wrong.status == 0
    assert [line for line in wrong.err.splitlines() if "has no input" in line] == [
        "warning: reading has no input --txt (closest: --text)"
    ]


def test_flags_that_every_run_takes_from_the_configuration(franca: Franca, root: Path) -> None:
    """``config.script`` of ``cfg::default`` (script engine, section 2.3); what is typed wins."""
    assert franca("new", "script", "reading", "--tags=reading").status == 0
    folder = root / "repos" / "local" / "cfg" / "default"
    folder.mkdir(parents=True)
    meta = {
        "alias": "default",
        "uid": "00000000000000cf",
        "automation_alias": "cfg",
        "automation_uid": "88dce9c160324c5d",
    }
    (folder / "_cm.json").write_text(json.dumps({**meta, "config": {"script": {"text": "configured"}}}))
    assert franca("run", "reading", "--json").json["new_env"] == {"CM_READING_RESULT": "configured"}
    assert franca("run", "reading", "--text=typed", "--json").json["new_env"] == {"CM_READING_RESULT": "typed"}
