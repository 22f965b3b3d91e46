"""``access`` and the common actions: the result dictionaries of CM core, sections 8 to 10."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from franca.compat.access import CM
from franca.compat.cmind_shim import cli

UID = "0bab14e5135547e4"


@pytest.fixture
def demo(store: Any, cm: CM) -> CM:
    store.repo("myrepo", prefix="sub")
    result = cm.access({"action": "add", "automation": "automation", "artifact": f"myrepo:demo,{UID}", "tags": "x,y"})
    assert result["return"] == 0, result
    assert result["meta"]["tags"] == ["x", "y", "automation"]
    return cm


def paths(result: dict[str, Any]) -> list[str]:
    assert result["return"] == 0, result
    return [os.path.basename(one.path) for one in result["list"]]


def test_an_artifact_from_birth_to_death(store: Any, demo: CM) -> None:
    added = demo.access({"action": "add", "automation": "demo", "artifact": "myrepo:art1", "tags": "t1,t2"})
    path = store.home / "content/myrepo/sub/demo/art1"
    assert added["path"] == str(path)
    meta = json.loads((path / "_cm.json").read_text())
    assert added["meta"] == meta
    assert meta == {
        "alias": "art1", "automation_alias": "demo", "automation_uid": UID, "tags": ["t1", "t2"], "uid": meta["uid"],
    }  # fmt: skip
    assert demo.access({"action": "add", "automation": "demo", "artifact": "myrepo:art1"})["return"] == 8

    loaded = demo.access({"action": "load", "automation": "demo", "artifact": "art1"})
    assert (loaded["path"], loaded["meta"], loaded["original_meta"]) == (str(path), meta, meta)
    assert loaded["artifact"].repo_path == str(store.home / "content/myrepo")

    updated = demo.access(
        {"action": "update", "automation": "demo", "artifact": "art1", "meta": {"k": {"a": 1}, "l": [1]}, "tags": "t3"}
    )
    assert updated["list"][0].meta["tags"] == ["t1", "t2", "t3"]
    demo.access({"action": "update", "automation": "demo", "artifact": "art1", "meta": {"k": {"b": 2}, "l": [2]}})
    assert json.loads((path / "_cm.json").read_text())["k"] == {"a": 1, "b": 2}
    assert json.loads((path / "_cm.json").read_text())["l"] == [1, 2]
    replaced = demo.access(
        {"action": "update", "automation": "demo", "artifact": "art1", "meta": {"only": 1}, "replace": True}
    )
    assert "k" not in replaced["list"][0].meta
    assert replaced["list"][0].meta["uid"] == meta["uid"]

    copied = demo.access(
        {"action": "cp", "automation": "demo", "artifact": "art1", "artifacts": ["art2"], "new_tags": "c"}
    )
    assert copied["list"][0].meta["uid"] != meta["uid"]
    assert "c" in copied["list"][0].meta["tags"]
    moved = demo.access({"action": "mv", "automation": "demo", "artifact": "art1", "artifacts": ["renamed"]})
    assert moved["list"][0].meta["uid"] == meta["uid"]
    assert not path.exists()

    assert paths(demo.access("find demo")) == ["art2", "renamed"]
    gone = demo.access({"action": "rm", "automation": "demo", "artifact": "renamed", "artifacts": ["art2"], "f": True})
    assert sorted(os.path.basename(one.path) for one in gone["deleted_list"]) == ["art2", "renamed"]
    assert demo.access({"action": "rm", "automation": "demo", "artifact": "renamed", "f": True})["return"] == 16


def test_searching(demo: CM) -> None:
    for name, tags in (("a1", "t1,t2"), ("a2", "t1,t3"), ("b1", "t3")):
        demo.access({"action": "add", "automation": "demo", "artifact": f"myrepo:{name}", "tags": tags})
    uid = demo.access("load demo a1")["meta"]["uid"]
    find = "find demo "
    for command, wanted in {
        "": ["a1", "a2", "b1"],
        "a*": ["a1", "a2"],
        "?1": ["a1", "b1"],
        "A1": ["a1"],
        uid: ["a1"],
        f"wrong,{uid}": ["a1"],
        "a1,0000000000000000": [],
        "myrepo:b1": ["b1"],
        "other:*": [],
        "--tags=t1": ["a1", "a2"],
        "--tags=t1,-t2": ["a2"],
        "--tags=-t1": ["b1"],
        "--tags,=t1,t3": ["a2"],
        "--tags=": ["a1", "a2", "b1"],
        "none": [],
    }.items():
        assert sorted(paths(demo.access(find + command))) == wanted, command
    assert sorted(paths(demo.access(["find", "*", "a1"]))) == ["a1"], "the kind may be a pattern"


def test_codes_for_what_is_not_there(demo: CM) -> None:
    for request, code, text in (
        ("load demo nosuch", 16, "artifact not found: nosuch"),
        ("find nosuch", 4, 'automation "nosuch" not found'),
        ("nosuch repo", 4, 'action "nosuch" not found in automation "repo,55c3e27e8a140e48"'),
        ("find", 4, "automation was not specified"),
        ("find demo a:b:c", 1, "CM object a:b:c is not recognized"),
        ("find norepo:demo", 3, "not found"),
        ("_kind demo", 4, "not found"),
    ):
        result = demo.access(request)
        assert result["return"] == code, request
        assert text in result["error"], request
    assert demo.access({}) == {"return": 0, "warning": "no action specified"}
    assert demo.access(None)["return"] == 0


def test_one_alias_in_two_repositories_is_ambiguous_until_the_repository_is_named(store: Any, demo: CM) -> None:
    demo.access("add demo myrepo:same")
    demo.access("add demo same")
    demo.catalog.refresh()
    result = demo.access("load demo same")
    assert (result["return"], result["error"], len(result["list"])) == (1, "more than 1 artifact found", 2)
    assert demo.access("load demo myrepo:same")["return"] == 0


def test_inheritance_and_its_absence(demo: CM) -> None:
    demo.access({"action": "add", "automation": "demo", "artifact": "myrepo:base", "meta": {"l": [1], "a": {"x": 1}}})
    demo.access(
        {"action": "add", "automation": "demo", "artifact": "myrepo:child", "meta": {"_base": "demo::base", "l": [2]}}
    )
    loaded = demo.access("load demo child")
    assert (loaded["meta"]["l"], loaded["meta"]["a"]) == ([1, 2], {"x": 1})
    assert loaded["original_meta"]["_base"] == "demo::base"
    assert demo.access("load demo child --ignore_inheritance")["meta"]["l"] == [2]


def test_the_input_is_filled_in_place(demo: CM) -> None:
    i: dict[str, Any] = {"action": "find", "automation": "demo", "artifact": "myrepo:x*"}
    demo.access(i)
    assert i["parsed_automation"] == [("demo", UID)]
    assert i["parsed_artifact"] == [("x*", ""), ("myrepo", "")]


def test_meta_may_be_json_text_and_says_when_it_is_not(demo: CM) -> None:
    added = demo.access({"action": "add", "automation": "demo", "artifact": "j", "meta": '{"a": 1}'})
    assert added["meta"]["a"] == 1
    assert demo.access({"action": "add", "automation": "demo", "artifact": "k", "meta": "{"})["return"] == 1


def test_a_directory_is_what_a_dot_means(store: Any, demo: CM, monkeypatch: pytest.MonkeyPatch) -> None:
    path = demo.access("add demo myrepo:here --tags=h")["path"]
    monkeypatch.chdir(path)
    assert paths(demo.access("find . .")) == ["here"]
    assert demo.access("load demo .")["path"] == path
    assert demo.access("add demo .:beside")["path"] == os.path.join(os.path.dirname(path), "beside")
    monkeypatch.chdir(store.home)
    assert demo.access("load demo .")["return"] == 16


MODULE = """
from cmind.automation import Automation
from cmind import utils
import cmind
count = 0

class CAutomation(Automation):
    def __init__(self, cmind, automation_file):
        super().__init__(cmind, automation_file)

    def greet_all(self, i):
        '''greet-all demo --name=x: say hello'''
        global count
        count += 1
        if i.get('out') == 'con':
            print('hello ' + i.get('name', 'nobody'))
        found = cmind.access({'action': 'find', 'automation': self.meta['deps']['other']})
        return {'return': 0, 'count': count, 'found': len(found['list']), 'file': self.full_path, 'path': self.path}

    def helper(self, i):
        return utils.call_internal_module(self, __file__, 'module_misc', 'deep', {'x': 1})

    def odd(self, i):
        return {'return': 0, 'any': False}

    def any(self, i):
        return {'return': 0, 'any': i['action']}
"""


def automation(demo: CM, **meta: Any) -> Path:
    path = Path(demo.access("load automation demo")["path"])
    (path / "module.py").write_text(MODULE)
    (path / "module_misc.py").write_text(
        "def deep(i):\n    return {'return': 0, 'self': i['self_module'].meta['alias']}\n"
    )
    demo.access(
        {
            "action": "update",
            "automation": "automation",
            "artifact": "demo",
            "meta": {"deps": {"other": "demo"}, **meta},
        }
    )
    demo.catalog.refresh()
    return path


def test_an_automation_of_the_user(demo: CM) -> None:
    path = automation(demo, action_substitutions={"hi": "greet_all"})
    first = demo.access({"action": "greet-all", "automation": "demo"})
    assert first == {"return": 0, "count": 1, "found": 0, "file": str(path / "module.py"), "path": str(path)}
    assert demo.access({"action": "hi", "automation": "demo"})["count"] == 1, "globals do not last"
    assert demo.access("helper demo") == {"return": 0, "self": "demo"}
    assert paths(demo.access("find demo")) == [], "the common actions are inherited"


def test_all_actions_may_go_to_one_method(demo: CM) -> None:
    automation(demo, use_any_action=True)
    assert demo.access("whatever demo") == {"return": 0, "any": "whatever"}


def test_an_automation_may_need_a_newer_interface(demo: CM) -> None:
    automation(demo, min_cm_version="99.0")
    assert demo.access("odd demo")["return"] == 1


def test_a_module_that_cannot_be_loaded_is_one_error(demo: CM) -> None:
    path = automation(demo)
    (path / "module.py").write_text("import no_such_module_zz\n")
    result = demo.access("odd demo")
    assert result["return"] == 1
    assert "no_such_module_zz" in result["error"]


def test_an_automation_of_a_held_repository_waits_for_trust(demo: CM) -> None:
    from franca.catalog.register import hold

    automation(demo)
    (repo,) = [one for one in demo.catalog.repos() if one.ref.alias == "myrepo"]
    hold(demo.catalog, repo.path)
    assert "franca trust myrepo" in demo.access("helper demo")["hint"]


def test_command_lines_become_inputs() -> None:
    parsed = cli.parse("cm-like thing --a.b=1 --l,=x,y --off-")
    assert parsed["return"] == 0
    wanted = {"action": "cm-like", "automation": "thing", "a": {"b": "1"}, "l": ["x", "y"], "off": False}
    assert {key: parsed["cm_input"][key] for key in wanted} == wanted
    assert cli.parse("x y --a=1 --a.b=2")["return"] == 1


def test_debug_mode_raises(store: Any) -> None:
    from franca.errors import KindNotFound

    store.environ["CM_DEBUG"] = "yes"
    with pytest.raises(KindNotFound):
        store.cm().access("find nosuch")


def test_configuration_can_be_overridden(store: Any, tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    file.write_text('{"artifact_keys": ["x"]}')
    store.environ["CM_CONFIG"] = str(file)
    cfg = store.cm().cfg
    assert (cfg["artifact_keys"], cfg["file_cmeta"]) == (["x"], "_cm")
