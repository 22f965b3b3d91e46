"""The index never answers otherwise than a full scan (CM core, section 6.4)."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from franca import _boot
from franca.catalog import merging, scan, snapshot
from franca.catalog.catalog import Catalog
from franca.catalog.register import init
from franca.model.ids import SCRIPT, ObjectRef, Ref
from franca.model.tags import TagQuery

UID = "63ea4f16977049d1"
Home = dict[str, str]


def local_scripts(home: Home) -> Path:
    return Path(home["HOME"], "CM", "repos", "local", "script")


def paths(home: Home, name: str = "", tags: str = "", **variables: str) -> list[str]:
    """What a new process would find in the local repository."""
    found = Catalog.open({**home, **variables}).find(SCRIPT, Ref(ObjectRef(name)), TagQuery.parse(tags))
    return [one.path for one in found if one.repo.writable]


@pytest.fixture
def store(home: Home, put: Callable[..., Path], settle: Callable[[], None]) -> Home:
    """A store with a script ``a`` whose index is written and trusted."""
    Catalog.open(home)
    put(local_scripts(home) / "a", alias="a", uid=UID, tags=["old"])
    settle()
    assert len(paths(home)) == 1
    assert snapshot_file(home).exists()
    return home


def snapshot_file(home: Home) -> Path:
    return Path(_boot.snapshot_path((*_boot.identity(home), "classic")))


def test_an_edited_meta_is_seen(store: Home, put: Callable[..., Path]) -> None:
    put(local_scripts(store) / "a", alias="a", uid=UID, tags=["new"])
    assert paths(store, tags="old") == [] and len(paths(store, tags="new")) == 1


def test_an_edit_of_the_same_size_is_seen(store: Home) -> None:
    file = local_scripts(store) / "a" / "_cm.json"
    before = file.stat()
    file.write_text(file.read_text().replace("old", "new"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size and len(paths(store, tags="new")) == 1


def test_an_added_copied_renamed_and_deleted_directory_is_seen(store: Home, put: Callable[..., Path]) -> None:
    scripts = local_scripts(store)
    put(scripts / "b", alias="b", uid="1" * 16)
    assert len(paths(store)) == 2
    os.rename(scripts / "b", scripts / "c")
    assert paths(store, "b") == [str(scripts / "c")]
    shutil.rmtree(scripts / "c")
    assert paths(store) == [str(scripts / "a")]


def test_a_second_meta_file_is_seen(store: Home) -> None:
    (local_scripts(store) / "a" / "_cm.yaml").write_text("tags: [ignored]\nfrom_yaml: 1\n")
    assert Catalog.open(store).load(SCRIPT, Ref(ObjectRef("a"))).meta["from_yaml"] == 1


def test_a_meta_in_an_older_directory_is_seen(store: Home, settle: Callable[[], None]) -> None:
    folder = local_scripts(store) / "later"
    folder.mkdir()
    settle()
    assert len(paths(store)) == 1
    (folder / "_cm.yaml").write_text("alias: later\nuid: '2222222222222222'\n")
    assert len(paths(store)) == 2


def test_other_files_in_an_artifact_change_nothing(store: Home) -> None:
    catalog = Catalog.open(store)
    catalog.find(SCRIPT)
    (local_scripts(store) / "a" / "run.sh").write_text("echo\n")
    index = catalog.index
    catalog.refresh()
    assert catalog.index is index


def test_a_repository_taken_out_of_the_list_by_hand_is_gone(store: Home, put: Callable[..., Path]) -> None:
    repo = init(Catalog.open(store), "r").repo
    put(Path(repo.path) / "script" / "x", alias="x", uid="3" * 16)
    assert len(paths(store, "x")) == 1
    Path(store["HOME"], "CM", "repos.json").write_text("[]")
    assert paths(store, "x") == []


def test_a_link_that_comes_alive_is_seen(store: Home, tmp_path: Path, put: Callable[..., Path]) -> None:
    os.symlink(tmp_path / "elsewhere", local_scripts(store) / "linked")
    assert len(paths(store)) == 1
    put(tmp_path / "elsewhere", alias="linked", uid="4" * 16)
    assert paths(store, "linked") == [str(local_scripts(store) / "linked")]


def test_unfinished_directories_are_never_found(store: Home, put: Callable[..., Path]) -> None:
    put(local_scripts(store) / ".new-1", alias="x", uid="5" * 16)
    assert len(paths(store)) == 1


def test_unchanged_files_are_not_parsed_again(
    store: Home, put: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    real = scan.parse_meta
    monkeypatch.setattr(scan, "parse_meta", lambda data, path: parsed.append(path) or real(data, path))
    put(local_scripts(store) / "b", alias="b", uid="6" * 16)
    assert len(paths(store)) == 2
    assert parsed == [str(local_scripts(store) / "b" / "_cm.json")]


@pytest.mark.parametrize("damage", ["empty", "short", "head", "section", "tail", "text", "open"])
def test_a_damaged_index_is_replaced(store: Home, damage: str, settle: Callable[[], None]) -> None:
    file = snapshot_file(store)
    data = bytearray(file.read_bytes())
    if damage == "open":
        file.chmod(0o644)
    else:
        if damage in ("empty", "short"):
            data = data[: len(data) // 2 if damage == "short" else 0]
        elif damage == "text":
            data = bytearray(b"not an index")
        else:
            data[{"head": 20, "section": 80, "tail": len(data) - 3}[damage]] ^= 0xFF
        file.write_bytes(bytes(data))
    settle()
    assert len(paths(store)) == 1
    assert snapshot.load((*_boot.identity(store), "classic")) is not None
    assert file.stat().st_mode & 0o777 == 0o600


def test_without_index_nothing_is_kept(home: Home) -> None:
    assert paths(home, CM_INDEX="No") == []
    assert not snapshot_file(home).exists()


def test_a_read_only_store_still_answers(store: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from franca.errors import Unavailable

    def refuse(*_arguments: object, **_options: object) -> None:
        raise Unavailable("read-only")

    os.unlink(snapshot_file(store))
    monkeypatch.setattr(snapshot, "write_bytes_atomic", refuse)
    assert len(paths(store)) == 1


def test_dates_in_yaml_do_not_stop_the_index(store: Home, settle: Callable[[], None]) -> None:
    import datetime

    folder = local_scripts(store) / "dated"
    folder.mkdir()
    (folder / "_cm.yaml").write_text("alias: dated\nuid: '7777777777777777'\nd: 2024-01-02\n")
    settle()
    for _ in range(2):
        assert Catalog.open(store).load(SCRIPT, Ref(ObjectRef("dated"))).meta["d"] == datetime.date(2024, 1, 2)


@pytest.mark.parametrize(
    "name, text, says",
    [
        ("_cm.json", '{"alias": "bad",\n "tags": [}', "2:11: not valid JSON"),
        ("_cm.yaml", "alias: bad\n tags: x\n", "2:6: not valid YAML"),
        ("_cm.yaml", "- a list\n", "a mapping of keys to values was expected"),
        ("_cm.yaml", "alias: bad\n_base: nosuch\n", "_base: artifact not found: nosuch"),
    ],
)
def test_one_bad_file_never_stops_the_rest(store: Home, name: str, text: str, says: str) -> None:
    folder = local_scripts(store) / "bad"
    folder.mkdir()
    (folder / name).write_text(text)
    for _ in range(2):  # scanned, then from the snapshot
        catalog = Catalog.open(store)
        assert [a.ref.alias for a in catalog.find(SCRIPT) if a.repo.writable] == ["a"]
        assert any(str(folder / name) in warning and says in warning for warning in catalog.warnings)


@pytest.mark.parametrize("name", ["two\nlines", "title\x1b]0;x\x07"])
def test_a_folder_with_a_control_character_in_its_name_is_left_out(
    store: Home, put: Callable[..., Path], name: str
) -> None:
    put(local_scripts(store) / name, alias="steers", uid="d" * 16)
    for _ in range(2):
        catalog = Catalog.open(store)
        assert [a.ref.alias for a in catalog.find(SCRIPT) if a.repo.writable] == ["a"]
        assert any(repr(name) in warning and name not in warning for warning in catalog.warnings)


def test_a_meta_that_is_a_pipe_or_a_device_is_not_read(store: Home) -> None:
    """Content can make it one by a link; reading it would wait for ever."""
    for name in ("pipe", "device"):
        (local_scripts(store) / name).mkdir()
    os.mkfifo(local_scripts(store) / "pipe" / "_cm.yaml")
    (local_scripts(store) / "device" / "_cm.json").symlink_to("/dev/zero")
    catalog = Catalog.open(store)
    assert [a.ref.alias for a in catalog.find(SCRIPT) if a.repo.writable] == ["a"]
    assert sum("no regular file" in warning for warning in catalog.warnings) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every folder")
def test_an_unreadable_folder_is_a_warning(store: Home) -> None:
    folder = local_scripts(store).parent / "secret"
    folder.mkdir(mode=0)
    catalog = Catalog.open(store)
    assert len(catalog.find(SCRIPT)) > 0 and any(str(folder) in text for text in catalog.warnings)


def test_each_artifact_has_its_own_kind_and_else_that_of_its_folder(store: Home, put: Callable[..., Path]) -> None:
    mixed = local_scripts(store).parent / "mixed"
    put(mixed / "a", alias="first", uid="a" * 16, automation_alias="script", automation_uid=SCRIPT.uid)
    put(mixed / "b", alias="second", uid="b" * 16)
    put(mixed / "c", alias="third", uid="c" * 16, automation_alias="cache")
    kinds = {row.ref.alias: row.kind.alias for row in Catalog.open(store).table.rows if "/mixed/" in row.path}
    assert kinds == {"first": "script", "second": "script", "third": "cache"}


STRESS = os.environ.get("FRANCA_STRESS") == "yes"
OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["write", "yaml", "remove", "break", "rename", "tag", "mkdir", "kind", "automation"]),
        st.sampled_from("abc"),
        st.sampled_from("abc"),
    ),
    max_size=8,
)


def apply(scripts: Path, operation: str, name: str, other: str) -> None:
    folder = scripts / name
    if operation == "remove":
        shutil.rmtree(folder, ignore_errors=True)
        return
    if operation == "rename":
        if folder.exists() and not (scripts / other).exists():
            folder.rename(scripts / other)
        return
    if operation == "automation":
        folder = scripts.parent / "automation" / name
    folder.mkdir(parents=True, exist_ok=True)
    if operation == "yaml":
        (folder / "_cm.yaml").write_text(f"alias: {other}\ntags: [{name}]\n_base: {other}\n")
    elif operation == "break":
        (folder / "_cm.json").write_text("{")
    elif operation == "kind":
        kind = {"a": "script", "b": "cache", "c": "a"}[other]
        (folder / "_cm.json").write_text(json.dumps({"alias": name, "uid": name * 16, "automation_alias": kind}))
    elif operation == "automation":
        (folder / "_cm.json").write_text(json.dumps({"alias": other, "uid": other * 16}))
    elif operation in ("write", "tag"):
        meta = {"alias": name, "uid": name * 16, "tags": [other, operation]}
        (folder / "_cm.json").write_text(json.dumps(meta))


def everything(catalog: Catalog) -> list[Any]:
    """What a catalog says of the repositories of the user."""
    own = [row for row in catalog.table.rows if catalog.repos()[row.repo].writable]
    found = [one for one in catalog.find(SCRIPT) if one.repo.writable]
    rows = [(row.path, row.ref, row.kind, row.tags, row.files) for row in own]
    return rows + [(a.path, a.ref, a.kind, a.tags, a.meta, a.original_meta, a.files) for a in found]


@pytest.fixture(params=["written anew", "second file"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How a change of the index is written down; what decides it otherwise is the size."""
    if request.param == "second file":
        monkeypatch.setattr(merging, "SMALL", 0)
        monkeypatch.setattr(merging, "SHARE", 0.01)
    monkeypatch.setattr(scan, "YOUNG_NS", 20_000_000)
    return str(request.param)


@settings(
    max_examples=100 if STRESS else 12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rounds=st.lists(OPERATIONS, min_size=1, max_size=4))
def test_the_answer_always_equals_a_full_scan(way: str, rounds: list[list[tuple[str, str, str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = {"HOME": folder, "CM_CORE_SKIP_INTERNAL_REPOS": "1"}
        lasting = Catalog.open(home)
        for operations in rounds:
            for operation in operations:
                apply(local_scripts(home), *operation)
            time.sleep(0.03)  # longer than YOUNG_NS: what did not change is taken over
            truth = Catalog.open({**home, "CM_INDEX": "no"})
            fresh = Catalog.open(home)
            lasting.refresh()
            assert everything(fresh) == everything(lasting) == everything(truth)
            assert fresh.warnings == truth.warnings
            for catalog in (fresh, lasting):
                assert looked_up(catalog) == looked_up(truth)


def looked_up(catalog: Catalog) -> list[list[str]]:
    """Answers that come from the columns of keys."""
    names = [Ref(ObjectRef(alias)) for alias in "abc"] + [Ref(ObjectRef("", uid * 16)) for uid in "abc"]
    tags = [TagQuery((tag,)) for tag in ("a", "b", "c", "write")]
    found = [catalog.find(SCRIPT, name) for name in names] + [catalog.find(SCRIPT, tags=tag) for tag in tags]
    return [[one.path for one in some] for some in found]


@pytest.mark.parametrize("key", ["alias", "uid"])
@pytest.mark.parametrize("name", ["../../elsewhere", "/elsewhere", "..", "a\\b", "two\nlines"])
def test_a_name_that_leads_away_is_no_name(store: Home, put: Callable[..., Path], key: str, name: str) -> None:
    """Pages, images and cache entries are written into folders of that name."""
    put(local_scripts(store) / "odd", **{"alias": "odd", "uid": "d" * 16, key: name})
    catalog = Catalog.open(store)
    assert [a.ref.alias for a in catalog.find(SCRIPT) if a.repo.writable] == ["a"]
    assert any(f"the {key} {name!r} cannot name anything" in warning for warning in catalog.warnings)
