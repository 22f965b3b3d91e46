"""A watcher that is started by a question is nobody's burden, and what cannot be told is found in the end."""

from __future__ import annotations

import json
import mmap
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from franca import _boot, _packed, _watch
from franca.catalog import watcher, watchers
from franca.catalog.catalog import Catalog
from franca.catalog.guard import Guard
from franca.catalog.watcher import Watcher
from franca.model.ids import SCRIPT, ObjectRef, Ref
from franca.model.tags import TagQuery
from tests.integration.catalog.watching import (
    Home,
    index_path,
    scripts,
    state,
    two_scripts,
    until,
    view,
    vouched,
    who,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watching needs inotify")


@pytest.fixture
def store(home: Home) -> Iterator[Home]:
    """Two scripts, an index that can be trusted, and no watcher left behind."""
    two_scripts(home, "t")
    home["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    try:
        yield home
    finally:
        watchers.stop(home)


@pytest.fixture(autouse=True)
def own_threads_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that tests of other things have left in this process do not count as this test's."""
    count, before = threading.active_count, threading.active_count()
    monkeypatch.setattr(threading, "active_count", lambda: count() - before + 1)


def franca(store: Home, *words: str, **more: str) -> str:
    """What a command of its own process prints. This returns when nobody holds the pipes any more."""
    code = "import sys; from franca import _boot; _boot.main('franca')"
    done = subprocess.run(
        [sys.executable, "-c", code, *words], env={**store, **more}, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout


def files(home: Home) -> set[str]:
    root = Path(home["HOME"])
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def test_a_question_starts_a_watcher_that_belongs_to_nobody(store: Home) -> None:
    before = files(store)
    reading, writing = os.pipe()
    code = "import sys; from franca import _boot; _boot.main('franca')"
    child = subprocess.Popen(
        [sys.executable, "-c", code, "find", "script", "a"], env={**store, "FRANCA_WATCH": "yes"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=(writing,),
    )  # fmt: skip
    os.close(writing)
    out, err = child.communicate()
    assert (out.decode(), err) == (f"{scripts(store) / 'a'}\n", b"")
    assert os.read(reading, 1) == b"", "somebody still holds the pipe"
    os.close(reading)
    until(lambda: vouched(store))
    one = state(store)
    proc = Path("/proc", str(one.process))
    assert {os.readlink(proc / "fd" / str(number)) for number in range(3)} == {os.devnull}
    assert os.getsid(one.process) not in (os.getsid(0), os.getsid(os.getpid())) and os.readlink(proc / "cwd") == "/"
    parent = int((proc / "stat").read_text().rpartition(")")[2].split()[1])
    assert parent not in (os.getpid(), child.pid)
    assert (proc / "stat").read_text().rpartition(")")[2].split()[16] == str(min(19, os.nice(0) + _watch.NICE))
    with pytest.raises(ChildProcessError):
        os.waitpid(one.process, os.WNOHANG)
    new = files(store) - before
    assert new and all(name.startswith("CM/.franca/") for name in new)


def test_what_a_watcher_is_given_of_the_environment(store: Home) -> None:
    franca(store, "find", "script", "a", FRANCA_WATCH="yes", SECRET_TOKEN="hidden", CM_REPOS=store["HOME"] + "/CM")
    until(lambda: vouched(store))
    given = Path("/proc", str(state(store).process), "environ").read_bytes()
    assert b"hidden" not in given and os.fsencode(f"CM_REPOS={store['HOME']}/CM") in given


@pytest.mark.parametrize(
    ("artifacts", "word", "starts"),
    [
        (2, "", False), (_packed.LARGE - 1, "", False), (_packed.LARGE, "", True), (10**6, "", True),
        (10**6, "no", False), (10**6, "0", False), (10**6, "Off", False), (2, "yes", True), (2, "1", True),
        (2, "nonsense", False), (10**6, "nonsense", True),
    ],
)  # fmt: skip
def test_who_wants_a_watcher(artifacts: int, word: str, starts: bool) -> None:
    assert _watch.wanted({"FRANCA_WATCH": word} if word else {}, artifacts) is starts


@pytest.mark.parametrize("word", ["", "no"])
def test_a_small_store_or_an_unwilling_user_has_none(store: Home, word: str) -> None:
    for _ in range(2):
        franca(store, "find", "script", "a", FRANCA_WATCH=word)
    assert not Path(_watch.lock_path(index_path(store))).exists()
    assert state(store).state == "never started"


def test_a_large_store_has_one_by_default(store: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """By both lanes; of the ordinary one only the first of a minute tries it."""
    monkeypatch.setattr(_packed, "LARGE", 2)
    monkeypatch.setattr(_watch, "LARGE", 2)
    started: list[str] = []
    monkeypatch.setattr(_watch, "_detached", lambda argv, environ: started.append(argv[-1]))
    for _ in range(3):
        Catalog.open(store).find(SCRIPT)
    assert started == [index_path(store)]


def test_a_process_with_threads_starts_none(store: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(_watch, "_detached", lambda argv, environ: started.append(argv[-1]))
    yes = {**store, "FRANCA_WATCH": "yes"}
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    Catalog.open(yes).find(SCRIPT)  # a fork would leave the other thread's locks as they are
    done.set()
    other.join()
    assert started == []


@pytest.mark.parametrize(
    ("written", "due"),
    [
        ("", True), ("never", False), ("nonsense", True), ("{before}", True), ("{soon}", False), ("{far}", True),
    ],
)  # fmt: skip
def test_when_the_next_start_is_due(store: Home, monkeypatch: pytest.MonkeyPatch, written: str, due: bool) -> None:
    """A time so far ahead that nobody writes it comes from a clock that was set back since."""
    started: list[str] = []
    monkeypatch.setattr(_watch, "_detached", lambda argv, environ: started.append(argv[-1]))
    now = int(time.time())
    text = written.format(before=now - 1, soon=now + 1000, far=now + 10 * _watch.REFUSED_S)
    if text:
        _watch.note(index_path(store), text, "ended")
    Catalog.open({**store, "FRANCA_WATCH": "yes"}).find(SCRIPT)
    assert started == ([index_path(store)] if due else [])


def test_who_wants_no_watcher_asks_none(store: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where one runs: the files are looked at."""
    watchers.start(store)
    until(lambda: vouched(store))
    before = state(store).answers
    assert franca(store, "find", "script", "a", FRANCA_WATCH="no") == f"{scripts(store) / 'a'}\n"
    Catalog.open({**store, "FRANCA_WATCH": "no"}).find(SCRIPT)
    assert state(store).answers == before
    assert franca(store, "find", "script", "a") == f"{scripts(store) / 'a'}\n"
    assert state(store).answers == before + 1


def test_the_new_dialect_has_a_watcher_of_its_own(store: Home) -> None:
    from franca.model.dialect import NEW

    new = Catalog.open(store, home_dialect=NEW)
    new.add(SCRIPT, Ref(ObjectRef("fresh")), {}, tags=("n",))
    watchers.start(store, "new")
    try:
        until(lambda: any(one.dialect == "new" and one.vouches_for for one in watchers.watched(store)))
        meta = Path(store["HOME"], "MLC", "repos", "local", "script", "fresh", "meta.yaml")
        meta.write_text(meta.read_text().replace("- n", "- m"))
        (one,) = Catalog.open(store, home_dialect=NEW).find(SCRIPT, tags=TagQuery(("m",)))
        assert one.ref.alias == "fresh"
        assert [one.answers > 0 for one in watchers.watched(store) if one.dialect == "new"] == [True]
        assert not state(store).running
    finally:
        watchers.stop(store, "new")


def test_the_command_shows_starts_and_stops(store: Home) -> None:
    def told(*words: str) -> dict[str, object]:
        (one,) = json.loads(franca(store, "watch", *words, "--json"))["watchers"]
        return dict(one)

    assert told()["state"] == "never started"
    told("start")
    until(lambda: vouched(store))
    franca(store, "find", "script", "a")
    running = told("status")
    assert running["running"] and running["state"] == "watching" and running["vouches_for"] == running["artifacts"]
    assert isinstance(running["answers"], int) and running["answers"] >= 2
    assert "watching, process" in franca(store, "watch")
    stopped = told("stop")
    assert not stopped["running"] and stopped["state"] == "stopped"
    franca(store, "find", "script", "b", FRANCA_WATCH="yes")
    assert not told()["running"] and "franca watch start" in franca(store, "watch")
    told("start")
    until(lambda: vouched(store))


def test_a_store_that_is_unfit_says_why_and_is_left_alone(store: Home) -> None:
    os.link(scripts(store) / "a" / "_cm.json", scripts(store) / "second-name")
    franca(store, "find", "script", "a", FRANCA_WATCH="yes")
    until(lambda: state(store).state == "refused" and not state(store).running)
    assert "another name" in state(store).why
    noted = Path(_watch.state_path(index_path(store)))
    before = noted.read_bytes()
    assert franca(store, "find", "script", "a", FRANCA_WATCH="yes") == f"{scripts(store) / 'a'}\n"
    assert noted.read_bytes() == before and not state(store).running


def test_a_limit_of_the_system_is_a_reason(store: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from franca.catalog import sentries

    monkeypatch.setattr(sentries, "SHARE_OF_WATCHES", 0.0)
    with pytest.raises(sentries.Unfit, match="that a user may watch") as caught:
        Guard(who(store), view(store))
    assert "max_user_watches" in caught.value.hint


def test_nobody_asks_and_it_ends(store: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "IDLE_S", -1.0)
    Watcher(store, "classic").run()
    assert state(store).state == "ended" and not Path(_watch.socket_path(index_path(store))).exists()


def test_mounts_elsewhere_do_not_matter(store: Home) -> None:
    guard = Guard(who(store), view(store))
    try:
        folder = str(scripts(store))
        lines = {
            place: f"36 35 98:0 / {place} rw shared:1 - ext4 /dev/x rw"
            for place in (
                "/some/where",
                f"{folder}/a/x",
                folder,
                folder + "-x",
                str(scripts(store).parent),
                "/",
                store["HOME"],
            )
        }
        matter = guard.sentries._our_mounts("\n".join(lines.values()).encode())
        assert [place for place, line in lines.items() if line in matter] == [
            f"{folder}/a/x", folder, folder + "-x", str(scripts(store).parent), "/", store["HOME"],
        ]  # fmt: skip
    finally:
        guard.close()


@pytest.mark.parametrize("way", ["mmap", "second name"])
def test_what_no_event_tells_is_found_by_the_next_comparison(store: Home, tmp_path: Path, way: str) -> None:
    """The two holes that are known, and the comparison of all files from time to time that bounds them."""
    meta = scripts(store) / "a" / "_cm.json"
    if way == "mmap":
        with open(meta, "r+b") as stream:
            memory = mmap.mmap(stream.fileno(), 0)
    guard = Guard(who(store), view(store))
    try:
        guard.catch_up()
        if way == "mmap":
            at = memory.find(b'"t"')
            memory[at : at + 3] = b'"v"'
            memory.flush()
            memory.close()
        else:
            os.link(meta, tmp_path / "other")
            (tmp_path / "other").write_text(meta.read_text().replace('"t"', '"v"'))
            (tmp_path / "other").unlink()
        guard.compare()
        assert guard.vouch() and not guard.lost
        found = _boot.fast("franca", ["find", "script", "--tags=v"], store)
        assert found is None or found.out.split() == [str(scripts(store) / "a")]
        (spot,) = guard.view.spots(_packed.key("t", "v"))
        assert guard.view.record(spot)[_packed.ALIAS] == "a"
    finally:
        guard.close()
