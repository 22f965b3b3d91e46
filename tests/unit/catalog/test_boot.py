"""The fast lane prints the same bytes as the ordinary way, or nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from franca import _boot, _packed
from franca.catalog import memo
from franca.catalog.catalog import Catalog
from franca.catalog.inheritance import object_ref
from franca.compat import cm_front
from franca.model.dialect import CLASSIC, NEW
from franca.model.ids import SCRIPT, ObjectRef, Ref
from franca.model.tags import TagQuery
from tests.unit.catalog.conftest import home_in

Put = Callable[..., Path]


@pytest.fixture
def store(home: dict[str, str], put: Put, settle: Callable[[], None]) -> dict[str, str]:
    """Two scripts of our own, indexed."""
    return fill(home, put, settle)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, put: Put, settle: Callable[[], None]) -> dict[str, str]:
    return fill(home_in(tmp_path_factory.mktemp("filled")), put, settle)


@pytest.fixture
def standing(filled: dict[str, str]) -> dict[str, str]:
    """One such store for all tests that only ask; the indexes for both fronts are made new where they must be."""
    for dialect in (CLASSIC, NEW):
        Catalog.open(filled, home_dialect=dialect).repos()
    return filled


def fill(home: dict[str, str], put: Put, settle: Callable[[], None]) -> dict[str, str]:
    scripts = Path(Catalog.open(home).local().path) / "script"
    put(scripts / "one", alias="one", uid="1" * 16, tags=["a", "b"])
    put(scripts / "two", alias="Two", uid="2" * 16, tags=["a"])
    settle()
    Catalog.open(home).repos()
    return home


def fast(environ: dict[str, str], *argv: str) -> str | None:
    """What the fast lane prints, or None when it leaves the question to others."""
    try:
        answer = _boot.fast("franca", list(argv), environ)
    except (OSError, ValueError):
        return None
    return None if answer is None else answer.out


def slow(environ: dict[str, str], name: str = "", tags: str = "") -> str:
    """What a full scan says."""
    ref = Ref(object_ref(name) if name else ObjectRef())
    found = Catalog.open({**environ, "CM_INDEX": "no"}).find(SCRIPT, ref, TagQuery.parse(tags))
    return "".join(one.path + "\n" for one in found)


@pytest.mark.parametrize("tags", ["", "a", "a,b", "a,-b", "-a", "nosuch", "detect,os", " b , a "])
def test_searches_are_answered(standing: dict[str, str], tags: str) -> None:
    for name in ("", "one", "ONE", "two", "1" * 16, "t*", "*w?", "nosuch", "detect-os"):
        words = ["find", "script", *([name] if name else []), *([f"--tags={tags}"] if tags else [])]
        assert fast(standing, *words) == slow(standing, name, tags), name


@pytest.mark.parametrize(
    "words",
    [
        [], ["find"], ["find", "nosuch"], ["find", "repo"], ["rm", "script", "one"], ["find", "script", "one", "two"],
        ["find", "script", "r:one"], ["find", "script", "one,1"], ["find", "script", "[a]*"], ["find", "script", "."],
        ["find", "script", "--tags=_v"], ["find", "script", "--json"], ["find", "script", "@f.json"],
        ["find", "script", "--tags=a", "--tags=b"], ["find", "script", "-h"], ["find", "script", "é"],
    ],
)  # fmt: skip
def test_what_is_unusual_is_left_to_others(standing: dict[str, str], words: list[str]) -> None:
    assert fast(standing, *words) is None


@pytest.mark.parametrize("variable", [{"CM_INDEX": "off"}, {"CM_CONFIG": "x"}, {"CM_REPOS": "/nosuch"}])
def test_variables_that_change_everything(standing: dict[str, str], variable: dict[str, str]) -> None:
    assert fast({**standing, **variable}, "find", "script") is None


def test_a_changed_store_is_left_to_others(store: dict[str, str], put: Put) -> None:
    put(Path(store["HOME"], "CM/repos/local/script/one"), alias="one", uid="1" * 16, tags=["c"])
    assert fast(store, "find", "script", "--tags=a") is None


def test_warnings_are_left_to_others(store: dict[str, str], settle: Callable[[], None]) -> None:
    Path(store["HOME"], "CM/repos/local/script/one/_cm.json").write_text("{")
    settle()
    Catalog.open(store).repos()
    assert fast(store, "find", "script") is None


ARTIFACT = st.tuples(
    st.sampled_from(["a", "b", "ab", "A-b"]), st.lists(st.sampled_from("xyz"), max_size=3),
    st.sampled_from(["", "script", "cache", "other"]),
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    st.lists(ARTIFACT, max_size=5),
    st.sampled_from(["", "a", "A*", "?b", "zz"]),
    st.sampled_from(["", "x", "x,-y", "-z"]),
)
def test_random_stores(artifacts: list[tuple[str, list[str], str]], name: str, tags: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = {"HOME": folder, "CM_CORE_SKIP_INTERNAL_REPOS": "1"}
        scripts = Path(Catalog.open(home).local().path) / "script"
        for number, (alias, own_tags, kind) in enumerate(artifacts):
            spot = scripts / f"s{number}"
            spot.mkdir(parents=True)
            meta = f'{{"alias": "{alias}", "uid": "{number:016x}", "tags": {own_tags}, "automation_alias": "{kind}"}}'
            (spot / "_cm.json").write_text(meta.replace("'", '"'))
        old = 1_700_000_000_123_456_789
        for path in [Path(folder), *Path(folder).rglob("*")]:
            os.utime(path, ns=(old, old))
        index = Catalog.open(home)
        index.repos()
        # ctime cannot be set back, so the comparison is of answers, not of trust in stamps.
        words = ["find", "script", *([name] if name else []), *([f"--tags={tags}"] if tags else [])]
        request = _boot._find_request("franca", words)
        assert request is not None
        who = (*_boot.identity(home), "classic")
        kept = _packed.read_view(_boot.snapshot_path(who), who)
        answer = _boot._find(kept, *request)
        assert answer is not None and answer.out == slow(home, name, tags)


# The memory of answers


def remember(environ: dict[str, str], *argv: str, paths: tuple[str, ...] = (), **offer: Any) -> None:
    """A command that reads the index, offers its answer, and prints ``hello``."""
    with memo.Recorder("franca", list(argv), environ) as recorder:
        Catalog.open(environ).repos()
        memo.offer(paths, **offer)
        print("hello")
        print("note", file=sys.stderr)
        recorder.status = 3


def test_an_offered_answer_is_given_again(store: dict[str, str]) -> None:
    remember(store, "run", "script", "x y")
    answer = _boot.fast("franca", ["run", "script", "x y"], store)
    assert answer is not None and (answer.out, answer.err, answer.status) == ("hello\n", "note\n", 3)
    assert _boot.fast("franca", ["run", "script", "x", "y"], store) is None
    assert _boot.fast("cm", ["run", "script", "x y"], store) is None


@pytest.mark.parametrize("action", ["find", "ls", "list", "search"])
@pytest.mark.parametrize(
    "words",
    [
        ["script"], ["cache"], ["script", "one"], ["script", "ONE"], ["script", "t*"], ["script", "1" * 16],
        ["script", "nosuch"], ["script", "--tags=a"], ["script", "--tags=a,-b"], ["script", "--tags=nosuch"],
        ["script", "detect-os"],
    ],
)  # fmt: skip
def test_searches_through_the_new_front_are_answered(
    standing: dict[str, str], action: str, words: list[str], capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("HOME", "CM_REPOS", "MLC_REPOS", "CM_INDEX"):
        monkeypatch.delenv(key, raising=False)
    for key, value in standing.items():
        monkeypatch.setenv(key, value)
    answer = _boot.fast("mlc", [action, *words], standing)
    status = cm_front.main("mlc", [action, *words])
    said = capsys.readouterr()
    assert answer is not None and (answer.out, answer.err, answer.status) == (said.out, said.err, status)


@pytest.mark.parametrize("words", [["script", "one", "--tags=b"], ["script", "a,b"], ["script", "--tags=_v"]])
def test_what_the_new_front_reads_otherwise_is_left_to_it(standing: dict[str, str], words: list[str]) -> None:
    assert _boot.fast("mlc", ["find", *words], standing) is None


def test_an_answer_of_the_new_front_is_remembered_until_something_changes(store: dict[str, str], put: Put) -> None:
    words = ["load", "script", "--tags=a"]
    Catalog.open(store, home_dialect=NEW).repos()
    with memo.Recorder("mlc", words, store) as recorder:
        Catalog.open(store, home_dialect=NEW).repos()
        print("answer")
        recorder.status = 0
    answer = _boot.fast("mlc", words, store)
    assert answer is not None and answer.out == "answer\n"
    put(Path(store["HOME"], "CM/repos/local/script/one"), alias="one", uid="1" * 16, tags=["c"])
    assert _boot.fast("mlc", words, store) is None


@pytest.mark.parametrize("change", [{"CM_X": "1"}, {"MLC_X": "1"}, {"PATH": "/x"}, {"FRANCA_X": ""}])
def test_another_environment_is_another_question(store: dict[str, str], change: dict[str, str]) -> None:
    remember(store, "run", "script", "x")
    assert _boot.fast("franca", ["run", "script", "x"], {**store, **change}) is None


def test_another_directory_is_another_question(
    store: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(store, "run", "script", "x")
    monkeypatch.chdir(tmp_path)
    assert _boot.fast("franca", ["run", "script", "x"], store) is None


def test_a_changed_file_spoils_the_answer(store: dict[str, str], tmp_path: Path, settle: Callable[[], None]) -> None:
    state = tmp_path / "state.json"
    state.write_text("{}")
    settle()
    remember(store, "run", "script", "x", paths=(str(state),))
    assert _boot.fast("franca", ["run", "script", "x"], store) is not None
    state.write_text("[]")
    assert _boot.fast("franca", ["run", "script", "x"], store) is None


def test_a_new_artifact_spoils_the_answer(store: dict[str, str]) -> None:
    remember(store, "run", "script", "x")
    Catalog.open(store).add(SCRIPT, Ref(ObjectRef("three")), {})
    assert _boot.fast("franca", ["run", "script", "x"], store) is None


def test_an_expired_answer_is_not_given(store: dict[str, str]) -> None:
    remember(store, "run", "script", "x", expires=1.0)
    assert _boot.fast("franca", ["run", "script", "x"], store) is None


def test_a_file_that_was_just_written_is_not_trusted(store: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{}")
    remember(store, "run", "script", "x", paths=(str(tmp_path / "state.json"),))
    assert _boot.fast("franca", ["run", "script", "x"], store) is None


def test_a_withdrawn_answer_and_an_error_are_not_kept(store: dict[str, str]) -> None:
    with memo.Recorder("franca", ["run", "script", "x"], store) as recorder:
        Catalog.open(store).repos()
        memo.offer()
        memo.withdraw()
        recorder.status = 0
    with pytest.raises(KeyError), memo.Recorder("franca", ["run", "script", "x"], store):
        Catalog.open(store).repos()
        memo.offer()
        raise KeyError
    assert _boot.fast("franca", ["run", "script", "x"], store) is None


def test_bytes_beside_the_text_spoil_the_answer(store: dict[str, str], capfdbinary: Any) -> None:
    with memo.Recorder("franca", ["run", "script", "x"], store) as recorder:
        Catalog.open(store).repos()
        memo.offer()
        sys.stdout.buffer.write(b"raw")
        recorder.status = 0
    assert _boot.fast("franca", ["run", "script", "x"], store) is None


def test_a_damaged_answer_is_forgotten(store: dict[str, str]) -> None:
    remember(store, "run", "script", "x")
    (path,) = Path(store["HOME"], "CM/.franca/memo").iterdir()
    data = bytearray(path.read_bytes())
    data[-3] ^= 0xFF
    path.write_bytes(bytes(data))
    assert _boot.fast("franca", ["run", "script", "x"], store) is None


def test_nothing_offered_nothing_kept(store: dict[str, str]) -> None:
    with memo.Recorder("franca", ["run", "script", "x"], store) as recorder:
        Catalog.open(store).repos()
        recorder.status = 0
    assert not Path(store["HOME"], "CM/.franca/memo").exists()


ALLOWED = {"__future__", "franca", "franca._boot", "franca._packed", "marshal"}
LANE = """
import sys
before = set(sys.modules)
sys.argv = ["franca", "find", "script"]
import franca._boot as boot
boot.os._exit = lambda status: None
boot.main("franca")
print(sorted(set(sys.modules) - before), file=sys.stderr)
"""


def test_what_the_fast_lane_imports(store: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LANE], capture_output=True, text=True, check=True,
        env={**store, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert "/script/one\n" in done.stdout, done.stderr
    assert set(eval(done.stderr)) <= ALLOWED
