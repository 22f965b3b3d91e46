"""Commands on repositories over real directories, zips and git."""

from __future__ import annotations

import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Franca = Callable[..., Any]  #: runs words; answers with status, out, err and json


def listed(franca: Franca) -> dict[str, Any]:
    return {repo["alias"]: repo for repo in franca("find", "repo", "--json").json["list"]}


def test_a_repository_is_made_filled_packed_removed_and_unpacked(franca: Franca, root: Path) -> None:
    assert franca("add", "repo", "mine", "--prefix=content", "--desc=my own").status == 0
    assert listed(franca)["mine"]["path"] == str(root / "repos" / "mine")
    assert franca("add", "script", "mine:s1", "--tags=s,one").status == 0
    assert (root / "repos" / "mine" / "content" / "script" / "s1" / "_cm.json").is_file()
    before = {p.relative_to(root / "repos" / "mine"): p.read_bytes() for p in files(root / "repos" / "mine")}

    packed = franca("pack", "repo", "mine", "--json").json
    assert packed["files"] == len(before)
    assert franca("rm", "repo", "mine").status == 1
    assert franca("rm", "repo", "mine", "--all", "--dry-run").out.startswith("Would delete mine")
    assert "mine" in listed(franca)
    assert franca("rm", "repo", "mine", "--all", "-f").status == 0
    assert not (root / "repos" / "mine").exists()
    assert franca("find", "script", "mine:s1").out == ""

    assert franca("unpack", "repo").status == 0
    assert {p.relative_to(root / "repos" / "mine"): p.read_bytes() for p in files(root / "repos" / "mine")} == before
    assert franca("find", "script", "mine:s1").out != ""
    again = franca("unpack", "repo")
    assert (again.status, "already exists" in again.err) == (1, True)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_unregistering_keeps_the_files(franca: Franca, root: Path) -> None:
    franca("add", "repo", "mine")
    assert franca("rm", "repo", "mine", "-f").status == 0
    assert (root / "repos" / "mine" / "cmr.yaml").is_file()
    assert "mine" not in listed(franca)
    assert franca("register", "repo", str(root / "repos" / "mine")).status == 0
    assert "mine" in listed(franca)


@pytest.mark.parametrize("name", ["local", "franca@recipes"])
def test_what_cannot_be_removed(franca: Franca, name: str) -> None:
    got = franca("rm", "repo", name, "--all", "-f")
    assert (got.status, "cannot be removed" in got.err) == (1, True)
    assert name in listed(franca)


def test_a_directory_is_registered_from_inside(franca: Franca, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "Project"
    (project / "sub").mkdir(parents=True)
    assert franca("import", "repo", str(project)).status == 0
    assert listed(franca)["project"]["path"] == str(project)
    monkeypatch.chdir(project / "sub")
    got = franca("detect", "repo", ".", "--json").json
    assert (got["path_to_repo"], got["registered"], got["artifact"]) == (str(project), True, None)


def test_the_current_directory_stands_for_its_artifact(
    franca: Franca, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    franca("add", "repo", "mine")
    franca("add", "script", "mine:s1", "--tags=s,one")
    monkeypatch.chdir(root / "repos" / "mine" / "script" / "s1")
    assert franca("find", ".").out == f"{os.getcwd()}\n"
    assert franca("load", ".", "--json").json["alias"] == "s1"
    assert franca("add", "script", ".:s2").status == 0
    assert (root / "repos" / "mine" / "script" / "s2").is_dir()
    assert franca("plan", ".", "--json").json["plan"]["step"]["script"].startswith("s1,")
    monkeypatch.chdir("/")
    assert (franca("load", ".").status, "no registered repository" in franca("load", ".").err) == (16, True)


def git(*words: str, at: Path) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *identity, *words], cwd=at, check=True, capture_output=True)


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """A git repository with one script."""
    path = tmp_path / "content"
    script = path / "script" / "hello"
    script.mkdir(parents=True)
    (path / "cmr.yaml").write_text("alias: someone@content\nuid: 0123456789abcdef\ngit: true\n")
    (script / "_cm.yaml").write_text(
        "alias: hello\nuid: 1123456789abcdef\nautomation_alias: script\nautomation_uid: 5b4e0237da074764\n"
        "tags: [say, hello]\nnew_env_keys: [CM_HELLO]\n"
    )
    (script / "customize.py").write_text(
        "def preprocess(i):\n    i['env']['CM_HELLO'] = 'yes'\n    return {'return': 0}\n"
    )
    git("init", at=path)
    git("add", ".", at=path)
    git("commit", "-m", "first", at=path)
    return path


def test_pull_trust_and_run(franca: Franca, upstream: Path) -> None:
    got = franca("pull", "repo", "someone@content", f"--url={upstream}")
    assert got.status == 0, got.err
    assert "franca trust someone@content" in got.err
    assert listed(franca)["someone@content"]["trusted"] is False
    assert franca("find", "script", "--tags=say,hello").out != ""
    assert franca("plan", "say hello").status == 0

    assert franca("trust", "someone@content").status == 0
    assert listed(franca)["someone@content"]["trusted"] is True
    assert franca("run", "say hello", "--json").json["new_env"] == {"CM_HELLO": "yes"}
    assert franca("trust", "someone@content", "--remove").status == 0
    assert listed(franca)["someone@content"]["trusted"] is False


def test_a_second_pull_brings_what_is_new(franca: Franca, upstream: Path) -> None:
    assert franca("pull", "repo", f"--url={upstream}", "someone@content").status == 0
    (upstream / "script" / "hello" / "new.txt").write_text("x")
    git("add", ".", at=upstream)
    git("commit", "-m", "second", at=upstream)
    got = franca("pull", "repo", "--json").json
    assert [repo["alias"] for repo in got["list"]] == ["someone@content"]
    assert (Path(got["list"][0]["path"]) / "script" / "hello" / "new.txt").is_file()


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["pull", "repo", "x@y", "--url=ext::sh -c touch% /tmp/pwned"], 1, "not a repository address"),
        (["pull", "repo", "x@y", "--url=--upload-pack=touch"], 1, "franca: "),
        (["pull", "repo", "x@y", "--url=/nonexistent/repo"], 1, "/nonexistent/repo"),
        (["pull", "repo", "../x", "--url=/nonexistent"], 1, "../x"),
        (["pull", "repo", "a", "b"], 1, "one word"),
        (["pull", "repo", "a", "--depth=x"], 1, "--depth=x"),
        (["pack", "repo"], 1, "needs the name"),
        (["pack", "repo", "nosuch"], 16, "'nosuch'"),
        (["unpack", "repo", "nosuch.zip"], 16, "nosuch.zip"),
        (["trust", "lokal"], 16, "closest: local"),
        (["rm", "repo"], 1, "needs the name"),
        (["add", "repo", "../out"], 1, "../out"),
    ],
)
def test_mistakes_with_repositories(franca: Franca, root: Path, words: list[str], status: int, text: str) -> None:
    got = franca(*words)
    assert got.status == status
    assert text in got.err and "Traceback" not in got.err
    assert set(listed(franca)) == {"local", "franca@recipes"}
    assert not [path for path in (root / "repos").iterdir() if path.name not in ("local",)]


def test_an_archive_that_leaves_its_folder_is_refused(franca: Franca, root: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile("bad.zip", "w") as bad:
        bad.writestr("cmr.yaml", "alias: bad\nuid: 0123456789abcdef\n")
        bad.writestr("../../../escaped", "x")
    got = franca("unpack", "repo", "bad.zip")
    assert got.status == 1
    assert not list(tmp_path.rglob("escaped"))
    assert "bad" not in listed(franca)
