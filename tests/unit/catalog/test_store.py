"""Adding, updating, moving, copying and deleting artifacts (CM core, section 8)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from franca.catalog.catalog import Catalog
from franca.catalog.register import init
from franca.catalog.store import delete_directory
from franca.errors import (
    AlreadyExists,
    Ambiguous,
    Conflict,
    FrancaError,
    KindNotFound,
    MalformedFile,
    NotFound,
    Refused,
)
from franca.model.dialect import NEW
from franca.model.ids import AUTOMATION, CACHE, SCRIPT, ObjectRef, Ref
from franca.model.tags import TagQuery

UID = "63ea4f16977049d1"


def ref(name: str, repo: str = "") -> Ref:
    alias, _, uid = name.partition(",")
    return Ref(ObjectRef(alias, uid), ObjectRef(repo))


@pytest.fixture
def demo(catalog: Catalog) -> ObjectRef:
    """A kind of the user's own, in a repository with a prefix."""
    init(catalog, "myrepo", prefix="sub")
    made = catalog.add(
        AUTOMATION, Ref(ObjectRef("demo", "0bab14e5135547e4"), ObjectRef("myrepo")), {}, tags=("automation",)
    )
    assert made.path == f"{catalog.root}/repos/myrepo/sub/automation/demo"
    return catalog.kind(ObjectRef("demo"))


def test_the_file_of_a_new_artifact(catalog: Catalog, demo: ObjectRef) -> None:
    made = catalog.add(demo, ref(f"art1,{UID}", "myrepo"), {}, tags=("t1", "t2"))
    assert made.path == f"{catalog.root}/repos/myrepo/sub/demo/art1"
    assert (Path(made.path) / "_cm.json").read_text() == (
        '{\n  "alias": "art1",\n  "automation_alias": "demo",\n  "automation_uid": "0bab14e5135547e4",\n'
        f'  "tags": [\n    "t1",\n    "t2"\n  ],\n  "uid": "{UID}"\n}}\n'
    )
    assert os.listdir(made.path) == ["_cm.json"]


def test_yaml_on_request(catalog: Catalog) -> None:
    made = catalog.add(SCRIPT, ref(f"hello,{UID}"), {"deps": []}, tags=("hello",), yaml=True)
    assert Path(made.files[0]).read_text() == (
        "alias: hello\nautomation_alias: script\nautomation_uid: 5b4e0237da074764\ndeps: []\ntags:\n- hello\n"
        f"uid: {UID}\n"
    )


def test_a_nameless_artifact_lies_under_its_uid(catalog: Catalog) -> None:
    made = catalog.add(CACHE, Ref(), {"x": 1}, tags=("a",))
    assert os.path.basename(made.path) == made.ref.uid and made.meta["alias"] == ""


def test_tags_are_appended_once_and_minus_is_no_tag(catalog: Catalog) -> None:
    made = catalog.add(SCRIPT, ref("a"), {"tags": ["x", "y"]}, tags=("y", "z", "-b"))
    assert made.tags == ("x", "y", "z")


def test_an_artifact_is_not_made_twice(catalog: Catalog) -> None:
    catalog.add(SCRIPT, ref("a"), {"n": 1})
    with pytest.raises(AlreadyExists, match="already exists"):
        catalog.add(SCRIPT, ref("a"), {"n": 2})
    assert catalog.load(SCRIPT, ref("a")).meta["n"] == 1


def test_a_directory_with_files_but_no_meta_becomes_the_artifact(catalog: Catalog) -> None:
    folder = Path(catalog.local().path) / "script" / "mine"
    folder.mkdir(parents=True)
    (folder / "run.sh").write_text("echo\n")
    catalog.refresh()
    catalog.add(SCRIPT, ref("mine"), {})
    assert sorted(os.listdir(folder)) == ["_cm.json", "run.sh"]


@pytest.mark.parametrize(
    "alias", ["..", ".", "a/b", "../x", "st*r", "a?", "a:b", "a,b", "a\nb", ".hidden", " ", "x\0y", "a\\b", "n" * 300]
)
def test_names_that_leave_their_place_or_cannot_be_addressed(catalog: Catalog, alias: str) -> None:
    before = sorted(Path(catalog.root, "repos").rglob("*"))
    with pytest.raises(Refused):
        catalog.add(SCRIPT, Ref(ObjectRef(alias)), {})
    assert sorted(Path(catalog.root, "repos").rglob("*")) == before


def test_unknown_repository_and_kind(catalog: Catalog) -> None:
    with pytest.raises(NotFound, match="repository not found: nosuch"):
        catalog.add(SCRIPT, ref("a", "nosuch"), {})
    with pytest.raises(KindNotFound, match='automation "nosuch" not found'):
        catalog.add(ObjectRef("nosuch"), ref("a"), {})


def test_in_the_new_dialect(home: dict[str, str]) -> None:
    catalog = Catalog.open(home, home_dialect=NEW)
    made = catalog.add(SCRIPT, ref("a"), {}, tags=("t",))
    assert made.path == home["HOME"] + "/MLC/repos/local/script/a"
    assert os.listdir(made.path) == ["meta.yaml"] and made.dialect is NEW


@pytest.mark.parametrize(
    "options, meta, expected",
    [
        ({}, {"d": {"b": 2}, "l": [2], "s": "n"}, {"d": {"a": 1, "b": 2}, "l": [1, 2], "s": "n"}),
        ({"replace_lists": True}, {"l": [2]}, {"d": {"a": 1}, "l": [2], "s": "o"}),
        ({"replace": True}, {"s": "n"}, {"s": "n"}),
    ],
)
def test_update_merges(
    catalog: Catalog, options: dict[str, Any], meta: dict[str, Any], expected: dict[str, Any]
) -> None:
    catalog.add(SCRIPT, ref(f"a,{UID}"), {"d": {"a": 1}, "l": [1], "s": "o"})
    (changed,) = catalog.update(SCRIPT, ref("a"), meta, **options)
    free = {k: v for k, v in changed.meta.items() if k in ("d", "l", "s")}
    assert free == expected
    assert (changed.meta["alias"], changed.ref.uid) == ("a", UID)


def test_update_of_tags(catalog: Catalog) -> None:
    catalog.add(SCRIPT, ref("a"), {}, tags=("x", "y"))
    assert catalog.update(SCRIPT, ref("a"), {}, tags=("z",), remove_tags=("x",))[0].tags == ("y", "z")
    assert catalog.update(SCRIPT, ref("a"), {}, tags=("q",), replace_lists=True)[0].tags == ("q",)


def test_update_of_an_artifact_in_yaml_writes_json_beside_it(catalog: Catalog) -> None:
    made = catalog.add(SCRIPT, ref("a"), {"k": 1}, yaml=True)
    (changed,) = catalog.update(SCRIPT, ref("a"), {"k": 2})
    assert sorted(os.listdir(made.path)) == ["_cm.json", "_cm.yaml"] and changed.meta["k"] == 2


def test_update_makes_what_is_not_there(catalog: Catalog) -> None:
    (made,) = catalog.update(SCRIPT, ref("new"), {"k": 1}, tags=("t",))
    assert made.meta["k"] == 1 and made.tags == ("t",)


def test_update_of_several_needs_consent(catalog: Catalog) -> None:
    for name in ("a", "b"):
        catalog.add(SCRIPT, ref(name), {}, tags=("t",))
    with pytest.raises(Conflict, match="more than 1 artifact found"):
        catalog.update(SCRIPT, Ref(), {"k": 1}, search_tags=TagQuery(("t",)))
    assert len(catalog.update(SCRIPT, Ref(), {"k": 1}, search_tags=TagQuery(("t",)), several=True)) == 2


def test_update_does_not_touch_what_was_inherited(catalog: Catalog) -> None:
    catalog.add(SCRIPT, ref("base"), {"l": [1]}, tags=("b",))
    catalog.add(SCRIPT, ref("child"), {"_base": "base", "l": [2]}, tags=("c",))
    (child,) = catalog.update(SCRIPT, ref("child"), {"k": 1})
    assert child.original_meta["l"] == [2] and child.meta["l"] == [1, 2]


def test_rename(catalog: Catalog) -> None:
    made = catalog.add(SCRIPT, ref(f"a,{UID}"), {"k": 1})
    moved = catalog.move(made, ref("b"))
    assert moved.path.endswith("/script/b") and not os.path.exists(made.path)
    assert (moved.ref, moved.meta["k"]) == (ObjectRef("b", UID), 1)
    assert catalog.find(SCRIPT, ref("a")) == []


def test_rename_edits_yaml_in_place(catalog: Catalog) -> None:
    folder = Path(catalog.local().path) / "script" / "a"
    folder.mkdir(parents=True)
    (folder / "_cm.yaml").write_text(f"# mine\nalias: a  # x\nuid: {UID}\n\nautomation_alias: script\nk:  [1,  2]\n")
    catalog.refresh()
    moved = catalog.move(catalog.load(SCRIPT, ref("a")), ref("b,1234567890123456"))
    assert (Path(moved.path) / "_cm.yaml").read_text() == (
        "# mine\nalias: b\nuid: '1234567890123456'\n\nautomation_alias: script\nk:  [1,  2]\n"
    )


def test_rename_leaves_no_old_alias_when_both_files_exist(catalog: Catalog) -> None:
    made = catalog.add(SCRIPT, ref("a"), {}, yaml=True)
    catalog.update(SCRIPT, ref("a"), {"k": 1})
    moved = catalog.move(made, ref("b"))
    os.unlink(moved.path + "/_cm.json")
    catalog.refresh()
    assert catalog.load(SCRIPT, ref("b")).path == moved.path


def test_move_to_another_repository(catalog: Catalog, demo: ObjectRef) -> None:
    made = catalog.add(demo, ref("a"), {})
    moved = catalog.move(made, Ref(repo=ObjectRef("myrepo")))
    assert moved.path == f"{catalog.root}/repos/myrepo/sub/demo/a" and moved.ref == made.ref


def test_a_move_to_where_it_is(catalog: Catalog) -> None:
    made = catalog.add(SCRIPT, ref("a"), {})
    with pytest.raises(Conflict, match="it is where it should go"):
        catalog.move(made, Ref(repo=ObjectRef("local")))


def test_a_taken_target_stops_a_move_and_a_copy(catalog: Catalog) -> None:
    made = catalog.add(SCRIPT, ref("a"), {"n": 1})
    catalog.add(SCRIPT, ref("b"), {"n": 2})
    for change in (catalog.move, catalog.copy):
        with pytest.raises(Conflict, match="already exists"):
            change(made, ref("b"))
    assert catalog.load(SCRIPT, ref("a")).meta["n"] == 1 and catalog.load(SCRIPT, ref("b")).meta["n"] == 2


def test_a_copy_has_its_own_uid_and_all_files(catalog: Catalog) -> None:
    made = catalog.add(SCRIPT, ref("a"), {}, tags=("t",))
    (Path(made.path) / "run.sh").write_text("echo\n")
    copied = catalog.copy(made, ref("b"), new_tags=("u",))
    assert copied.ref.alias == "b" and copied.ref.uid != made.ref.uid and copied.tags == ("t", "u")
    assert sorted(os.listdir(copied.path)) == ["_cm.json", "run.sh"]
    assert catalog.load(SCRIPT, ref("a")).tags == ("t",)


def test_delete(catalog: Catalog) -> None:
    made = catalog.add(SCRIPT, ref("a"), {})
    catalog.delete(made)
    assert catalog.find(SCRIPT, ref("a")) == [] and os.listdir(os.path.dirname(made.path)) == []


def test_delete_of_a_link_keeps_what_it_leads_to(catalog: Catalog, tmp_path: Path, put: Any) -> None:
    outside = put(tmp_path / "work", alias="a", uid=UID)
    os.makedirs(catalog.local().path + "/script")
    os.symlink(outside, catalog.local().path + "/script/a")
    catalog.refresh()
    catalog.delete(catalog.load(SCRIPT, ref("a")))
    assert (outside / "_cm.json").exists() and catalog.find(SCRIPT, ref("a")) == []


def test_a_broken_artifact_can_be_deleted_by_its_directory(catalog: Catalog) -> None:
    folder = Path(catalog.local().path) / "script" / "bad"
    folder.mkdir(parents=True)
    (folder / "_cm.json").write_text("{")
    catalog.refresh()
    with pytest.raises(MalformedFile, match="not valid JSON"):
        catalog.load(SCRIPT, ref("bad"))
    (broken,) = catalog.broken(SCRIPT, ref("bad"))
    delete_directory(catalog, broken.path, catalog.repos()[broken.repo])
    assert not folder.exists() and catalog.broken(SCRIPT, ref("bad")) == []


def test_content_of_a_package_is_not_written(catalog: Catalog) -> None:
    internal = [repo for repo in catalog.repos() if not repo.writable]
    assert internal, "our recipes are part of every catalog"
    some = next(a for a in catalog.find(SCRIPT) if not a.repo.writable)
    for change in (
        lambda: catalog.delete(some),
        lambda: catalog.move(some, ref("x")),
        lambda: catalog.update(SCRIPT, Ref(some.ref), {"k": 1}),
        lambda: catalog.add(SCRIPT, Ref(ObjectRef("x"), internal[0].ref), {}),
    ):  # fmt: skip
        with pytest.raises(Refused, match="ships with a package"):
            change()


def test_the_same_alias_in_two_repositories(catalog: Catalog, demo: ObjectRef) -> None:
    catalog.add(demo, ref("art1"), {})
    catalog.add(demo, ref("art1", "myrepo"), {})
    assert len(catalog.find(demo, ref("art1"))) == 2
    with pytest.raises(Ambiguous, match="more than 1 artifact found"):
        catalog.load(demo, ref("art1"))
    assert "/myrepo/" in catalog.load(demo, ref("art1", "myrepo")).path


def test_nothing_found(catalog: Catalog) -> None:
    with pytest.raises(NotFound, match="artifact not found") as caught:
        catalog.load(SCRIPT, ref("nosuch"))
    assert caught.value.status == 16


def test_a_failed_write_leaves_no_half_artifact(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: str, meta: dict[str, Any]) -> None:
        raise FrancaError("no space left")

    monkeypatch.setattr("franca.catalog.store._write_meta", full)
    with pytest.raises(FrancaError):
        catalog.add(SCRIPT, ref("a"), {})
    assert os.listdir(catalog.local().path + "/script") == []


def test_meta_given_to_add_is_not_changed(catalog: Catalog) -> None:
    meta: dict[str, Any] = {"l": [1]}
    catalog.add(SCRIPT, ref("a"), meta, tags=("t",))
    assert json.dumps(meta) == '{"l": [1]}'
