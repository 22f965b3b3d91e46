"""The commit of a repository out of its files agrees with git."""

from __future__ import annotations

from pathlib import Path

import pytest

from franca.engine.commits import head_commit
from tests.integration.authoring.conftest import commit_all, git


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "f").write_text("1")
    commit_all(folder)
    return folder


def test_a_branch_a_packed_branch_a_detached_head_and_a_worktree(repo: Path, tmp_path: Path) -> None:
    head = git(repo, "rev-parse", "HEAD")
    assert head_commit(str(repo)) == head
    git(repo, "pack-refs", "--all")
    assert not (repo / ".git/refs/heads/main").exists()
    assert head_commit(str(repo)) == head
    git(repo, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    assert head_commit(str(tmp_path / "side")) == head
    git(repo, "checkout", "-q", "--detach")
    assert head_commit(str(repo)) == head


def test_no_repository_no_commit_and_hostile_heads(repo: Path, tmp_path: Path) -> None:
    assert head_commit(str(tmp_path)) == ""
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    assert head_commit(str(empty)) == ""
    secret = tmp_path / "secret"
    secret.write_text("a" * 40)
    for text in ("ref: ../../secret", f"ref: {secret}", "ref: HEAD", "nonsense", "ref: "):
        (repo / ".git" / "HEAD").write_text(text)
        assert head_commit(str(repo)) == ""
