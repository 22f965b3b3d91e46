"""The conformance checklist of the core, one test an item (CM core, section 19; the number is the item's).

The other tests of this folder replay recorded answers; here each item of the list is checked by itself, so that
one can see what is covered and where.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from tests.conformance.desk import A1, A2, DEMO, Desk, as_bytes, tree


def test_item_01_an_empty_root(desk: Desk) -> None:
    lines = desk.works("cm find repo").splitlines()
    assert lines == [f"local,9a3280b14a4285c9 = {desk.repos / 'local'}"], "and our recipes, which desk leaves out"
    assert (desk.root / "repos.json").read_text() == "[]\n"
    meta = yaml.safe_load((desk.repos / "local" / "cmr.yaml").read_text())
    assert meta == {"alias": "local", "name": "local CM repository", "uid": "9a3280b14a4285c9"}


def test_item_02_paths_and_metas_of_what_is_added(demo: Desk) -> None:
    top = demo.repos / "r" / "sub"
    repo = yaml.safe_load((demo.repos / "r" / "cmr.yaml").read_text())
    assert {key: repo[key] for key in ("alias", "uid", "prefix")} == {
        "alias": "r", "uid": "bd3acd8f02694eed", "prefix": "sub",
    }  # fmt: skip
    automation = demo.meta("r", "sub", "automation", "demo")
    assert automation == {
        "alias": "demo", "automation_alias": "automation", "automation_uid": "bbeb15d8f0a944a4",
        "tags": ["automation"], "uid": DEMO,
    }  # fmt: skip
    assert (top / "automation" / "demo" / "module.py").is_file()
    wanted = {"alias": "a1", "automation_alias": "demo", "automation_uid": DEMO, "tags": ["t1", "t2"], "uid": A1}
    assert (top / "demo" / "a1" / "_cm.json").read_bytes() == as_bytes(wanted)


FINDS = [
    ("cm find demo", ["a1", "a2"]),
    ("cm find demo a1", ["a1"]),
    (f"cm find demo {A1}", ["a1"]),
    (f"cm find demo a1,{A1}", ["a1"]),
    (f"cm find demo wrong,{A1}", ["a1"]),
    (f"cm find demo a1,{A2}", ["a2"]),
    ("cm find demo a1,0000000000000001", []),
    ("cm find demo A1", ["a1"]),
    (f"cm find demo {A1.upper()}", ["a1"]),
    ("cm find demo 'a*'", ["a1", "a2"]),
    ("cm find demo 'a?'", ["a1", "a2"]),
    ("cm find demo '*2'", ["a2"]),
    ("cm find demo 'r:*'", ["a1", "a2"]),
    ("cm find demo 'local:*'", []),
    ("cm find '*' a1", ["a1"]),
    ("cm find demo '6*'", []),
]


def test_item_03_finding_by_name(demo: Desk) -> None:
    for line, names in FINDS:
        assert demo.names(line) == names, line


def test_item_04_finding_by_tags(demo: Desk) -> None:
    both = ["a1", "a2"]
    for tags, names in (
        ("--tags=t1", both), ("--tags=t1,t2", ["a1"]), ("--tags=t1,-t2", ["a2"]), ("--tags=-t1", []),
        ("--tags=-t2", ["a2"]), ("--tags=", both), ("--tags,=t1,t2", ["a1"]), ("'--tags= t1 , t3 '", ["a2"]),
        ("--tags=T1", []),
    ):  # fmt: skip
        assert demo.names(f"cm find demo {tags}") == names, tags


def test_item_05_one_alias_in_two_repositories(demo: Desk) -> None:
    demo.all_work("cm add repo other", "cm add demo other:a1")
    for index in ("", "no"):
        demo.environ["CM_INDEX"] = index
        assert sorted(demo.works("cm find demo a1").splitlines()) == [
            str(demo.repos / "other" / "demo" / "a1"), str(demo.repos / "r" / "sub" / "demo" / "a1"),
        ]  # fmt: skip
        demo.fails("cm load demo a1", 1, "more than 1 artifact found")
        assert demo.data("cm load demo r:a1")["uid"] == A1


def test_item_06_results_and_files(demo: Desk) -> None:
    path = str(demo.repos / "r" / "sub" / "demo" / "a1")
    meta = {"alias": "a1", "automation_alias": "demo", "automation_uid": DEMO, "tags": ["t1", "t2"], "uid": A1}
    loaded = demo.data("cm load demo a1 --out=json")
    assert (loaded["return"], loaded["path"]) == (0, path)
    assert loaded["meta"] == loaded["original_meta"] == meta
    changed = demo.data("cm update demo a1 --meta.k=v --out=json")
    assert [one["path"] for one in changed["list"]] == [path]
    assert Path(path, "_cm.json").read_bytes() == as_bytes({**meta, "k": "v"})
    moved = demo.data(f"cm mv demo a1 b,{A1} --out=json")
    assert Path(moved["list"][0]["path"], "_cm.json").read_bytes() == as_bytes({**meta, "alias": "b", "k": "v"})
    copied = demo.data("cm cp demo b c --new_tags=n --out=json")
    fresh = copied["list"][0]
    assert fresh["uid"] != A1
    assert Path(fresh["path"], "_cm.json").read_bytes() == as_bytes(
        {**meta, "alias": "c", "k": "v", "tags": ["t1", "t2", "n"], "uid": fresh["uid"]}
    )
    assert demo.data("cm find demo --out=json")["return"] == 0
    deleted = demo.data("cm rm demo c -f --out=json")
    assert [one["alias"] for one in deleted["deleted_list"]] == ["c"]
    assert not Path(fresh["path"]).exists()


def test_item_07_updating(demo: Desk) -> None:
    demo.all_work("cm update demo a1 --meta.l,=a,b --tags=t9", "cm update demo a1 --meta.l,=c")
    one = demo.meta("r", "sub", "demo", "a1")
    assert (one["l"], one["tags"]) == (["a", "b", "c"], ["t1", "t2", "t9"])
    demo.works("cm update demo a1 --meta.l,=z --tags=only --replace_lists")
    one = demo.meta("r", "sub", "demo", "a1")
    assert (one["l"], one["tags"]) == (["z"], ["only"])
    demo.works("cm update demo a1 --meta.new=1 --replace")
    one = demo.meta("r", "sub", "demo", "a1")
    assert (one["new"], one["uid"], one["alias"], "l" in one) == ("1", A1, "a1", False)
    demo.works("cm update demo r:fresh --meta.k=v")
    assert demo.meta("r", "sub", "demo", "fresh")["k"] == "v"
    before = tree(demo.repos)
    demo.fails("cm update demo 'a*' --meta.k=v", 1, "-f")
    assert tree(demo.repos) == before
    assert len(demo.works("cm update demo 'a*' --meta.k=v -f").splitlines()) == 2


def test_item_08_inheritance(demo: Desk) -> None:
    demo.all_work(
        "cm add demo r:base --tags=b1 --meta.a.x=1 --meta.l,=p,q",
        "cm add demo r:child --tags=c1 --meta.a.y=2 --meta.l,=r --meta._base=demo::base",
        "cm add demo r:grandchild --meta._base=child --meta.a.z=3",
        "cm add demo r:one --meta._base=a1",
    )
    child = demo.data("cm load demo child")
    assert (child["a"], child["l"], child["tags"]) == ({"x": "1", "y": "2"}, ["p", "q", "r"], ["b1", "c1"])
    third = demo.data("cm load demo grandchild")
    assert third["a"] == {"x": "1", "y": "2", "z": "3"}
    assert demo.names("cm find demo --tags=b1") == ["base", "child", "grandchild"]
    assert "_base" in demo.data("cm load demo child --ignore_inheritance")
    broken = demo.repos / "r" / "sub" / "demo" / "base" / "_cm.json"
    broken.write_bytes(as_bytes({**json.loads(broken.read_text()), "_base": "grandchild"}))
    assert demo.types("cm load demo grandchild").status == 8
    demo.works("cm add demo r:orphan --meta._base=nobody")
    done = demo.types("cm load demo orphan")
    assert done.status == 1
    assert "nobody" in done.err
    assert demo.data("cm load demo one")["alias"] == "one", "the others are as they were"


def test_item_09_two_files_and_digits(demo: Desk) -> None:
    folder = demo.repos / "r" / "sub" / "demo"
    (folder / "yj").mkdir()
    (folder / "yj" / "_cm.yaml").write_text(
        f"alias: yj\nuid: 1234567890123456\nautomation_uid: {DEMO}\nautomation_alias: demo\nk: {{a: 1, b: 2}}\nt: [1]\n"
    )
    (folder / "yj" / "_cm.json").write_text('{"k": {"b": 3}, "t": [2]}')
    meta = demo.data("cm load demo yj")
    assert (meta["k"], meta["t"], meta["uid"]) == ({"b": 3}, [2], "1234567890123456")
    assert demo.names("cm find demo 1234567890123456") == ["yj"]
    demo.all_work("cm add demo r:y --yaml --tags=t", "cm mv demo y z")
    assert not (folder / "z" / "_cm.json").exists()
    assert yaml.safe_load((folder / "z" / "_cm.yaml").read_text())["alias"] == "z"


WORDS = [
    ("a b c", {"artifact": "a", "artifacts": ["b", "c"]}),
    ("--k=v=w -z=x '--t= s '", {"k": "v=w", "z": "x", "t": "s"}),
    ("--k -f", {"k": True, "f": True}),
    ("--k- --a-b-", {"k": False, "a_b": False}),
    ("--k,=a,b --e,=", {"k": ["a", "b"], "e": []}),
    ("--a.b.c=v --a.d=w --a-b.c-d=1", {"a": {"b": {"c": "v"}, "d": "w"}, "a_b": {"c-d": "1"}}),
    ("--n=12", {"n": "12"}),
    ("--a=0 @in.json --b=9 @in.yaml", {"a": 2, "b": "9", "c": [1]}),
    ("x -- s --q 1", {"artifact": "x", "unparsed_cmd": ["s", "--q", "1"]}),
    ("x --", {"artifact": "x", "unparsed_cmd": []}),
]


def test_item_10_the_command_line(desk: Desk) -> None:
    (desk.work / "in.json").write_text('{"a": 1, "b": 2}')
    (desk.work / "in.yaml").write_text("a: 2\nc: [1]\n")
    for words, wanted in WORDS:
        got = desk.data(f"cm print-input automation {words}")
        for key in ("action", "automation", "cmd", "out", "parsed_automation", "parsed_artifact", "parsed_artifacts"):
            got.pop(key, None)
        assert got == wanted, words
    desk.fails("cm print-input automation @in.txt", 1, r"\.json or \.yaml")
    desk.fails("cm print-input automation @none.json", 16, "none.json")
    desk.fails("cm print-input automation --a=1 --a.b=2", 1, "--a.b=2 cannot be combined with --a=1")


def test_item_11_streams_and_status(demo: Desk) -> None:
    for line, status in (
        ("cm load demo nosuch", 16), ("cm nosuch repo", 4), ("cm find nosuch", 4), ("cm find", 4),
        ("cm find demo a:b:c", 1), ("cm load demo 'a*'", 1),
    ):  # fmt: skip
        done = demo.types(line)
        assert (done.status, done.out) == (status, ""), line
        assert re.match(r"\nCM error: .+!\n", done.err), done.err
        told = demo.types(f"{line} --out=json")
        assert told.status == json.loads(told.out)["return"] == status
    (one, two) = demo.data("cm find demo --out=json")["list"]
    assert {"path", "uid", "alias", "automation_uid", "repo", "tags"} == set(one) == set(two)
