"""Many processes at one store (CM core, section 12): nothing is lost, nothing duplicated, nothing half written."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from franca import _boot
from franca.catalog.catalog import Catalog
from franca.model.ids import CACHE, SCRIPT

PROCESSES = 8

ADD = """
import os, sys
from franca.catalog.catalog import Catalog
from franca.model.ids import SCRIPT, ObjectRef, Ref
from franca.model.tags import TagQuery
me = sys.argv[1]
catalog = Catalog.open(os.environ)
for number in range(10):
    catalog.add(SCRIPT, Ref(ObjectRef(f"s{me}-{number}")), {}, tags=("made", me))
    assert len(catalog.find(SCRIPT, tags=TagQuery(("made", me)))) == number + 1
"""

REGISTER = """
import os, sys
from franca.catalog.catalog import Catalog
from franca.catalog.register import init
init(Catalog.open(os.environ), "repo" + sys.argv[1])
"""

SAME_REGISTRATION = """
import os, sys
from franca.catalog.catalog import Catalog
from franca.catalog.register import register
from franca.errors import Conflict
try:
    register(Catalog.open(os.environ), sys.argv[1])
    print("registered")
except Conflict:
    print("conflict")
"""

SAME_NAME = """
import os, sys
from franca.catalog.catalog import Catalog
from franca.errors import AlreadyExists
from franca.model.ids import SCRIPT, ObjectRef, Ref
try:
    Catalog.open(os.environ).add(SCRIPT, Ref(ObjectRef("one")), {"by": sys.argv[1]})
    print("made")
except AlreadyExists:
    print("exists")
"""

UPDATE = """
import os, sys
from franca.catalog.catalog import Catalog
from franca.model.ids import SCRIPT, ObjectRef, Ref
catalog = Catalog.open(os.environ)
for number in range(5):
    one = f"{sys.argv[1]}-{number}"
    catalog.update(SCRIPT, Ref(ObjectRef("one")), {"l": [one]}, tags=("t" + one,))
"""

MIXED = """
import os, random, sys
from franca.catalog.catalog import Catalog
from franca.model.ids import CACHE, ObjectRef, Ref
from franca.model.tags import TagQuery
me = sys.argv[1]
choose = random.Random(me)
catalog = Catalog.open(os.environ)
mine = {}
for number in range(30):
    catalog.refresh()
    found = {a.ref.uid for a in catalog.find(CACHE, tags=TagQuery((me,)))}
    assert found == set(mine), (found, set(mine))
    if mine and choose.random() < 0.4:
        catalog.delete(mine.pop(choose.choice(sorted(mine))))
    else:
        made = catalog.add(CACHE, Ref(), {"n": number}, tags=("all", me))
        mine[made.ref.uid] = made
print(len(mine))
"""

WRITE_FOR_EVER = """
import os, sys
from franca.catalog.catalog import Catalog
from franca.model.ids import SCRIPT, ObjectRef, Ref
catalog = Catalog.open(os.environ)
number = 0
while True:
    number += 1
    made = catalog.add(SCRIPT, Ref(ObjectRef(f"k{os.getpid()}-{number}")), {"filler": "x" * 5000}, tags=("k",))
    catalog.update(SCRIPT, Ref(made.ref), {"l": [number]})
    if number % 3 == 0:
        catalog.delete(made)
    if number == 4:
        print("at work", flush=True)
"""


def start(code: str, environ: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def together(code: str, environ: dict[str, str], arguments: Sequence[str]) -> list[str]:
    """Outputs of one process for each argument, all at once; every one must succeed."""
    children = [start(code, environ, argument) for argument in arguments]
    results = [child.communicate(timeout=120) for child in children]
    assert [child.returncode for child in children] == [0] * len(children), "\n".join(err for _, err in results)
    return [out.strip() for out, _ in results]


EIGHT = [str(number) for number in range(PROCESSES)]


def mine(environ: dict[str, str]) -> list[str]:
    """Aliases of scripts of our own, as a new process and as a full scan find them."""
    found = [[a.ref.alias for a in Catalog.open(e).find(SCRIPT) if a.repo.writable] for e in
             (environ, {**environ, "CM_INDEX": "no"})]  # fmt: skip
    assert found[0] == found[1]
    return found[0]


def test_adding_at_once_on_an_empty_root(home: dict[str, str]) -> None:
    together(ADD, home, EIGHT)
    assert sorted(mine(home)) == sorted(f"s{p}-{n}" for p in EIGHT for n in range(10))


def test_making_repositories_at_once(home: dict[str, str]) -> None:
    together(REGISTER, home, EIGHT)
    listed = json.loads(Path(home["HOME"], "CM/repos.json").read_text())
    assert sorted(os.path.basename(path) for path in listed) == [f"repo{n}" for n in EIGHT]
    assert all(repo.trusted for repo in Catalog.open(home).repos())


def test_registrations_that_conflict(home: dict[str, str], tmp_path: Path) -> None:
    for number in EIGHT:
        (tmp_path / number).mkdir()
        (tmp_path / number / "cmr.yaml").write_text("alias: same\nuid: '1111111111111111'\n")
    said = together(SAME_REGISTRATION, home, [str(tmp_path / number) for number in EIGHT])
    assert sorted(said) == ["conflict"] * (PROCESSES - 1) + ["registered"]
    assert len(json.loads(Path(home["HOME"], "CM/repos.json").read_text())) == 1


def test_one_name_is_made_once(home: dict[str, str]) -> None:
    assert sorted(together(SAME_NAME, home, EIGHT)) == ["exists"] * (PROCESSES - 1) + ["made"]
    assert mine(home) == ["one"]


def test_updates_of_one_artifact_are_not_lost(home: dict[str, str]) -> None:
    together(SAME_NAME, home, ["0"])
    together(UPDATE, home, EIGHT[:4])
    (artifact,) = [a for a in Catalog.open(home).find(SCRIPT) if a.repo.writable]
    expected = sorted(f"{p}-{n}" for p in EIGHT[:4] for n in range(5))
    assert sorted(artifact.meta["l"]) == expected
    assert sorted(artifact.tags) == [f"t{one}" for one in expected]


def test_adding_removing_and_finding_at_once(home: dict[str, str]) -> None:
    counts = together(MIXED, home, EIGHT)
    assert len(Catalog.open(home).find(CACHE)) == sum(int(count) for count in counts)


def test_killed_writers_leave_a_sound_store(home: dict[str, str]) -> None:
    rng = random.Random(7)
    for _ in range(6):
        children = [start(WRITE_FOR_EVER, home) for _ in range(2)]
        for child in children:
            assert child.stdout is not None and child.stdout.readline() == "at work\n"
        time.sleep(rng.random() * 0.3)
        for child in children:
            os.kill(child.pid, signal.SIGKILL)
        for child in children:
            assert child.communicate()[1] == "" and child.returncode == -signal.SIGKILL
        catalog = Catalog.open(home)
        found = [a for a in catalog.find(SCRIPT) if a.repo.writable]
        assert catalog.warnings == []
        assert all(a.meta["filler"] == "x" * 5000 and a.tags == ("k",) for a in found)
        assert len({a.ref.uid for a in found}) == len(found)
    assert mine(home)
    together(ADD, home, ["after"])


def test_the_fast_lane_is_never_behind(home: dict[str, str]) -> None:
    """While writers are at work, whatever the fast lane answers is what a scan before or after it says."""
    Catalog.open(home).repos()
    child = start(WRITE_FOR_EVER, home)
    try:
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            before = scan_text(home)
            answer = try_fast(home)
            after = scan_text(home)
            if answer is not None and before == after:
                assert answer == before
            Catalog.open(home).repos()
    finally:
        child.kill()
        child.communicate()
    time.sleep(0.1)
    Catalog.open(home).repos()
    assert try_fast(home) == scan_text(home)


def scan_text(home: dict[str, str]) -> str:
    found = Catalog.open({**home, "CM_INDEX": "no"}).find(SCRIPT)
    return "".join(a.path + "\n" for a in found)


def try_fast(home: dict[str, str]) -> str | None:
    try:
        answer = _boot.fast("franca", ["find", "script"], home)
    except (OSError, ValueError):
        return None
    return answer.out if answer else None
