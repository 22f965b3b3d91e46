"""Whatever is done to a watched store by hand, the next answer is that of a full scan."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from franca import _boot, _watch
from franca.catalog.catalog import Catalog
from tests.integration.catalog.conftest import git
from tests.integration.catalog.watching import (
    Home,
    answers,
    by_tag,
    end,
    index_path,
    kept_index_is_true,
    launch,
    put,
    scanned,
    scripts,
    state,
    until,
    vouched,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watching needs inotify")
STRESS = os.environ.get("FRANCA_STRESS") == "yes"
ROUNDS, KILLS = (60, 40) if STRESS else (12, 5)
FEW, MANY = 12, 600  #: artifacts; so many that a change goes into a second file


class Store:
    """A store, its watcher, and hands that change it."""

    def __init__(self, home: Home, tmp_path: Path) -> None:
        self.home = home
        self.elsewhere = tmp_path
        self.script = scripts(home)
        self.content = self.script.parent
        self.watcher: subprocess.Popen[bytes] | None = None
        self.random = random.Random(0)
        self.count = 0

    def make(self, artifacts: int) -> None:
        Catalog.open(self.home)
        for number in range(artifacts):
            put(self.script / f"s{number}", alias=f"s{number}", uid=f"{number:016x}", tags=["all", f"n{number}"])
        self._foreign()

    def _foreign(self) -> None:
        """A repository under git with two branches, outside of the store."""
        folder = self.elsewhere / "foreign"
        put(folder / "script" / "one", alias="one", uid="a" * 16, tags=["main"])
        put(folder / "script" / "two", alias="two", uid="b" * 16, tags=["main"])
        (folder / "cmr.yaml").write_text("alias: foreign\nuid: 'c0c0c0c0c0c0c0c0'\n")
        git(folder, "init", "-q", "-b", "main", ".")
        self._commit(folder)
        git(folder, "checkout", "-q", "-b", "dev")
        shutil.rmtree(folder / "script" / "two")
        put(folder / "script" / "one", alias="one", uid="a" * 16, tags=["dev"])
        put(folder / "script" / "three", alias="three", uid="d" * 16, tags=["dev"])
        self._commit(folder)
        git(folder, "checkout", "-q", "main")

    def _commit(self, folder: Path) -> None:
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "change")

    def watch(self) -> None:
        self.watcher = launch(self.home)
        self.ready()

    def ready(self) -> None:
        child = self.watcher
        assert child is not None
        until(lambda: vouched(self.home) or child.poll() is not None)
        assert child.poll() is None, child.stderr.read() if child.stderr else b""

    def close(self) -> None:
        if self.watcher is not None:
            end(self.watcher)

    # Hands

    def one(self) -> Path:
        """Some artifact that can be read and written."""
        return self.random.choice(sorted(path for path in self.script.iterdir() if (path / "_cm.json").exists()))

    def fresh(self) -> dict[str, object]:
        """A meta that nobody has seen."""
        self.count += 1
        return {"alias": f"x{self.count}", "uid": f"{self.count:08x}" * 2, "tags": ["all", f"t{self.count}"]}

    def in_place(self) -> None:
        put(self.one(), **self.fresh())

    def same_size_same_time(self) -> None:
        """Only bytes change: size and time are put back."""
        file = self.one() / "_cm.json"
        before, text = os.stat(file), file.read_text()
        file.write_text(text.replace('"all"', '"ALL"') if '"all"' in text else text.replace('"ALL"', '"all"'))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    def clock_set_back(self) -> None:
        """As if the clock had been wrong: a new text with an old time, another with a future one."""
        for shift in (-(10**15), 10**15):
            folder = self.one()
            put(folder, **self.fresh())
            now = os.stat(folder).st_mtime_ns
            os.utime(folder / "_cm.json", ns=(now + shift, now + shift))

    def rename_over(self) -> None:
        hidden = self.script / ".work"
        put(hidden, **self.fresh())
        os.replace(hidden / "_cm.json", self.one() / "_cm.json")

    def truncate(self) -> None:
        os.truncate(self.one() / "_cm.json", 0)

    def another_meta(self) -> None:
        """A second file beside, which counts as well; or it goes again."""
        folder = self.one()
        if (folder / "_cm.yaml").exists():
            (folder / "_cm.yaml").unlink()
        else:
            (folder / "_cm.yaml").write_text(f"tags: [yaml{self.count}]\nversion: '{self.count}'\n")

    def meta_away(self) -> None:
        (self.one() / "_cm.json").unlink()

    def new_folder(self) -> None:
        put(self.script / f"new{self.count}", **self.fresh())

    def new_folder_slowly(self) -> None:
        """A question comes between the directory and its meta."""
        folder = self.script / f"slow{self.count}"
        folder.mkdir(exist_ok=True)
        assert answers(self.home) == scanned(self.home)
        put(folder, **self.fresh())

    def deleted_folder(self) -> None:
        shutil.rmtree(self.one())

    def renamed_folder(self) -> None:
        self.count += 1
        os.rename(self.one(), self.script / f"moved{self.count}")

    def swapped_folders(self) -> None:
        one, two, between = self.one(), self.one(), self.script / "between"
        if one != two:
            os.rename(one, between)
            os.rename(two, one)
            os.rename(between, two)
            put(one, **self.fresh())

    def moved_out_and_written(self) -> None:
        """What happens to a directory that was moved away is no business of the store."""
        one, out = self.one(), self.elsewhere / f"out{self.count}"
        os.rename(one, out)
        put(out, **self.fresh())
        put(one, **self.fresh())

    def moved_to_another_kind(self) -> None:
        one = self.one()
        (self.content / "cache").mkdir(exist_ok=True)
        os.rename(one, self.content / "cache" / one.name)

    def new_kind(self) -> None:
        put(self.content / "cache" / f"c{self.count}", **self.fresh(), automation_alias="cache")

    def kind_away_and_back(self) -> None:
        os.rename(self.script, self.content / "hidden")
        assert answers(self.home) == scanned(self.home)
        os.rename(self.content / "hidden", self.script)

    def through_a_link(self) -> None:
        """The link is elsewhere; what it leads to is in the store."""
        link = self.elsewhere / f"link{self.count}"
        link.symlink_to(self.one() / "_cm.json")
        link.write_text(json.dumps(self.fresh()))

    def through_a_linked_folder(self) -> None:
        link = self.elsewhere / f"folder{self.count}"
        link.symlink_to(self.one())
        put(link, **self.fresh())

    def chmod(self) -> None:
        file = self.one() / "_cm.json"
        for mode in (0o000, self.random.choice((0o600, 0o644))):
            os.chmod(file, mode)
            assert answers(self.home) == scanned(self.home)

    def chmod_folder(self) -> None:
        folder = self.one()
        os.chmod(folder, 0o500)
        assert answers(self.home) == scanned(self.home)
        os.chmod(folder, 0o755)

    def inherits(self) -> None:
        base, one = self.one(), self.one()
        if base != one:
            put(base, **self.fresh())
            put(one, **self.fresh(), _base=f"script::{json.loads((base / '_cm.json').read_text())['alias']}")
            assert answers(self.home) == scanned(self.home)
            put(base, **{**json.loads((base / "_cm.json").read_text()), "more": self.count})

    def broken(self) -> None:
        (self.one() / "_cm.json").write_text("{")

    def repaired(self) -> None:
        for folder in self.script.iterdir():
            if (folder / "_cm.json").exists() and (folder / "_cm.json").read_text() in ("{", ""):
                put(folder, **self.fresh())

    def other_files(self) -> None:
        """Files that are no metas, in an artifact, beside the artifacts and in the repository."""
        for folder in (self.one(), self.script, self.content):
            (folder / f"notes{self.count}.txt").write_text("x" * self.count)

    def registered(self) -> None:
        listed = Path(self.home["HOME"], "CM", "repos.json")
        now = json.loads(listed.read_text())
        foreign = str(self.elsewhere / "foreign")
        listed.write_text(json.dumps([one for one in now if one != foreign] if foreign in now else [*now, foreign]))

    def checkout(self) -> None:
        folder = self.elsewhere / "foreign"
        git(folder, "checkout", "-q", "dev" if git(folder, "branch", "--show-current") == "main" else "main")

    def killed(self) -> None:
        """At this very moment, with a change that nobody has told of; then there is another watcher."""
        assert self.watcher is not None
        put(self.one(), **self.fresh())
        end(self.watcher)
        put(self.one(), **self.fresh())
        assert answers(self.home) == scanned(self.home)
        self.watch()

    def own_commands(self) -> None:
        from franca.model.ids import SCRIPT, ObjectRef, Ref

        self.count += 1
        catalog = Catalog.open(self.home)
        made = catalog.add(SCRIPT, Ref(ObjectRef(f"own{self.count}")), {}, tags=("all",))
        catalog.update(SCRIPT, Ref(made.ref), {"n": self.count})
        moved = catalog.move(made, Ref(ObjectRef(f"own{self.count}-moved")))
        if self.count % 2:
            catalog.delete(moved)


HANDS = tuple(
    name for name in vars(Store) if name[0] != "_" and name not in ("make", "watch", "ready", "close", "one", "fresh")
)


@pytest.fixture
def store(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(_watch, "PATIENCE_S", 30.0)
    store = Store(home, tmp_path)
    try:
        yield store
    finally:
        store.close()


def agree(store: Store) -> None:
    assert answers(store.home) == scanned(store.home)


@pytest.mark.parametrize("hand", HANDS)
def test_what_a_hand_does_is_in_the_next_answer(store: Store, hand: str) -> None:
    """From a watcher that is certain, right after another change, and from what it leaves to others."""
    store.make(FEW)
    if hand == "checkout":
        store.registered()
    store.watch()
    getattr(store, hand)()
    agree(store)
    getattr(store, hand)()
    agree(store)
    store.ready()
    kept_index_is_true(store.home)


@pytest.mark.parametrize(("seed", "artifacts"), [(1, FEW), (2, FEW), (3, MANY)])
def test_many_hands_in_any_order(store: Store, seed: int, artifacts: int) -> None:
    store.random.seed(seed)
    store.make(artifacts)
    store.registered()
    store.watch()
    for _ in range(ROUNDS):
        for hand in store.random.choices(HANDS, k=store.random.choice((1, 1, 1, 5))):
            if len([path for path in store.script.iterdir() if (path / "_cm.json").exists()]) < 4:
                store.new_folder()
            getattr(store, hand)()
        agree(store)
        if store.random.random() < 0.7:
            store.ready()
    assert store.watcher is not None and store.watcher.poll() is None


#: What is followed without a new comparison of all files: nearly everything that people do all day.
SMALL_CHANGES = (
    "in_place", "same_size_same_time", "clock_set_back", "rename_over", "truncate", "another_meta", "meta_away",
    "new_folder", "new_folder_slowly", "deleted_folder", "renamed_folder", "swapped_folders", "moved_out_and_written",
    "through_a_link", "through_a_linked_folder", "chmod", "chmod_folder", "inherits", "broken", "repaired",
    "own_commands",
)  # fmt: skip


def test_small_changes_are_followed_one_by_one(store: Store) -> None:
    store.make(MANY)
    store.watch()
    before = state(store.home)
    for hand in SMALL_CHANGES:
        getattr(store, hand)()
        assert vouched(store.home), hand
        agree(store)
    after = state(store.home)
    assert after.renewals == before.renewals and after.answers >= before.answers + len(SMALL_CHANGES)


def test_a_watcher_that_is_killed_anywhere_leaves_true_answers(store: Store) -> None:
    """While it starts, follows, writes, or has nothing to do, as chance has it."""
    store.make(FEW)
    Catalog.open(store.home).repos()
    for _ in range(KILLS):
        store.watcher = launch(store.home)
        for _ in range(store.random.randrange(8)):
            getattr(store, store.random.choice(("in_place", "rename_over", "new_folder", "renamed_folder")))()
            agree(store)
        end(store.watcher)
        agree(store)
    store.watch()
    agree(store)


WRITER = """
import os, sys
from franca.catalog.catalog import Catalog
from franca.model.ids import SCRIPT, ObjectRef, Ref
from franca.model.tags import TagQuery
for number in range(15):
    name = f"w{sys.argv[1]}-{number}"
    made = Catalog.open(os.environ).add(SCRIPT, Ref(ObjectRef(name)), {}, tags=("fresh", name))
    found = Catalog.open(os.environ).find(SCRIPT, tags=TagQuery((name,)))
    assert [one.path for one in found] == [made.path], (name, found)
    if number % 3 == 0:
        Catalog.open(os.environ).delete(made)
        assert Catalog.open(os.environ).find(SCRIPT, Ref(made.ref)) == [], name
"""


@pytest.mark.parametrize("artifacts", [FEW, MANY])
def test_whoever_writes_finds_it_at_once_beside_other_writers(store: Store, artifacts: int) -> None:
    store.make(artifacts)
    store.watch()
    environ = {**store.home, "PYTHONPATH": os.pathsep.join(sys.path)}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(number)], env=environ, stderr=subprocess.PIPE)
        for number in range(4)
    ]
    for writer in writers:
        _, err = writer.communicate()
        assert writer.returncode == 0, err.decode()
    agree(store)
    assert len(by_tag(store.home, "fresh")) == 4 * 10
    store.ready()
    kept_index_is_true(store.home)


def test_an_overflow_of_the_queue_is_no_loss(store: Store) -> None:
    store.make(FEW)
    store.watch()
    assert store.watcher is not None
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 100_000:
        pytest.skip("the queue of this system is too long to fill")
    store.watcher.send_signal(signal.SIGSTOP)
    files = [store.script / "s1" / "log1", store.script / "s1" / "log2"]
    handles = [os.open(file, os.O_WRONLY | os.O_CREAT) for file in files]
    for number in range(limit + 10):
        os.write(handles[number % 2], b"x")
    for handle in handles:
        os.close(handle)
    put(store.script / "s2", alias="after", uid="e" * 16, tags=["after"])
    store.watcher.send_signal(signal.SIGCONT)
    assert by_tag(store.home, "after") == [str(store.script / "s2")]
    agree(store)
    store.ready()
    assert "than the kernel could tell" in state(store.home).renewed_for


def test_of_two_watchers_one_ends_at_once(store: Store) -> None:
    store.make(FEW)
    store.watch()
    second = launch(store.home)
    assert second.wait() == 0
    end(second)
    agree(store)
    assert vouched(store.home)


def test_two_watchers_that_race_leave_one(store: Store) -> None:
    store.make(FEW)
    Catalog.open(store.home).repos()
    children = [launch(store.home) for _ in range(4)]
    try:
        until(lambda: sum(child.poll() is None for child in children) == 1 and vouched(store.home))
        store.in_place()
        agree(store)
        assert state(store.home).process in [child.pid for child in children]
    finally:
        for child in children:
            end(child)


def test_another_index_in_its_place_is_not_vouched_for(store: Store) -> None:
    """Somebody who does not ask the watcher writes the index; the watcher puts its own back, or compares anew."""
    store.make(MANY)
    store.watch()
    path = Path(index_path(store.home))
    for _ in range(2):
        store.in_place()
        agree(store)
        store.in_place()
        kept_index_is_true(store.home)
    agree(store)
    store.ready()
    path.unlink()
    agree(store)
    store.in_place()
    agree(store)
    store.ready()
    agree(store)


def test_a_watcher_of_a_store_that_is_gone_ends_and_writes_nothing(store: Store) -> None:
    store.make(FEW)
    store.watch()
    assert store.watcher is not None
    root = Path(store.home["HOME"], "CM")
    os.rename(root, root.with_name("old"))
    before = sorted(root.with_name("old").rglob("*"))
    assert store.watcher.wait() == 0
    assert not root.exists() and sorted(root.with_name("old").rglob("*")) == before


def test_a_question_by_another_view_of_the_files_is_refused(store: Store) -> None:
    store.make(FEW)
    store.watch()
    digest = _boot._packed.read_view(index_path(store.home), (*_boot.identity(store.home), "classic")).digest
    assert _watch.ask(index_path(store.home), digest + _watch.here()) == b"y"
    assert _watch.ask(index_path(store.home), digest + b"0:0 mnt:[1]") == b"n"
