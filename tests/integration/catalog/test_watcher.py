"""A watcher vouches for the index, and nobody ever gets an old answer because of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from franca import _packed, _watch
from franca.catalog.catalog import Catalog
from franca.catalog.guard import Guard
from franca.catalog.sentries import Unfit
from franca.model.ids import SCRIPT
from tests.integration.catalog.watching import (
    Home,
    by_tag,
    end,
    index_path,
    launch,
    put,
    scripts,
    two_scripts,
    until,
    view,
    vouched,
    who,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watching needs inotify")


@pytest.fixture
def store(home: Home) -> Home:
    """A store of two scripts whose index is kept and trusted."""
    two_scripts(home, "t0")
    return home


@pytest.fixture
def watcher(store: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A watcher at work."""
    child = launch(store)
    monkeypatch.setattr(_watch, "PATIENCE_S", 30.0)
    try:
        until(lambda: vouched(store) or child.poll() is not None)
        assert child.poll() is None, child.stderr.read() if child.stderr else b""
        yield child
    finally:
        end(child)


def test_a_watched_store_is_not_looked_at(
    store: Home, watcher: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> bool:
        raise AssertionError("somebody looked")

    monkeypatch.setattr(_packed.View, "holds", refuse)
    monkeypatch.setattr(_packed.View, "changed", refuse)
    assert by_tag(store, "u") == [str(scripts(store) / "b")]
    assert [one.ref.alias for one in Catalog.open(store).find(SCRIPT) if one.repo.writable] == ["a", "b"]


def test_every_change_is_in_the_next_answer(store: Home, watcher: subprocess.Popen[bytes]) -> None:
    """In place, by renaming, by another meta file, by another directory: with the watcher certain before most."""
    a = scripts(store) / "a"
    for number in range(12):
        tag = f"t{number + 1}"
        if number % 4 == 0:
            put(a, alias="a", uid="1" * 16, tags=[tag])
        elif number % 4 == 1:
            put(a.parent / ".work", alias="a", uid="1" * 16, tags=[tag])
            os.replace(a.parent / ".work" / "_cm.json", a / "_cm.json")
        elif number % 4 == 2:
            (a / "_cm.json").unlink()
            (a / "_cm.yaml").write_text(f"alias: a\nuid: '{'1' * 16}'\ntags: [{tag}]\n")
        else:
            shutil.rmtree(a)
            put(a, alias="a", uid="1" * 16, tags=[tag])
        assert by_tag(store, f"t{number}") == [] and by_tag(store, tag) == [str(a)]
        if number % 3:
            until(lambda: vouched(store))


def test_a_renamed_store_is_another_store(store: Home, watcher: subprocess.Popen[bytes]) -> None:
    repos = Path(store["HOME"], "CM", "repos")
    os.rename(repos, repos.parent / "elsewhere")
    assert by_tag(store, "u") == []


def test_a_killed_watcher_is_no_loss(store: Home, watcher: subprocess.Popen[bytes]) -> None:
    os.kill(watcher.pid, signal.SIGKILL)
    watcher.wait()
    assert Path(_watch.socket_path(index_path(store))).exists() and not vouched(store)
    assert by_tag(store, "u") == [str(scripts(store) / "b")]
    put(scripts(store) / "b", alias="b", uid="2" * 16, tags=["v"])
    assert by_tag(store, "u") == [] and by_tag(store, "v") == [str(scripts(store) / "b")]


def test_a_watcher_that_ends_takes_its_socket_away(store: Home, watcher: subprocess.Popen[bytes]) -> None:
    watcher.terminate()
    assert watcher.wait() == 0
    assert not Path(_watch.socket_path(index_path(store))).exists()


@pytest.mark.parametrize("how", ["symbolic link", "second name", "linked directory", "linked root"])
def test_what_could_change_unseen_is_not_vouched_for(store: Home, tmp_path: Path, how: str) -> None:
    a = scripts(store) / "a"
    if how == "symbolic link":
        os.rename(a / "_cm.json", tmp_path / "elsewhere")
        (a / "_cm.json").symlink_to(tmp_path / "elsewhere")
    elif how == "second name":
        os.link(a / "_cm.json", tmp_path / "other")
    elif how == "linked directory":
        os.rename(a, tmp_path / "a")
        a.symlink_to(tmp_path / "a")
    else:
        os.rename(store["HOME"], tmp_path / "real")
        Path(store["HOME"]).symlink_to(tmp_path / "real")
    Catalog.open(store).repos()
    with pytest.raises(Unfit):
        Guard(who(store), view(store))


def test_a_socket_of_others_is_not_asked(store: Home) -> None:
    Path(_watch.socket_path(index_path(store))).write_bytes(b"y")
    assert not vouched(store) and by_tag(store, "u") == [str(scripts(store) / "b")]
