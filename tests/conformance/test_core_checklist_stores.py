"""The conformance checklist of the core, continued: repositories, automations, mishaps, the second interface."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.conformance.desk import A1, DEMO, Desk, as_bytes, tree

# --- repositories ----------------------------------------------------------------------------------------


def publish(desk: Desk, name: str, **meta: object) -> Path:
    """A bare repository, as a server has it, with a branch, a tag and one artifact; no meta unless given."""
    source, bare = desk.scratch / name / "source", desk.home / "remotes" / f"{name}.git"
    (source / "script" / "s").mkdir(parents=True)
    if meta:
        (source / "cmr.yaml").write_text(json.dumps({"alias": name.replace("/", "@"), "git": True, **meta}))
    (source / "script" / "s" / "_cm.json").write_text(
        json.dumps({"alias": "s", "uid": "5" * 16, "automation_uid": "5b4e0237da074764", "tags": ["theirs"]})
    )
    (source / "inner").mkdir()
    (source / "inner" / "note").write_text("x")
    desk.git("init", "-q", at=source)
    desk.git("add", ".", at=source)
    desk.git("commit", "-qm", "one", at=source)
    desk.git("tag", "v1", at=source)
    desk.git("checkout", "-qb", "dev", at=source)
    (source / "later").write_text("x")
    desk.git("add", ".", at=source)
    desk.git("commit", "-qm", "two", at=source)
    desk.git("checkout", "-q", "main", at=source)
    bare.parent.mkdir(parents=True, exist_ok=True)
    desk.git("clone", "-q", "--bare", str(source), str(bare), at=desk.scratch)
    return bare


@pytest.fixture
def online(desk: Desk) -> Desk:
    """A desk on which every address of the usual server means a bare repository in its home."""
    remotes = desk.home / "remotes"
    remotes.mkdir()
    (desk.home / ".gitconfig").write_text(
        f'[url "file://{remotes}/"]\n\tinsteadOf = https://github.com/\n\tinsteadOf = git@github.com:\n'
        '[user]\n\tname = T\n\temail = t@example.org\n[protocol "file"]\n\tallow = always\n'
    )
    return desk


PULLS = [
    ("o@n", "o@n"),
    ("n", "mlcommons@n"),
    ("https://github.com/o/n", "o@n"),
    ("https://github.com/o/n.git", "o@n"),
    ("--url=https://github.com/o/n", "o@n"),
    ("git@github.com:o/n.git", "o@n"),
    ("mine --url=https://github.com/o/n", "mine"),
    ("mlcommons@ck", "mlcommons@ck"),
]


def test_item_12_pulling(online: Desk) -> None:
    for name in ("o/n", "mlcommons/n", "mlcommons/ck"):
        publish(online, name)
    for words, alias in PULLS:
        out = online.works(f"cm pull repo {words}")
        assert f"CM alias for this repository: {alias}" in out, words
        meta = yaml.safe_load((online.repos / alias / "cmr.yaml").read_text())
        assert (meta["alias"], meta["git"], len(meta["uid"])) == (alias, True, 16)
        assert online.works("cm find script --tags=theirs") == f"{online.repos / alias / 'script' / 's'}\n"
        online.works(f"cm rm repo {alias} --all -f")
    clone = online.repos / "o@n"
    online.works("cm pull repo o@n --branch=dev")
    assert (clone / "later").exists()
    online.works("cm pull repo o@n --checkout=v1")
    assert not (clone / "later").exists()
    online.works("cm rm repo o@n --all -f")
    online.works("cm pull repo o@n --branch=dev --checkout=v1")
    assert online.git("symbolic-ref", "--short", "HEAD", at=clone) == "dev\n"
    assert not (clone / "later").exists()
    online.works("cm rm repo o@n --all -f")
    online.works("cm pull repo o@n --dir=inner")
    assert str(clone / "inner") in online.works("cm find repo 'o@n'")
    online.works("cm rm repo o@n -f")
    shutil.rmtree(clone)
    online.fails("cm pull repo o@n --branch=nosuch", 1, "nosuch")
    assert not clone.exists()
    online.fails("cm pull repo nobody@nothing", 1, "nobody/nothing")
    online.works("cm pull repo o@n")
    (online.home / "remotes" / "o" / "n.git").rename(online.home / "gone")
    online.fails("cm pull repo o@n", 1, "git pull .*failed")
    online.fails("cm pull repo", 1, "git pull .*failed")


def test_item_13_registration(desk: Desk) -> None:
    desk.works("cm add repo one --uid=1111111111111111")

    def folder(name: str, **meta: object) -> Path:
        path = desk.work / name
        path.mkdir()
        (path / "cmr.yaml").write_text(json.dumps({"alias": name, "uid": "2" * 16, **meta}))
        return path

    desk.fails(f"cm import repo --path={folder('a', alias='one')}", 1, 'same alias "one"')
    desk.fails(f"cm import repo --path={folder('b', uid='1' * 16)}", 1, "already exists in")
    enemy = {"alias": "one", "uid": "1" * 16, "conflict": True}
    desk.fails(f"cm import repo --path={folder('c', deps=[enemy])}", 1, "one")
    needed = {"alias": "far@away", "uid": "3" * 16}
    desk.works(f"cm import repo --path={folder('d', deps=[needed])}")
    desk.works("cm rm repo d -f")
    out = desk.data(f"cm import repo --path={desk.work / 'd'} --out=json")
    assert "cm pull repo far@away" in " ".join(out["warnings"])
    assert str(desk.work / "d") in desk.works("cm find repo")
    desk.works("cm rm repo d -f")
    assert str(desk.work / "d") not in desk.works("cm find repo")
    assert (desk.work / "d" / "cmr.yaml").is_file()
    desk.works("cm rm repo one --all -f")
    assert not (desk.repos / "one").exists()
    desk.fails("cm rm repo one -f", 1, "Repository not found")


def test_item_14_packing(demo: Desk) -> None:
    path = demo.repos / "r"
    (path / "sub" / "demo" / "a1" / "data.bin").write_bytes(bytes(range(256)))
    demo.git("init", "-q", at=path)
    before = {name: data for name, data in tree(path).items() if not name.startswith(".git")}
    demo.works("cm pack repo r")
    assert not any(name.startswith(".git") for name in zipfile.ZipFile(demo.work / "cm.zip").namelist())
    demo.fails("cm unpack repo", 1, "r")
    demo.works("cm rm repo r --all -f")
    demo.works("cm unpack repo")
    assert tree(path) == before
    assert demo.names("cm find demo a1") == ["a1"]


def test_item_15_where_one_is(demo: Desk) -> None:
    top = demo.repos / "r"
    places = {
        top: ("found", False), top / "sub" / "demo": ("kind", False), top / "sub" / "demo" / "a1": ("artifact", True),
        demo.work: ("nothing", False),
    }  # fmt: skip
    for place, (what, artifact) in places.items():
        told = json.loads(demo.works("cm detect repo --out=json", at=place))
        assert told["found"] is (what != "nothing"), place
        assert told["artifact_found"] is artifact, place
        assert told.get("cm_repo", "r,bd3acd8f02694eed") == "r,bd3acd8f02694eed"
    inside = top / "sub" / "demo" / "a1"
    told = json.loads(demo.works("cm detect repo --out=json", at=inside))
    assert (told["cm_automation"], told["cm_artifact"]) == (f"demo,{DEMO}", f"a1,{A1}")
    assert json.loads(demo.works("cm load . .", at=inside))["uid"] == A1
    assert demo.works("cm find . .", at=inside) == f"{inside}\n"
    demo.works("cm add demo .:x", at=top / "sub")
    assert (top / "sub" / "demo" / "x" / "_cm.json").is_file()
    assert demo.types("cm add demo .:y", at=demo.work).status > 0


# --- automations, index, mishaps -------------------------------------------------------------------------

MODULE = '''
from cmind.automation import Automation


class CAutomation(Automation):
    def greet_all(self, i):
        """greet-all: say a name."""
        print("hello", i.get("name"))
        return {"return": 0, "hi": i.get("name")}

    def any(self, i):
        print("any", i["action"])
        return {"return": 0}
'''


def test_item_16_automations(demo: Desk) -> None:
    folder = demo.repos / "r" / "sub" / "automation" / "demo"
    (folder / "module.py").write_text(MODULE)
    for name in ("greet-all", "greet_all"):
        assert demo.works(f"cm {name} demo --name=x") == "hello x\n"
    meta = json.loads((folder / "_cm.json").read_text())

    def with_keys(**keys: object) -> None:
        (folder / "_cm.json").write_bytes(as_bytes({**meta, **keys}))

    with_keys(action_substitutions={"hallo": "greet_all"})
    assert demo.works("cm hallo demo --name=y") == "hello y\n"
    with_keys(use_any_action=True)
    assert demo.works("cm whatever demo") == "any whatever\n"
    with_keys(min_cm_version="99.0")
    demo.fails("cm greet-all demo", 1, "99.0")
    with_keys()
    demo.fails("cm nosuch demo", 4, 'action "nosuch" not found in automation "demo,')
    assert "greet-all: say a name." in demo.works("cm help demo")
    assert "greet-all: say a name." in demo.works("cm greet-all demo -h")
    assert demo.works("cm find demo -h").startswith("find ")


def test_item_17_edits_by_hand_are_seen_at_once(demo: Desk) -> None:
    folder = demo.repos / "r" / "sub" / "demo"
    assert demo.names("cm find demo --tags=t1") == ["a1", "a2"]
    (folder / "b").mkdir()
    (folder / "b" / "_cm.json").write_bytes(
        as_bytes({"alias": "b", "uid": "b" * 16, "automation_uid": DEMO, "automation_alias": "demo", "tags": ["t1"]})
    )
    assert demo.names("cm find demo --tags=t1") == ["a1", "a2", "b"]
    one = json.loads((folder / "b" / "_cm.json").read_text())
    (folder / "b" / "_cm.json").write_bytes(as_bytes({**one, "tags": ["t8"]}))
    assert demo.names("cm find demo --tags=t8") == ["b"]
    assert demo.names("cm find demo --tags=t1") == ["a1", "a2"]
    (folder / "b").rename(folder / "c")
    assert demo.names("cm find demo b") == ["c"], "identity is in the meta, not in the name of the folder"
    for file in (folder / "c").iterdir():
        file.unlink()
    (folder / "c").rmdir()
    assert demo.names("cm find demo b") == []
    listed = json.loads((demo.root / "repos.json").read_text())
    (demo.root / "repos.json").write_text("[]")
    assert demo.types("cm find demo a1").status == 4, "the automation went with its repository"
    (demo.root / "repos.json").write_text(json.dumps(listed))
    assert demo.names("cm find demo a1") == ["a1"]


def test_item_18_one_bad_file_does_not_stop_the_rest(demo: Desk) -> None:
    demo.works("cm add repo bad")
    (demo.root / "index.json").write_text("{")
    assert demo.names("cm find demo") == ["a1", "a2"]
    broken = demo.repos / "r" / "sub" / "demo" / "a1" / "_cm.json"
    whole = broken.read_bytes()
    broken.write_text('{"alias": "a1",\n "uid": }')
    done = demo.types("cm find demo")
    assert (done.status, done.out.splitlines()) == (0, [str(broken.parent.parent / "a2")])
    assert f"{broken}:2" in done.err
    broken.write_bytes(whole)
    (demo.repos / "bad" / "cmr.yaml").write_text("alias: [")
    done = demo.types("cm find demo")
    assert (done.status, len(done.out.splitlines())) == (0, 2)
    assert str(demo.repos / "bad" / "cmr.yaml") in done.err
    (demo.root / "repos.json").write_text("[")
    done = demo.types("cm version")
    assert (done.status, done.out) == (0, "4.2.0\n")
    assert str(demo.root / "repos.json") in demo.types("cm find repo").err


def _adds(environ_of: Desk, number: int) -> None:
    for step in range(10):
        environ_of.works(f"cm add demo r:p{number}-{step}")
    environ_of.works(f"cm add repo made{number}")
    environ_of.works("cmr shared --quiet")


def test_item_19_many_at_once(demo: Desk) -> None:
    """The three rows of section 12: artifacts, repositories and cold runs of one cached script."""
    script = demo.repos / "r" / "sub" / "script" / "shared"
    script.mkdir(parents=True)
    (script / "_cm.json").write_bytes(
        as_bytes(
            {"alias": "shared", "uid": "c" * 16, "automation_alias": "script", "automation_uid": "5b4e0237da074764",
             "tags": ["shared"], "cache": True}
        )
    )  # fmt: skip
    mark = demo.home / "mark"
    (script / "run.sh").write_text(f'#!/bin/bash\necho x >> "{mark}"\n')
    count = 4
    desks = []
    for number in range(count):
        one = Desk(demo.root.parent)
        one.scratch = demo.scratch / str(number)
        one.scratch.mkdir()
        desks.append(one)
    context = multiprocessing.get_context("fork")
    people = [context.Process(target=_adds, args=(one, number)) for number, one in enumerate(desks)]
    for person in people:
        person.start()
    for person in people:
        person.join(300)
    assert [person.exitcode for person in people] == [0] * count
    assert len(demo.names("cm find demo 'p*'")) == 10 * count
    assert len(demo.works("cm find repo 'made*'").splitlines()) == count
    assert mark.read_text() == "x\n", "the script ran once"
    assert len(demo.works("cm find cache --tags=shared").splitlines()) == 1


MODULEX = """
import json
from cmind.automation import Automation


class CAutomation(Automation):
    def show(self, i):
        print("newer", json.dumps(i))
        return {"return": 0, "x": i.get("x")}

    def broken(self, i):
        return self.cmind.prepare_error(7, "this is why")
"""
OLDER = MODULEX.replace("newer", "older")


def test_item_20_the_second_interface(demo: Desk) -> None:
    folder = demo.repos / "r" / "sub" / "automation" / "demo"
    (folder / "module.py").write_text(OLDER)
    older = demo.works("cmx show demo a1 x=1 --a-b=2 -time")
    given = json.loads(older.splitlines()[0].partition(" ")[2])
    assert older.startswith("older")
    assert (given["x"], given["a-b"], given["time"], given["parsed_artifact"]) == ("1", "2", True, [["a1", ""]])
    (folder / "modulex.py").write_text(MODULEX)
    assert demo.works("cm show demo").startswith("older")
    newer = demo.works("cmx show demo a1 b,c,d x=1 --y.z=2 -- more words")
    assert newer.startswith("newer")
    given = json.loads(newer.partition(" ")[2])
    control = given.pop("control")
    assert given == {
        "action": "show", "automation": "demo", "artifact": "a1", "artifacts": ["b,c,d"], "x": "1", "y": {"z": "2"},
    }  # fmt: skip
    assert control["_cmd"] == ["show", "demo", "a1", "b,c,d", "x=1", "--y.z=2", "--", "more", "words"]
    assert control["_unparsed_cmd"] == ["more", "words"]
    assert control["_input"] == {"x": "1", "y": {"z": "2"}}
    assert control["_parsed_automation"] == [["demo", DEMO]]
    assert (control["_parsed_artifact"], control["_unparsed_artifacts"]) == ([["a1", ""]], ["b,c,d"])
    assert demo.data("cmx show demo x=5 -j") == {"return": 0, "x": "5"}
    demo.fails("cmx show demo -bogus", 1, r"Unknown control flag\(s\): bogus")
    demo.fails("cmx show demo ---x", 1, "three")
    err = demo.fails("cmx broken demo", 7, "this is why")
    assert f"while running automation {folder / 'modulex.py'} (" in err
    demo.works("cmx show demo x=8 -repro")
    recorded = demo.work / "cmx-repro"
    assert json.loads((recorded / "cmx-output.json").read_text()) == {"return": 0, "x": "8"}
    assert (recorded / "cmx.log").read_text().count("\n") >= 2
    again = json.loads(demo.works("cmx @cmx-repro/cmx-input.json").partition(" ")[2])
    assert (again["action"], again["x"]) == ("show", "8")
    demo.works("cmx show demo -logfile=log.txt")
    assert "show demo" in (demo.work / "log.txt").read_text()
    assert "show demo" in demo.types("cmx show demo -log").err
    assert demo.types("cmx find demo -out=json").out == ""


def test_item_21_what_the_older_tool_checks_of_itself(demo: Desk) -> None:
    from franca.compat.access import CM

    demo.works("cm add script r:first --tags=one,two")
    demo.works("cm add script .:second --tags=one,three", at=demo.repos / "r")
    assert demo.names("cm find script 'r:*'") == ["first", "second"]
    for number in range(10):
        demo.works(f"cm add demo r:n{number} --tags=number,{'even' if number % 2 == 0 else 'odd'},n{number}")
    cm = CM(environ=demo.environ)
    searches = {
        "number": 10, "even": 5, "odd": 5, "even,odd": 0, "number,-even": 5, "n3": 1, "number,n4": 1, "-number": 2,
        "number,-odd,-n0": 4, "": 12,
    }  # fmt: skip
    for tags, count in searches.items():
        assert len(cm.access({"action": "find", "automation": "demo", "tags": tags})["list"]) == count, tags
    tested = cm.access({"action": "test", "automation": "script"})
    assert tested["return"] == 0
    assert os.path.isdir(tested["repos_path"])
