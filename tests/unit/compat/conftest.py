"""A storage root of its own for each test, and content written into it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from franca.compat import session
from franca.compat.access import CM
from franca.model.dialect import CLASSIC, NEW


def uid_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]


class Store:
    """An empty storage root, repositories that are listed in it, and CM objects over it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = home / "CM"
        self.environ = {
            "HOME": str(home),
            "CM_REPOS": str(self.root),
            "MLC_REPOS": str(home / "MLC" / "repos"),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "CM_CORE_SKIP_INTERNAL_REPOS": "yes",
        }

    def cm(self, *, new: bool = False, **more: Any) -> CM:
        return CM(environ=self.environ, home_dialect=NEW if new else CLASSIC, **more)

    def repo(self, name: str, *, new: bool = False, **meta: Any) -> Path:
        """A registered repository with nothing in it."""
        path = self.home / "content" / name
        path.mkdir(parents=True)
        uid = uid_of(name)
        text = json.dumps({"alias": name, "uid": uid, **meta})
        (path / ("meta.yaml" if new else "cmr.yaml")).write_text(text)
        if new:
            (path / "script").mkdir()
        listing = (self.home / "MLC" / "repos" if new else self.root) / "repos.json"
        listing.parent.mkdir(parents=True, exist_ok=True)
        listed = json.loads(listing.read_text()) if listing.exists() else []
        listing.write_text(json.dumps([*listed, str(path)]))
        return path

    def script(self, repo: Path, name: str, meta: Mapping[str, Any] = {}, *, hooks: str = "", **files: str) -> Path:
        """A script in a repository; ``run_sh='...'`` becomes ``run.sh``."""
        path = repo / "script" / name
        path.mkdir(parents=True)
        new = (repo / "meta.yaml").exists()
        uid = uid_of(f"{repo.name}/{name}")
        full = {
            "alias": name,
            "uid": uid,
            "automation_alias": "script",
            "automation_uid": "5b4e0237da074764",
            "tags": [name],
            **meta,
        }
        (path / ("meta.yaml" if new else "_cm.yaml")).write_text(json.dumps(full))
        if hooks:
            (path / "customize.py").write_text(hooks)
        for file, text in files.items():
            (path / file.replace("_", ".")).write_text(text)
        return path


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    made = Store(tmp_path / "home")
    made.home.mkdir()
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    session.forget()
    return made


@pytest.fixture
def cm(store: Store) -> CM:
    return store.cm()


@pytest.fixture
def run_cm(store: Store, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command line of ``cm`` (or another program) and returns status, output and errors."""
    from franca.compat.cm_front import main

    def run(*words: str, program: str = "cm") -> tuple[int, str, str]:
        capfd.readouterr()
        status = main(program, list(words))
        out, err = capfd.readouterr()
        return status, out, err

    return run
