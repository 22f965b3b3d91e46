"""Pulling, packing and unpacking repositories (CM core, sections 2.5 and 2.6), against real git repositories."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from franca.catalog import register, transfer
from franca.catalog.catalog import Catalog
from franca.catalog.transfer import Pull, Source, pull, source_of
from franca.errors import AlreadyExists, Conflict, FrancaError, NotFound, Refused, Unavailable, UsageError
from franca.model.ids import SCRIPT, ObjectRef, Ref


def git(directory: Path, *arguments: str) -> str:
    import subprocess

    done = subprocess.run(["git", *arguments], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def tags(catalog: Catalog) -> tuple[str, ...]:
    return catalog.load(SCRIPT, Ref(ObjectRef("hello"))).tags


def leftovers(catalog: Catalog) -> list[str]:
    return sorted(name for name in os.listdir(f"{catalog.root}/repos") if name != "local")


@pytest.mark.parametrize(
    "name, url, alias, address",
    [
        ("owner@name", "", "owner@name", "https://github.com/owner/name"),
        ("name", "", "mlcommons@name", "https://github.com/mlcommons/name"),
        ("https://host/a/b.git", "", "a@b", "https://host/a/b.git"),
        ("", "https://host/a/b", "a@b", "https://host/a/b"),
        ("", "https://host/g/a/b", "g@a@b", "https://host/g/a/b"),
        ("git@host:a/b.git", "", "a@b", "git@host:a/b.git"),
        ("", "https://h/x/rel-1.zip", "rel-1.zip", "https://h/x/rel-1.zip"),
        ("", "https://h/x/rel-1.zip?raw=1", "rel-1.zip", "https://h/x/rel-1.zip?raw=1"),
        ("mine", "https://host/a/b", "mine", "https://host/a/b"),
        ("", "/srv/git/content.git", "content", "/srv/git/content.git"),
        ("", "file:///srv/git/content.git", "content", "file:///srv/git/content.git"),
    ],
)
def test_names_and_addresses(name: str, url: str, alias: str, address: str) -> None:
    assert source_of(name, url) == Source(alias, address)


@pytest.mark.parametrize(
    "name, url",
    [
        ("a/b", ""), ("..", ""), ("x", "--upload-pack=touch /tmp/x"), ("x", "ext::sh -c id"),
        ("x", "-oProxyCommand=id"), ("x", "javascript://x/y"), ("x", "relative/path"),
        ("../../x", "https://h/a/b"), ("x", "https://h/a\n/b"),
    ],
)  # fmt: skip
def test_hostile_names_and_addresses(name: str, url: str) -> None:
    with pytest.raises(Refused):
        source_of(name, url)


def test_nothing_to_pull() -> None:
    with pytest.raises(UsageError):
        source_of("", "")


def test_clone_then_refresh(catalog: Catalog, origin: Any) -> None:
    said: list[str] = []
    (done,) = pull(catalog, Pull("o@content", str(origin.bare)), say=said.append)
    assert done.repo.path == f"{catalog.root}/repos/o@content" and not done.repo.trusted
    assert json.loads(Path(catalog.root, "repos.json").read_text()) == [done.repo.path]
    assert tags(catalog) == ("v2",)
    assert "CM alias for this repository: o@content" in said and any("git clone" in line for line in said)
    origin.commit(script__hello___cm_yaml="alias: hello\nuid: '2222222222222222'\ntags: [v3]\n")
    pull(catalog, Pull("o@content", str(origin.bare)))
    assert tags(catalog) == ("v3",) and len(json.loads(Path(catalog.root, "repos.json").read_text())) == 1


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"branch": "dev"}, ("dev",)),
        ({"checkout": "v1"}, ("v1",)),
        ({"branch": "dev", "checkout": "v1"}, ("v1",)),
        ({"new_branch": "mine"}, ("v2",)),
        ({"depth": 1}, ("v2",)),
        ({"depth": 1, "branch": "dev"}, ("dev",)),
    ],
)
def test_branches_and_commits(catalog: Catalog, origin: Any, options: dict[str, Any], expected: tuple[str]) -> None:
    (done,) = pull(catalog, Pull("r", f"file://{origin.bare}", **options))
    assert tags(catalog) == expected
    head = git(Path(done.repo.path), "rev-parse", "--abbrev-ref", "HEAD")
    assert head == (options.get("new_branch") or options.get("branch") or ("HEAD" if "checkout" in options else "main"))


def test_another_branch_of_what_is_there(catalog: Catalog, origin: Any) -> None:
    pull(catalog, Pull("r", str(origin.bare)))
    pull(catalog, Pull("r", str(origin.bare), branch="dev"))
    assert tags(catalog) == ("dev",)
    pull(catalog, Pull("r", checkout="v1", checkout_only=True))
    assert tags(catalog) == ("v1",)
    pull(catalog, Pull("r", str(origin.bare)))  # at a fixed commit: stays
    assert tags(catalog) == ("v1",)
    pull(catalog, Pull("r", str(origin.bare), branch="main"))
    assert tags(catalog) == ("v2",)


@pytest.mark.parametrize(
    "options",
    [
        {"branch": "nosuch"}, {"checkout": "nosuch"}, {"branch": "--help"}, {"checkout": "-b"}, {"dir": "nosuch"},
        {"dir": "../.."}, {"new_branch": "--x"},
    ],
)  # fmt: skip
def test_a_failed_pull_leaves_nothing(catalog: Catalog, origin: Any, options: dict[str, str]) -> None:
    with pytest.raises(FrancaError) as caught:
        pull(catalog, Pull("r", str(origin.bare), **options))
    assert caught.value.status != 0
    assert leftovers(catalog) == [] and Path(catalog.root, "repos.json").read_text() == "[]\n"


def test_an_address_without_a_repository(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"git clone .* failed"):
        pull(catalog, Pull("r", str(tmp_path / "nosuch.git")))
    with pytest.raises(Unavailable, match="failed") as caught:
        pull(catalog, Pull("r", "http://127.0.0.1:9/a/b.git"))
    assert "network" in caught.value.hint and leftovers(catalog) == []


def test_git_is_missing(catalog: Catalog, origin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nosuch")
    with pytest.raises(Unavailable, match="git is not installed"):
        pull(catalog, Pull("r", str(origin.bare)))


def test_local_changes_are_safe(catalog: Catalog, origin: Any) -> None:
    (done,) = pull(catalog, Pull("r", str(origin.bare)))
    file = Path(done.repo.path, "script/hello/_cm.yaml")
    file.write_text("alias: hello\nuid: '2222222222222222'\ntags: [mine]\n")
    origin.commit(script__hello___cm_yaml="alias: hello\nuid: '2222222222222222'\ntags: [v3]\n")
    for request in (Pull("r", str(origin.bare)), Pull("r", branch="dev", checkout_only=True), Pull()):
        with pytest.raises(Conflict, match="has local changes"):
            pull(catalog, request)
    assert "mine" in file.read_text()
    pull(catalog, Pull("r", str(origin.bare), force=True))
    assert tags(catalog) == ("v3",) and "stash" in git(Path(done.repo.path), "stash", "list")


def test_histories_that_have_parted(catalog: Catalog, origin: Any) -> None:
    (done,) = pull(catalog, Pull("r", str(origin.bare)))
    Path(done.repo.path, "own.txt").write_text("x")
    git(Path(done.repo.path), "add", "-A")
    git(Path(done.repo.path), "commit", "-q", "-m", "own")
    origin.commit(other="x")
    with pytest.raises(Unavailable, match="pull --ff-only failed"):
        pull(catalog, Pull("r", str(origin.bare)))


def test_a_directory_in_the_way_is_not_deleted(catalog: Catalog, origin: Any) -> None:
    precious = Path(catalog.root, "repos", "r")
    precious.mkdir()
    (precious / "work.txt").write_text("mine")
    with pytest.raises(AlreadyExists, match="left as it is"):
        pull(catalog, Pull("r", str(origin.bare)))
    assert (precious / "work.txt").read_text() == "mine"


def test_a_repository_without_meta_gets_one(catalog: Catalog, tmp_path: Path, origin: Any) -> None:
    git(origin.work, "rm", "-q", "cmr.yaml")
    origin.commit(readme="x")
    (done,) = pull(catalog, Pull("r", str(origin.bare), desc="d", prefix="sub"))
    assert (done.repo.ref.alias, done.repo.prefix, done.repo.meta["git"]) == ("r", "sub", True)


def test_a_sub_directory_as_the_repository(catalog: Catalog, origin: Any) -> None:
    origin.commit(inner__cmr_yaml="alias: inner\nuid: '3333333333333333'\n")
    (done,) = pull(catalog, Pull("r", str(origin.bare), dir="inner"))
    assert done.repo.path == f"{catalog.root}/repos/r/inner" and done.repo.ref.alias == "inner"


def test_a_fork_keeps_its_alias_and_is_refused_beside_the_original(catalog: Catalog, origin: Any) -> None:
    pull(catalog, Pull("o@content", str(origin.bare)))
    with pytest.raises(Conflict, match="already exists in"):
        pull(catalog, Pull("me@fork", str(origin.bare)))
    assert leftovers(catalog) == ["o@content"]


@pytest.mark.parametrize(
    "line, says",
    [
        ("min_cm_version: 9.0", "needs CM 9.0"),
        ("deps: [{alias: local, uid: '9a3280b14a4285c9', conflict: true}]", "conflicts"),
    ],
)
def test_repositories_that_do_not_fit(catalog: Catalog, origin: Any, line: str, says: str) -> None:
    origin.commit(cmr_yaml=f"alias: o@content\nuid: '1111111111111111'\n{line}\n")
    with pytest.raises(Conflict, match=says):
        pull(catalog, Pull("r", str(origin.bare)))
    assert leftovers(catalog) == []


def test_all_repositories(catalog: Catalog, origin: Any) -> None:
    pull(catalog, Pull("o@content", str(origin.bare)))
    register.init(catalog, "plain")
    origin.commit(script__hello___cm_yaml="alias: hello\nuid: '2222222222222222'\ntags: [v3]\n")
    assert [done.repo.ref.alias for done in pull(catalog, Pull())] == ["o@content"]
    assert tags(catalog) == ("v3",)


def test_dependencies_are_pulled_once_even_in_a_circle(catalog: Catalog, origin: Any, tmp_path: Path) -> None:
    other = type(origin)(tmp_path / "other")
    needs = "alias: o@{}\nuid: '{}'\ndeps: [{{alias: o@{}, uid: '{}', url: {}}}]\n"
    other.commit(cmr_yaml=needs.format("other", "4" * 16, "content", "1" * 16, origin.bare))
    origin.commit(cmr_yaml=needs.format("content", "1" * 16, "other", "4" * 16, other.bare))
    done = pull(catalog, Pull("o@content", str(origin.bare), deps=True))
    assert [one.repo.ref.alias for one in done] == ["o@content", "o@other"]


def test_a_token_is_not_kept_or_shown(catalog: Catalog) -> None:
    said: list[str] = []
    with pytest.raises(Unavailable) as caught:
        pull(catalog, Pull("r", "https://127.0.0.1:9/a/b", pat="s3cret"), say=said.append)
    assert "s3cret" not in "\n".join([*said, *caught.value.lines()])
    assert transfer._with_token("https://h/a", "T") == "https://T@h/a"
    assert transfer._with_token("https://user@h/a", "T") == "https://user:T@h/a"


def test_another_clone_of_a_repository_takes_its_place_where_that_is_wished(catalog: Catalog, origin: Any) -> None:
    """As MLC does; CM refuses (CM core, sections 2.7 and 15.6)."""
    (first,) = pull(catalog, Pull("o@first", str(origin.bare)))
    with pytest.raises(Conflict, match="already exists"):
        pull(catalog, Pull("o@second", str(origin.bare)))
    said: list[str] = []
    assert pull(catalog, Pull("o@second", str(origin.bare), ignore_conflict=True), say=said.append) == []
    assert "left out: CM repository with the same alias" in said[-1]
    assert leftovers(catalog) == ["o@first"]
    (second,) = pull(catalog, Pull("o@second", str(origin.bare), replace=True), say=said.append)
    assert second.repo.path == f"{catalog.root}/repos/o@second" and os.path.isdir(first.repo.path)
    assert json.loads(Path(catalog.root, "repos.json").read_text()) == [second.repo.path]
    assert any("is not registered any more" in line for line in said)


def test_ssh_instead_of_https(catalog: Catalog) -> None:
    assert transfer._place(catalog, Pull("o@n", ssh=True))[0] == Source("o@n", "git@github.com:o/n")
    assert transfer._place(catalog, Pull("n", ssh=True))[0] == Source("mlcommons@n", "git@github.com:mlcommons/n")


def test_another_address_for_a_clone_that_is_there_is_told(catalog: Catalog, origin: Any) -> None:
    pull(catalog, Pull("o@content", str(origin.bare)))
    said: list[str] = []
    pull(catalog, Pull("o@content", "https://github.com/somebody/fork"), say=said.append)
    assert any(line.startswith(f"the clone that is here comes from {origin.bare} and") for line in said)


def zip_of(path: Path, files: dict[str, str]) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return f"file://{path}"


def test_zip_addresses(catalog: Catalog, tmp_path: Path) -> None:
    url = zip_of(
        tmp_path / "rel-1.zip",
        {
            "top/cmr.yaml": "alias: z\nuid: '5555555555555555'\n",
            "top/script/a/_cm.yaml": "alias: a\nuid: '6666666666666666'\n",
        },
    )
    (done,) = pull(catalog, Pull(url=url, strip_zip_parent=True))
    assert done.repo.path == f"{catalog.root}/repos/rel-1.zip" and done.repo.ref.alias == "z"
    assert len(catalog.find(SCRIPT, Ref(ObjectRef("a")))) == 1
    with pytest.raises(Conflict, match="repository is already installed"):
        pull(catalog, Pull(url=url))


FSMONITOR = "[core]\n\tbare = false\n\tfsmonitor = touch trace\n"


@pytest.mark.parametrize(
    "files",
    [
        {"../../evil": "x"}, {"a/../../x": "x"}, {"/tmp/x": "x"}, {".git/config": FSMONITOR},
        {".GIT/hooks/post-checkout": "#!/bin/sh\ntouch trace\n"}, {"script/.git": "gitdir: ../../../.."},
        {"cmr.yaml": 'alias: "two\\nlines"\nuid: 00000000000000aa\n'},
        {"cmr.yaml": 'alias: "a/../b"\nuid: 00000000000000aa\n'},
    ],
)  # fmt: skip
def test_hostile_zips(catalog: Catalog, tmp_path: Path, files: dict[str, str]) -> None:
    before = sorted(p for p in tmp_path.rglob("*") if ".franca" not in str(p))
    url = zip_of(tmp_path / "bad.zip", files)
    with pytest.raises(Refused):
        pull(catalog, Pull(url=url))
    after = sorted(p for p in tmp_path.rglob("*") if ".franca" not in str(p) and p.name != "bad.zip")
    assert [p for p in after if p not in before and not p.name.endswith(".lock")] == []


def test_a_zip_that_is_not_there_or_none(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot download"):
        pull(catalog, Pull(url=f"file://{tmp_path}/nosuch.zip"))
    (tmp_path / "text.zip").write_text("404 not found")
    with pytest.raises(FrancaError, match="not a zip"):
        pull(catalog, Pull(url=f"file://{tmp_path}/text.zip"))
    assert leftovers(catalog) == []


def test_pack_remove_unpack_gives_the_same_tree(catalog: Catalog, origin: Any, tmp_path: Path) -> None:
    (done,) = pull(catalog, Pull("o@content", str(origin.bare)))
    root = Path(done.repo.path)
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)

    def tree() -> dict[str, tuple[bytes, int]]:
        files = [p for p in root.rglob("*") if p.is_file() and ".git" not in p.parts]
        return {str(p): (p.read_bytes(), p.stat().st_mode) for p in files}

    before = tree()
    assert transfer.pack(done.repo, str(tmp_path / "cm.zip")) == len(before)
    with pytest.raises(Conflict, match="already exists"):
        transfer.unpack(catalog, str(tmp_path / "cm.zip"))
    register.unregister(catalog, done.repo, delete=True)
    assert not root.exists() and leftovers(catalog) == []
    assert transfer.unpack(catalog, str(tmp_path / "cm.zip")).repo.ref.alias == "o@content"
    assert tree() == before


def test_unpack_of_nothing(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="file not found"):
        transfer.unpack(catalog, str(tmp_path / "cm.zip"))
    zip_of(tmp_path / "cm.zip", {"a": "1"})
    with pytest.raises(NotFound, match="holds no repository"):
        transfer.unpack(catalog, str(tmp_path / "cm.zip"))
    assert leftovers(catalog) == []


def test_checkout_of_what_is_not_there(catalog: Catalog) -> None:
    with pytest.raises(NotFound, match="repository not found"):
        pull(catalog, Pull("r", checkout="v1", checkout_only=True))


def test_a_clone_taken_away_by_hand_can_be_pulled_again(catalog: Catalog, origin: Any) -> None:
    (done,) = pull(catalog, Pull("r", str(origin.bare)))
    shutil.rmtree(done.repo.path)
    catalog.refresh()
    (again,) = pull(catalog, Pull("r", str(origin.bare)))
    assert again.repo.path == done.repo.path and tags(catalog) == ("v2",)
