"""The ``repo`` automation: making, registering, pulling, packing and forgetting (CM core, section 2)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., tuple[int, str, str]]


def test_a_repository_from_making_to_deleting(store: Any, cm: Any, run_cm: Run) -> None:
    made = cm.access({"action": "add", "automation": "repo", "artifact": "r", "prefix": "sub", "desc": "d"})
    path = store.root / "repos" / "r"
    assert made["path_to_repo"] == str(path)
    assert made["path_to_repo_with_prefix"] == str(path / "sub")
    assert made["path_to_repo_desc"] == str(path / "cmr.yaml")
    uid = made["meta"]["uid"]
    assert f"r,{uid} = {path}\n" in run_cm("find", "repo")[1]
    assert run_cm("find", "repo", "r*", "--min")[1] == f"{path}\n"
    assert "Description:            d\n" in run_cm("show", "repo", "r")[1]
    assert cm.access("load repo r")["meta"]["prefix"] == "sub"
    assert run_cm("add", "demo-kind", "r:x")[0] == 4

    run_cm("add", "script", "r:inside", "--tags=t")
    assert (path / "sub" / "script" / "inside" / "_cm.json").exists()
    detected = cm.access({"action": "detect", "automation": "repo", "path": str(path / "sub" / "script" / "inside")})
    assert (detected["found"], detected["registered"], detected["found_in_current_path"]) == (True, True, False)
    assert detected["cm_repo"] == f"r,{uid}"
    assert detected["cm_automation"] == "script,5b4e0237da074764"
    assert detected["cm_artifact"].startswith("inside,")

    assert run_cm("rm", "repo", "r", "-f")[:2] == (0, f"Forgot r in {path}\n")
    assert path.exists()
    assert run_cm("rm", "repo", "r", "-f")[:2] == (1, "")
    assert run_cm("import", "repo", f"--path={path}")[0] == 0
    assert run_cm("import", "repo", f"--path={path}")[0] == 1
    assert run_cm("rm", "repo", "r", "-f", "--all")[0] == 0
    assert not path.exists()
    assert run_cm("rm", "repo")[0] == 1
    assert run_cm("rm", "repo", "local", "-f", "--all")[0] == 1


def tree(path: Path) -> dict[str, bytes]:
    return {str(p.relative_to(path)): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


def test_pack_and_unpack_give_the_same_tree(store: Any, run_cm: Run) -> None:
    run_cm("add", "repo", "r")
    run_cm("add", "script", "r:s", "--tags=t")
    path = store.root / "repos" / "r"
    before = tree(path)
    assert run_cm("pack", "repo", "r")[0] == 0
    assert run_cm("unpack", "repo")[0] == 1
    run_cm("rm", "repo", "r", "--all", "-f")
    assert run_cm("unpack", "repo")[0] == 0
    assert tree(path) == before
    assert run_cm("find", "script", "s")[1] != ""
    os.remove("cm.zip")
    assert run_cm("unpack", "repo")[0] == 16


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A git repository with a script in it."""
    path = tmp_path / "content-of-others"
    (path / "script" / "s").mkdir(parents=True)
    (path / "cmr.yaml").write_text("alias: others@content\nuid: 0123456789abcdef\ngit: true\n")
    (path / "script" / "s" / "_cm.yaml").write_text(
        "alias: s\nuid: fedcba9876543210\nautomation_alias: script\nautomation_uid: 5b4e0237da074764\ntags: [theirs]\n"
    )
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-m", "first"],
    ):
        subprocess.run(["git", *words], cwd=path, env=env, check=True)
    return path


def test_pulling_from_an_address(store: Any, run_cm: Run, origin: Path) -> None:
    status, out, err = run_cm("pull", "repo", "others@content", f"--url={origin.as_uri()}")
    assert status == 0, err
    clone = store.root / "repos" / "others@content"
    assert f"Local path: {clone}" in out
    assert "CM alias for this repository: others@content" in out
    assert run_cm("find", "script", "--tags=theirs")[1] == f"{clone}/script/s\n"
    assert run_cm("pull", "repo", "others@content", f"--url={origin.as_uri()}")[0] == 0
    status, out, _ = run_cm("get", "repo", "others@content")
    assert out == f"cmx pull repo {origin.as_uri()} --branch=main\n"
    status, _, err = run_cm("pull", "repo", "nobody@nothing", f"--url={origin.parent.as_uri()}/none")
    assert status == 1
    assert not (store.root / "repos" / "nobody@nothing").exists()


def test_a_repository_that_went_away_is_forgotten_on_request(store: Any, run_cm: Run) -> None:
    run_cm("add", "repo", "r")
    path = store.root / "repos" / "r"
    path.rename(path.with_name("elsewhere"))
    status, _, err = run_cm("find", "repo")
    assert status == 0
    assert str(path) in err
    assert run_cm("fix", "repo")[1] == f"Forgot {path}\n"
    assert str(path) not in run_cm("find", "repo")[2]
