"""Which repositories there are, registering and unregistering (CM core, section 2)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from franca.catalog import register
from franca.catalog.catalog import Catalog
from franca.catalog.detect import detect
from franca.catalog.register import Registered, init
from franca.errors import Conflict, MalformedFile, NotFound, Refused, UsageError
from franca.model.dialect import NEW
from franca.model.ids import LOCAL_REPO_UID, SCRIPT, ObjectRef, Ref


def aliases(catalog: Catalog) -> list[str]:
    return [repo.ref.alias for repo in catalog.repos()]


def listed(catalog: Catalog) -> list[str]:
    return list(json.loads(Path(catalog.root, "repos.json").read_text()))


def repo_at(path: Path, **meta: Any) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / "cmr.yaml").write_text(json.dumps(meta))
    return path


def test_first_use(home: dict[str, str]) -> None:
    catalog = Catalog.open(home)
    root = Path(home["HOME"], "CM")
    assert catalog.root == str(root)
    assert (root / "repos.json").read_text() == "[]\n"
    assert (root / "repos/local/cmr.yaml").read_text() == (
        f"alias: local\nname: local CM repository\nuid: {LOCAL_REPO_UID}\n"
    )
    assert aliases(catalog) == ["local", "franca@recipes"]
    assert not Path(home["HOME"], "MLC").exists()


def test_roots_from_the_environment(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "CM_REPOS": f" {tmp_path}/cm ", "MLC_REPOS": f"{tmp_path}/mlc"}
    catalog = Catalog.open(environ)
    assert (catalog.root, catalog.roots.new) == (f"{tmp_path}/cm", f"{tmp_path}/mlc")
    assert Catalog.open({**environ, "CM_REPOS": "  "}).root == f"{tmp_path}/CM"


def test_the_local_repository_of_the_new_dialect_is_made_when_asked_for(catalog: Catalog) -> None:
    local = catalog.local(NEW)
    assert local.path == catalog.roots.new_local and local.dialect is NEW and local.trusted
    assert "local" in local.ref.alias and os.path.exists(local.path + "/meta.yaml")


def test_search_order(catalog: Catalog, home: dict[str, str]) -> None:
    for name in ("zz", "aa"):
        init(catalog, name)
    assert aliases(catalog) == ["local", "franca@recipes", "zz", "aa"]
    catalog.local(NEW)
    assert [r.dialect.name for r in Catalog.open(home, home_dialect=NEW).repos()][:2] == ["new", "classic"]


def test_a_new_repository(catalog: Catalog) -> None:
    made = init(catalog, "r", desc="demo", prefix="sub", uid="1" * 16).repo
    assert made.path == f"{catalog.root}/repos/r" and made.content_path == made.path + "/sub"
    assert os.path.isdir(made.content_path) and made.trusted
    assert made.meta == {"alias": "r", "uid": "1" * 16, "git": False, "desc": "demo", "prefix": "sub"}
    assert listed(catalog) == [made.path]


def test_both_files_of_a_repository_count(catalog: Catalog, tmp_path: Path) -> None:
    path = repo_at(tmp_path / "r", alias="r", uid="1" * 16)
    (path / "cmr.json").write_text('{"desc": "over"}')
    assert register.register(catalog, str(path)).repo.meta["desc"] == "over"


def test_a_repository_of_the_new_dialect_side_by_side(catalog: Catalog, tmp_path: Path) -> None:
    script = tmp_path / "mlc" / "script" / "hello"
    script.mkdir(parents=True)
    (tmp_path / "mlc" / "meta.yaml").write_text("alias: o@mlc\nuid: '2222222222222222'\n")
    (script / "meta.yaml").write_text("uid: '3333333333333333'\nautomation_alias: script\ntags: [hello]\n")
    made = register.register(catalog, str(tmp_path / "mlc")).repo
    assert made.dialect is NEW
    found = catalog.load(SCRIPT, Ref(ObjectRef("hello")))
    assert found.dialect is NEW and found.tags == ("hello",)
    assert json.loads(Path(catalog.roots.new_list).read_text()) == [catalog.roots.new_local, made.path]
    assert listed(catalog) == []


def test_the_family_of_the_repository_wins(catalog: Catalog) -> None:
    folder = Path(catalog.local().path) / "script" / "both"
    folder.mkdir(parents=True)
    (folder / "meta.yaml").write_text("alias: new\nuid: '3333333333333333'\n")
    (folder / "_cm.yaml").write_text("alias: classic\nuid: '4444444444444444'\n")
    catalog.refresh()
    assert catalog.load(SCRIPT, Ref(ObjectRef("classic"))).path == str(folder)
    (folder / "_cm.yaml").unlink()
    catalog.refresh()
    assert catalog.load(SCRIPT, Ref(ObjectRef("new"))).path == str(folder)


def test_a_missing_repository_stays_registered(catalog: Catalog, tmp_path: Path) -> None:
    path = repo_at(tmp_path / "disk" / "r", alias="r", uid="1" * 16)
    register.register(catalog, str(path))
    os.rename(tmp_path / "disk", tmp_path / "unmounted")
    catalog.refresh()
    assert "r" not in aliases(catalog) and listed(catalog) == [str(path)]
    assert any(str(path) in text and "stays registered" in text for text in catalog.warnings)
    os.rename(tmp_path / "unmounted", tmp_path / "disk")
    catalog.refresh()
    assert "r" in aliases(catalog)


@pytest.mark.parametrize(
    "text, says",
    [
        ("alias: r\n", "'uid' is missing"),
        ("uid: '1111111111111111'\n", "'alias' is missing"),
        ("alias: r\nuid: short\n", "not 16 hexadecimal digits"),
        ("alias: [\n", "not valid YAML"),
        ("alias: r\nuid: '1111111111111111'\nprefix: ../../etc\n", "leaves the repository"),
    ],
)
def test_a_bad_repository_is_skipped_with_a_warning(catalog: Catalog, tmp_path: Path, text: str, says: str) -> None:
    path = repo_at(tmp_path / "r", alias="r", uid="1" * 16)
    register.register(catalog, str(path))
    (path / "cmr.yaml").write_text(text)
    catalog.refresh()
    assert aliases(catalog) == ["local", "franca@recipes"]
    assert any(f"{path}/cmr.yaml" in warning and says in warning for warning in catalog.warnings)


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 1}', ""])
def test_a_damaged_list_is_reported_and_not_overwritten(catalog: Catalog, text: str) -> None:
    file = Path(catalog.root, "repos.json")
    file.write_text(text)
    catalog.refresh()
    assert aliases(catalog) == ["local", "franca@recipes"]
    assert any(str(file) in warning for warning in catalog.warnings)
    if text != "[1]":
        with pytest.raises(MalformedFile):
            init(catalog, "r")
        assert file.read_text() == text


def test_relative_entries_of_the_list(catalog: Catalog) -> None:
    repo_at(Path(catalog.root, "repos", "rel"), alias="rel", uid="1" * 16)
    Path(catalog.root, "repos.json").write_text('["rel"]')
    catalog.refresh()
    assert "rel" in aliases(catalog)
    register.unregister(catalog, catalog.repo(ObjectRef("rel")))
    assert listed(catalog) == []


@pytest.mark.parametrize("meta", [{"alias": "R", "uid": "2" * 16}, {"alias": "other", "uid": "1" * 16}])
def test_a_taken_alias_or_uid(catalog: Catalog, tmp_path: Path, meta: dict[str, str]) -> None:
    register.register(catalog, str(repo_at(tmp_path / "one", alias="r", uid="1" * 16)))
    with pytest.raises(Conflict, match=f"already exists in {tmp_path}/one") as caught:
        register.register(catalog, str(repo_at(tmp_path / "two", **meta)))
    assert caught.value.status == 1 and len(listed(catalog)) == 1


def test_registering_twice(catalog: Catalog, tmp_path: Path) -> None:
    path = str(repo_at(tmp_path / "one", alias="r", uid="1" * 16))
    register.register(catalog, path)
    with pytest.raises(Conflict, match="already registered"):
        register.register(catalog, path)


def test_dependencies_of_repositories(catalog: Catalog, tmp_path: Path) -> None:
    register.register(catalog, str(repo_at(tmp_path / "old", alias="old", uid="1" * 16)))
    missing = repo_at(tmp_path / "a", alias="a", uid="2" * 16, deps=[{"alias": "o@need", "uid": "9" * 16}])
    assert register.register(catalog, str(missing)).warnings == (
        "You must install extra CM repository: cm pull repo o@need",
    )
    enemy = repo_at(tmp_path / "b", alias="b", uid="3" * 16, deps=[{"alias": "old", "uid": "1" * 16, "conflict": True}])
    with pytest.raises(Conflict, match="conflicts with old"):
        register.register(catalog, str(enemy))


def test_nothing_to_register(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="repository not found"):
        register.register(catalog, str(tmp_path))


def test_init_of_an_existing_repository_keeps_its_meta(catalog: Catalog, tmp_path: Path) -> None:
    path = repo_at(tmp_path / "mine", alias="mine", uid="1" * 16, extra=1)
    assert init(catalog, path=str(path)).repo.meta["extra"] == 1
    with pytest.raises(Conflict, match="has the alias 'mine', not 'other'"):
        init(catalog, "other", str(path))


def test_init_in_a_directory_takes_its_name(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "My-Project").mkdir()
    assert init(catalog, path=str(tmp_path / "My-Project")).repo.ref.alias == "my-project"


def test_init_inside_another_repository(catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(init(catalog, "outer").repo.path)
    assert init(catalog, "inner").repo.path == f"{catalog.root}/repos/inner"


@pytest.mark.parametrize("alias", ["../x", "a/b", "..", "a:b"])
def test_hostile_names_of_repositories(catalog: Catalog, alias: str) -> None:
    with pytest.raises(Refused):
        init(catalog, alias)
    with pytest.raises(Refused):
        init(catalog, "r", prefix=f"sub/../{alias}")
    assert listed(catalog) == []


def test_init_needs_a_name(catalog: Catalog) -> None:
    with pytest.raises(UsageError):
        init(catalog)


def test_unregister_keeps_files_unless_asked(catalog: Catalog) -> None:
    made = init(catalog, "r").repo
    register.unregister(catalog, made)
    assert os.path.exists(made.path) and listed(catalog) == [] and "r" not in aliases(catalog)
    again = register.register(catalog, made.path).repo
    assert again.trusted, "who registers a folder by hand means to use it"
    register.unregister(catalog, again, delete=True)
    assert not os.path.exists(made.path)


def test_local_and_internal_stay(catalog: Catalog) -> None:
    for repo in catalog.repos():
        with pytest.raises(Refused):
            register.unregister(catalog, repo, delete=True)
        assert os.path.exists(repo.path)


def test_fix_drops_what_is_not_there(catalog: Catalog, tmp_path: Path) -> None:
    kept = init(catalog, "kept").repo
    Path(catalog.root, "repos.json").write_text(json.dumps([str(tmp_path / "gone"), kept.path]))
    assert register.fix(catalog) == [str(tmp_path / "gone")] and listed(catalog) == [kept.path]


def test_trust(catalog: Catalog, home: dict[str, str], tmp_path: Path) -> None:
    repo = register.register(catalog, str(repo_at(tmp_path / "r", alias="r", uid="1" * 16))).repo
    assert repo.trusted
    register.hold(catalog, repo.path)
    assert not Catalog.open(home).repo(ObjectRef("r")).trusted
    register.trust(catalog, repo)
    assert Catalog.open(home).repo(ObjectRef("r")).trusted
    register.distrust(catalog, repo)
    assert not Catalog.open(home).repo(ObjectRef("r")).trusted


def test_references_to_repositories(catalog: Catalog) -> None:
    made: Registered = init(catalog, "r", uid="1" * 16)
    assert catalog.repo(ObjectRef("R")) == catalog.repo(ObjectRef("", "1" * 16)) == made.repo
    assert catalog.repo(ObjectRef("internal")).ref.alias == "franca@recipes"
    with pytest.raises(NotFound, match="repository not found: nosuch"):
        catalog.repo(ObjectRef("nosuch"))


def test_packages_that_hold_repositories(home: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site-packages"
    repo_at(site / "cmone", alias="one", uid="1" * 16)
    repo_at(site / "cmtwo" / "repo", alias="two", uid="2" * 16)
    repo_at(site / "cmind", alias="no", uid="3" * 16)
    monkeypatch.syspath_prepend(str(site))
    del home["CM_CORE_SKIP_INTERNAL_REPOS"]
    assert aliases(Catalog.open(home))[2:] == ["one", "two"]
    assert aliases(Catalog.open({**home, "CM_CORE_SKIP_INTERNAL_REPOS": "True"}))[2:] == []


def test_detect(catalog: Catalog, tmp_path: Path) -> None:
    repo = init(catalog, "r", prefix="sub").repo
    made = catalog.add(SCRIPT, Ref(ObjectRef("a"), ObjectRef("r")), {})
    here = detect(catalog, made.path)
    assert (here.repo, here.artifact_here, here.repo_here) == (repo, True, False)
    os.mkdir(made.path + "/deeper")
    assert detect(catalog, made.path + "/deeper").artifact == here.artifact
    kind = detect(catalog, os.path.dirname(made.path))
    assert kind.downwards and kind.artifact == here.artifact
    top = detect(catalog, repo.path)
    assert top.repo_here and top.repo_path == repo.path
    assert detect(catalog, str(tmp_path)).repo_path == ""
