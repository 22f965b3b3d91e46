"""The packed index as a file: what is damaged is noticed, what has changed goes into a second file."""

from __future__ import annotations

import json
import os
import random
from array import array
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca import _boot, _packed
from franca.catalog import merging, scan
from franca.catalog.catalog import Catalog
from franca.catalog.packing import Writer
from franca.catalog.scan import Head, Known, pack
from franca.model.ids import SCRIPT, ObjectRef, Ref
from franca.model.tags import TagQuery

Home = dict[str, str]
SECTIONS = ("HEAD", "NAMES", "CODES", "STAMPS", "KEYS", "OWNERS", "ENDS", "RECORDS", "METAS")


def scripts(home: Home) -> Path:
    return Path(home["HOME"], "CM", "repos", "local", "script")


def index_path(home: Home) -> str:
    return _boot.snapshot_path((*_boot.identity(home), "classic"))


def view(home: Home) -> _packed.View:
    return _packed.read_view(index_path(home), (*_boot.identity(home), "classic"))


def answers(home: Home, **variables: str) -> list[object]:
    """What a new process says to several kinds of questions."""
    catalog = Catalog.open({**home, **variables})
    found = [one for one in catalog.find(SCRIPT) if one.repo.writable]
    by_name = [one.path for one in catalog.find(SCRIPT, Ref(ObjectRef("s3")))]
    by_tag = [one.path for one in catalog.find(SCRIPT, tags=TagQuery(("odd",)))]
    return [[(one.path, one.ref, one.tags, one.meta) for one in found], by_name, by_tag]


@pytest.fixture
def store(home: Home, put: Callable[..., Path], settle: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Home:
    """Twelve scripts in a base, one changed, one new and one gone since, in a second file."""
    monkeypatch.setattr(merging, "SMALL", 10)
    monkeypatch.setattr(merging, "SHARE", 1)
    Catalog.open(home)
    for number in range(12):
        tags = ["odd" if number % 2 else "even"]
        put(scripts(home) / f"s{number}", alias=f"s{number}", uid=f"{number:016x}", tags=tags)
    settle()
    Catalog.open(home).repos()
    put(scripts(home) / "s3", alias="s3", uid=f"{3:016x}", tags=["odd", "changed"])
    put(scripts(home) / "new", alias="new", uid="a" * 16, tags=["odd"])
    os.unlink(scripts(home) / "s5" / "_cm.json")
    settle()
    Catalog.open(home).repos()
    return home


def test_a_change_goes_into_a_second_file(store: Home) -> None:
    base, over = view(store).parts
    names = [over.names()[number] for number in range(over.count)]
    assert {"new", "s3", "s5"} <= set(names) and "s4" not in names and "s4" in base.names()
    assert answers(store) == answers(store, CM_INDEX="no")
    assert view(store).holds()


def test_the_second_file_is_small_and_the_first_is_left_alone(
    store: Home, put: Callable[..., Path], settle: Callable[[], None]
) -> None:
    base = Path(index_path(store))
    before = base.stat().st_ino
    put(scripts(store) / "one-more", alias="one-more", uid="b" * 16, tags=["odd"])
    settle()
    assert answers(store) == answers(store, CM_INDEX="no")
    assert base.stat().st_ino == before


def test_when_much_has_changed_there_is_a_new_base(
    store: Home, put: Callable[..., Path], settle: Callable[[], None]
) -> None:
    count = view(store).parts[0].count
    for number in range(count + 1):
        put(scripts(store) / f"m{number}", alias=f"m{number}", uid=f"{number + 99:016x}")
    settle()
    expected = answers(store, CM_INDEX="no")
    assert answers(store) == expected
    assert len(view(store).parts) == 1 and view(store).parts[0].count > 2 * count
    assert answers(store) == expected


@pytest.mark.parametrize("which", ["first", "second"])
@pytest.mark.parametrize("section", range(len(SECTIONS)), ids=SECTIONS)
def test_damage_anywhere_is_noticed(store: Home, section: int, which: str) -> None:
    truth = answers(store, CM_INDEX="no")
    path = Path(index_path(store) if which == "first" else _packed.second_path(index_path(store)))
    data = bytearray(path.read_bytes())
    part = _packed.Part(_packed.Memory(bytes(data)))
    start, size = _packed.START + sum(part.sizes[:section]), part.sizes[section]
    for at in range(start, start + size, max(1, size // 7)):
        data[at] ^= 0x55
    path.write_bytes(bytes(data))
    assert answers(store) == truth
    assert answers(store) == truth


def test_a_damaged_index_is_made_anew_once_for_all_that_is_asked(store: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(index_path(store))
    os.truncate(path, path.stat().st_size // 3)
    made: list[int] = []
    renew = Catalog._renew
    monkeypatch.setattr(Catalog, "_renew", lambda catalog: (made.append(1), renew(catalog)))
    assert len(Catalog.open(store).find(SCRIPT)) > 20
    assert len(made) == 1


@pytest.mark.parametrize("which", ["first", "second"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_a_file_that_is_cut_short_is_noticed(store: Home, which: str, share: float) -> None:
    truth = answers(store, CM_INDEX="no")
    path = Path(index_path(store) if which == "first" else _packed.second_path(index_path(store)))
    os.truncate(path, int(path.stat().st_size * share))
    assert answers(store) == truth
    assert answers(store) == truth


def test_a_second_file_of_another_base_is_not_used(store: Home, settle: Callable[[], None]) -> None:
    second = Path(_packed.second_path(index_path(store)))
    old = second.read_bytes()
    os.unlink(index_path(store))
    truth = answers(store)  # writes a new base
    second.write_bytes(old)
    second.chmod(0o600)
    assert len(view(store).parts) == 1
    assert answers(store) == truth == answers(store, CM_INDEX="no")


def test_an_index_of_an_earlier_format_is_replaced(store: Home) -> None:
    path = Path(index_path(store))
    path.write_bytes(b"franca-index-01\n" + path.read_bytes()[16:])
    assert answers(store) == answers(store, CM_INDEX="no")
    assert path.read_bytes().startswith(_packed.MAGIC)


def test_a_second_meta_file_is_watched_in_both_files(store: Home, settle: Callable[[], None]) -> None:
    for name in ("s1", "s2"):
        (scripts(store) / name / "_cm.yaml").write_text("extra: 1\n")
    settle()
    assert answers(store) == answers(store, CM_INDEX="no")
    (scripts(store) / "s1" / "_cm.yaml").write_text("extra: 2\n")
    os.unlink(scripts(store) / "s2" / "_cm.yaml")
    assert answers(store) == answers(store, CM_INDEX="no")


def test_an_heir_follows_its_base_in_the_other_file(
    store: Home, put: Callable[..., Path], settle: Callable[[], None]
) -> None:
    """The base lies in the first file, the heir in the second, and both change."""
    put(scripts(store) / "heir", alias="heir", uid="c" * 16, _base="s4")
    settle()
    assert answers(store) == answers(store, CM_INDEX="no")
    put(scripts(store) / "s4", alias="s4", uid=f"{4:016x}", tags=["odd", "late"])
    assert answers(store) == answers(store, CM_INDEX="no")
    (found,) = Catalog.open(store).find(SCRIPT, Ref(ObjectRef("heir")))
    assert found.tags == ("odd", "late") and found.original_meta["_base"] == "s4"


@given(present=st.integers(0, 15), change=st.integers(0, 15), stem=st.sampled_from(["_cm", "meta"]))
def test_whatever_comes_or_goes_beside_a_meta_is_noticed_if_it_counts(present: int, change: int, stem: str) -> None:
    """What is looked at decides which files are read: nothing else can."""
    used = _packed.used_files(stem, present)
    missing = _packed.missing_files(stem, used)
    names = _packed.META_NAMES
    after = {name for bit, name in enumerate(names) if change >> bit & 1}
    same = set(_packed.file_names(used)) <= after and not after & set(missing)
    if same:
        assert _packed.used_files(stem, change) == used


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5), st.lists(st.text(max_size=4), max_size=4))))
def test_keys_lead_to_every_spot_that_has_the_word(artifacts: list[tuple[str, str, list[str]]]) -> None:
    writer = Writer()
    for number, (alias, uid, tags) in enumerate(artifacts):
        known = Known(Head(alias, uid, tags=tuple(tags)), pack({"n": number}))
        writer.put(f"d{number}", 2, known, ((1, 2, 3, number),))
    part = _packed.Part(_packed.Memory(writer.data(())))
    for number, (alias, uid, tags) in enumerate(artifacts):
        for what, words in (("a", [alias, alias.lower()]), ("u", [uid]), ("t", tags)):
            assert all(number in part.spots(_packed.key(what, word)) for word in words)
        record = part.record(number)
        assert record[: _packed.OFFSET] == (f"d{number}", alias, uid, "", "", tuple(tags))
        assert scan.unpack(part.meta(*record[_packed.OFFSET : _packed.LENGTH + 1])) == {"n": number}
    assert list(part.records(0, part.count)) == [part.record(number) for number in range(part.count)]
    assert part.spots(random.Random(1).getrandbits(64)) == []


def test_a_store_of_many_pieces_reads_like_one(home: Home, settle: Callable[[], None]) -> None:
    """More spots than are read at once."""
    Catalog.open(home)
    for number in range(1500):
        spot = scripts(home) / f"s{number}"
        spot.mkdir(parents=True)
        (spot / "_cm.json").write_text(json.dumps({"alias": f"s{number}", "uid": f"{number:016x}"}))
    settle()
    for _ in range(2):
        found = [one.path for one in Catalog.open(home).find(SCRIPT) if one.repo.writable]
        assert found == sorted(str(scripts(home) / f"s{number}") for number in range(1500))
    answer = _boot.fast("franca", ["find", "script", "s14*"], home)
    assert answer is not None
    assert answer.out.split() == [one for one in found if Path(one).name.startswith("s14")]


def test_inodes_of_all_64_bits_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Overlays of containers give such numbers."""
    found = SimpleNamespace(st_mtime_ns=2, st_ctime_ns=3, st_size=4, st_ino=(1 << 64) - 5)
    monkeypatch.setattr(os, "stat", lambda *given, **named: found)
    stamp = scan.stamp_of(found)  # type: ignore[arg-type]
    array("q").extend(stamp)
    mtime, ctime, size, inode = stamp
    assert _packed.group_holds(((str(tmp_path), *stamp),), ())
    assert not _packed.group_holds(((str(tmp_path), mtime, ctime, size, inode - 1),), ())
