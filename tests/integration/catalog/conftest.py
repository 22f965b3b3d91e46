"""Real git repositories and a store of its own for each test."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from franca.catalog.catalog import Catalog


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An empty home directory; git knows an author and nothing else of this machine."""
    home = tmp_path / "home"
    home.mkdir()
    for key, value in {
        "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
    }.items():  # fmt: skip
        monkeypatch.setenv(key, value)
    return {"HOME": str(home), "PATH": os.environ["PATH"], "CM_CORE_SKIP_INTERNAL_REPOS": "yes"}


@pytest.fixture
def catalog(home: dict[str, str]) -> Catalog:
    return Catalog.open(home)


def git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


class Origin:
    """A bare repository, and the working copy from which it is filled."""

    def __init__(self, folder: Path) -> None:
        self.bare = folder / "content.git"
        self.work = folder / "work"
        folder.mkdir(parents=True)
        git(folder, "init", "-q", "--bare", "-b", "main", str(self.bare))
        git(folder, "clone", "-q", str(self.bare), str(self.work))
        git(self.work, "checkout", "-q", "-b", "main")

    def commit(self, **files: str) -> str:
        """Write files (``__`` stands for ``/``, ``_yaml`` for ``.yaml``), commit and push; returns the commit."""
        for name, text in files.items():
            path = self.work / name.replace("__", "/").replace("_yaml", ".yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git(self.work, "add", "-A")
        git(self.work, "commit", "-q", "-m", "change")
        git(self.work, "push", "-q", "origin", "HEAD")
        return git(self.work, "rev-parse", "HEAD")


@pytest.fixture
def origin(tmp_path: Path, home: dict[str, str]) -> Origin:
    """A content repository with one script, a branch ``dev`` and a tag ``v1``."""
    origin = Origin(tmp_path / "origin")
    origin.commit(
        cmr_yaml="alias: o@content\nuid: '1111111111111111'\ngit: true\n",
        script__hello___cm_yaml="alias: hello\nuid: '2222222222222222'\ntags: [v1]\n",
    )
    git(origin.work, "tag", "v1")
    git(origin.work, "push", "-q", "origin", "v1")
    git(origin.work, "checkout", "-q", "-b", "dev")
    origin.commit(script__hello___cm_yaml="alias: hello\nuid: '2222222222222222'\ntags: [dev]\n")
    git(origin.work, "checkout", "-q", "main")
    origin.commit(script__hello___cm_yaml="alias: hello\nuid: '2222222222222222'\ntags: [v2]\n")
    return origin
