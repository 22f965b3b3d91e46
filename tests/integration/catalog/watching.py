"""A store that a real watcher watches, and questions to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from franca import _boot, _packed
from franca.catalog.catalog import Catalog
from franca.catalog.watchers import Watched, watched
from franca.model.ids import CACHE, SCRIPT

Home = dict[str, str]
GRACE_S = 60.0  #: before a test gives up; nothing is measured by it


def who(home: Home) -> tuple[object, ...]:
    return (*_boot.identity(home), "classic")


def index_path(home: Home) -> str:
    return _boot.snapshot_path(who(home))


def view(home: Home) -> _packed.View:
    return _packed.read_view(index_path(home), who(home))


def scripts(home: Home) -> Path:
    return Path(home["HOME"], "CM", "repos", "local", "script")


def put(folder: Path, **meta: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "_cm.json").write_text(json.dumps(meta))


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + GRACE_S
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def two_scripts(home: Home, tag: str) -> None:
    """Scripts a (with the tag) and b, and an index that is kept and trusted."""
    Catalog.open(home)
    put(scripts(home) / "a", alias="a", uid="1" * 16, tags=[tag])
    put(scripts(home) / "b", alias="b", uid="2" * 16, tags=["u"])
    until(lambda: bool(Catalog.open(home).repos()) and view(home).holds())  # stamps grow old enough to be trusted


def launch(home: Home) -> subprocess.Popen[bytes]:
    """A watcher, as the child of this process."""
    return subprocess.Popen(
        [sys.executable, "-m", "franca.catalog.watcher"],
        env={**home, "PYTHONPATH": os.pathsep.join(sys.path)}, stderr=subprocess.PIPE,
    )  # fmt: skip


def end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    if child.stderr:
        child.stderr.close()


def state(home: Home) -> Watched:
    return watched(home)[0]


def vouched(home: Home) -> bool:
    """Whether a watcher is certain now; the index in the files may be made newer by this."""
    try:
        return bool(_boot.vouched(index_path(home), view(home).digest, home))
    except (OSError, ValueError):
        return False


Found = list[tuple[str, str, str, tuple[str, ...], str]]


def answers(home: Home) -> Found:
    """What a new process finds, from the index."""
    catalog = Catalog.open(home)
    rows = [*catalog.rows(SCRIPT), *catalog.rows(CACHE)]
    return [(row.path, row.ref.alias, row.ref.uid, row.tags, json.dumps(row.meta(), sort_keys=True)) for row in rows]


def scanned(home: Home) -> Found:
    """What a full scan of the files finds."""
    return answers({**home, "CM_INDEX": "no"})


def by_tag(home: Home, tag: str) -> list[str]:
    """What the fast lane finds, or the ordinary command line where that has no answer."""
    try:
        answer = _boot.fast("franca", ["find", "script", f"--tags={tag}"], home)
    except (OSError, ValueError):
        answer = None
    if answer is not None:
        return answer.out.split()
    from franca.model.tags import TagQuery

    return [one.path for one in Catalog.open(home).find(SCRIPT, tags=TagQuery((tag,)))]


def kept_index_is_true(home: Home) -> None:
    """The files of the index, believed by one who asks no watcher, lead to what a full scan gives."""
    assert answers({**home, "FRANCA_WATCH": "no"}) == scanned(home)
