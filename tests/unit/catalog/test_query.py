"""Which artifacts a question means (CM core, sections 4.2 and 5.2)."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca import _boot
from franca.catalog.catalog import Catalog
from franca.catalog.inheritance import object_ref
from franca.catalog.register import init
from franca.errors import KindNotFound, UsageError
from franca.model.ids import AUTOMATION, SCRIPT, ObjectRef, Ref, is_uid
from franca.model.tags import TagQuery

A1, A2 = "63ea4f16977049d1", "ccaf6af9c7ee4663"
NAMES = st.text(alphabet="abAB*?-.", max_size=6)
UIDS = st.sampled_from(["", A1, A2, A1.upper()])


@given(NAMES, UIDS, st.text(alphabet="abAB-.", max_size=6), UIDS)
def test_the_fast_lane_selects_as_the_nouns_do(alias: str, uid: str, stored: str, stored_uid: str) -> None:
    expected = ObjectRef(alias, uid).selects(ObjectRef(stored, stored_uid))
    assert _boot.selects(alias, uid, stored, stored_uid) == expected


@given(st.text(alphabet="ab", max_size=8), st.text(alphabet="ab*?", max_size=8))
def test_the_fast_lane_matches_patterns_as_the_shell_does(text: str, pattern: str) -> None:
    assert _boot.matches(text, pattern) == fnmatchcase(text, pattern)


@given(st.text(alphabet="0123456789abcdefABCDEFg.", min_size=15, max_size=17))
def test_the_fast_lane_knows_uids(text: str) -> None:
    assert _boot.is_uid(text) == is_uid(text)


@pytest.fixture
def demo(catalog: Catalog) -> Catalog:
    """demo artifacts: local:art1 (t1,t2), r:art2 (t1,t3)."""
    init(catalog, "r")
    catalog.add(AUTOMATION, Ref(ObjectRef("demo", "0bab14e5135547e4")), {})
    kind = catalog.kind(ObjectRef("demo"))
    catalog.add(kind, Ref(ObjectRef("art1", A1)), {}, tags=("t1", "t2"))
    catalog.add(kind, Ref(ObjectRef("Art2", A2), ObjectRef("r")), {}, tags=("t1", "t3"))
    return catalog


def names(catalog: Catalog, name: str = "", tags: object = "", kind: str = "demo", repo: str = "") -> list[str]:
    ref = Ref(object_ref(name) if name else ObjectRef(), ObjectRef(repo))
    found = catalog.find(ObjectRef(kind), ref, TagQuery.parse(tags))  # type: ignore[arg-type]
    return [one.ref.alias for one in found]


@pytest.mark.parametrize(
    "name, expected",
    [
        ("", ["art1", "Art2"]),
        ("art1", ["art1"]),
        ("ART1", ["art1"]),
        ("art2", ["Art2"]),
        (A1, ["art1"]),
        (A1.upper(), ["art1"]),
        (f"art1,{A1}", ["art1"]),
        (f"wrong,{A1}", ["art1"]),
        (f"art1,{A2}", ["Art2"]),
        (f"art1,{'0' * 16}", []),
        ("art*", ["art1", "Art2"]),
        ("*t?", ["art1", "Art2"]),
        ("6*", []),
        ("nosuch", []),
    ],
)
def test_names(demo: Catalog, name: str, expected: list[str]) -> None:
    assert names(demo, name) == expected


@pytest.mark.parametrize(
    "tags, expected",
    [
        ("t1", ["art1", "Art2"]),
        ("t1,t2", ["art1"]),
        ("t2, t1", ["art1"]),
        ("t1,-t2", ["Art2"]),
        ("-t1", []),
        ("", ["art1", "Art2"]),
        (["t1", "-t3"], ["art1"]),
        ("T1", []),
        ("nosuch", []),
    ],
)
def test_tags(demo: Catalog, tags: object, expected: list[str]) -> None:
    assert names(demo, tags=tags) == expected


def test_repositories_and_patterns_of_kinds(demo: Catalog) -> None:
    assert names(demo, repo="r") == ["Art2"]
    assert names(demo, "art*", repo="r") == ["Art2"]
    assert names(demo, "art1", kind="*") == ["art1"]
    assert names(demo, "art1", kind="de*") == ["art1"]
    assert names(demo, repo="nosuch") == []


def test_kinds(demo: Catalog) -> None:
    assert demo.kind(ObjectRef("DEMO")) == ObjectRef("demo", "0bab14e5135547e4")
    assert demo.kind(ObjectRef(uid="0bab14e5135547e4")).alias == "demo"
    assert demo.kind(ObjectRef("script")) == SCRIPT
    assert demo.kind(ObjectRef("anything", SCRIPT.uid)) == SCRIPT
    with pytest.raises(KindNotFound, match='automation "nosuch" not found') as caught:
        demo.kind(ObjectRef("nosuch"))
    assert caught.value.status == 4
    with pytest.raises(KindNotFound, match="not specified"):
        demo.kind(ObjectRef())


def test_several_automations_of_one_name(demo: Catalog) -> None:
    demo.add(AUTOMATION, Ref(ObjectRef("demo", "1" * 16), ObjectRef("r")), {})
    with pytest.raises(Exception, match="more than 1 automation found") as caught:
        demo.kind(ObjectRef("demo"))
    assert getattr(caught.value, "status", 0) == 2


@pytest.mark.parametrize("text", ["a:b", "a,b", "a,b,c", f"{A1},{A2}"])
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(UsageError, match="is not recognized"):
        object_ref(text)
