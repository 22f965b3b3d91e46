"""The command-line grammar of CM core section 7.2, row by row, and its way back."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.errors import NotFound, UsageError
from franca.grammar import argv
from franca.grammar.argv import (
    CMX,
    MLC,
    Invocation,
    make,
    parse,
    to_argv,
    to_input,
    to_new_input,
    words_to_tags,
)

FILES: dict[str, Any] = {
    "in.json": {"a": {"x": 1}, "n": 2, "k": "from file"},
    "in.yaml": {"k": "yaml"},
    "list.json": [1, 2],
    "ctl.json": {"control": {"j": True}, "k": "v"},
}


def read_file(path: str) -> Any:
    if path not in FILES:
        raise NotFound(f"file not found: {path}")
    return FILES[path]


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["--k=v"], {"k": "v"}),
        (["-k=v"], {"k": "v"}),
        (["--k=x=y"], {"k": "x=y"}),
        (["-- k = v w ".replace("-- ", "--")], {"k": "v w"}),
        (["--k=3"], {"k": "3"}),
        (["--k="], {"k": ""}),
        (["--k"], {"k": True}),
        (["-k"], {"k": True}),
        (["-f"], {"f": True}),
        (["--k-"], {"k": False}),
        (["--no-cache-"], {"no_cache": False}),
        (["--k,=a,b"], {"k": ["a", "b"]}),
        (["--k,="], {"k": []}),
        (["--k,=a"], {"k": ["a"]}),
        (["--a.b.c=v"], {"a": {"b": {"c": "v"}}}),
        (["--a.b=1", "--a.c=2"], {"a": {"b": "1", "c": "2"}}),
        (["--a-b.c-d=1"], {"a_b": {"c-d": "1"}}),
        (["--a.b-"], {"a": {"b": False}}),
        (["--env.K,=a,b"], {"env": {"K": ["a", "b"]}}),
        (["--a.b=2", "--a=1"], {"a": "1"}),
        (["--k=1", "--k=2"], {"k": "2"}),
        (["--url=http://h/p?a=b&c=d"], {"url": "http://h/p?a=b&c=d"}),
        (["--path=a b\nc"], {"path": "a b\nc"}),
        (["--имя=значение"], {"имя": "значение"}),
        (["@in.json"], {"a": {"x": 1}, "n": 2, "k": "from file"}),
        (["@in.json", "--k=later"], {"a": {"x": 1}, "n": 2, "k": "later"}),
        (["--k=earlier", "@in.yaml"], {"k": "yaml"}),
        (["@in.json", "--a.y=2"], {"a": {"x": 1, "y": "2"}, "n": 2, "k": "from file"}),
    ],
)
def test_one_row_of_the_table(words: list[str], options: dict[str, Any]) -> None:
    assert parse(["run", "script", *words], read_file).options == options


def test_a_file_is_not_changed_by_later_words() -> None:
    parse(["run", "script", "@in.json", "--a.x=9"], read_file)
    assert FILES["in.json"]["a"] == {"x": 1}


@pytest.mark.parametrize(
    ("words", "action", "kind", "artifacts"),
    [
        ([], "", "", ()),
        (["find"], "find", "", ()),
        (["find", "script"], "find", "script", ()),
        (["find", "script", "a", "b"], "find", "script", ("a", "b")),
        (["find", "--x", "script"], "find", "", ("script",)),
        (["-h"], "", "", ()),
        (["run", "script", "--x", "a"], "run", "script", ("a",)),
        (["run", "@in.json"], "run", "", ()),
    ],
)
def test_the_first_two_words_are_action_and_kind(
    words: list[str], action: str, kind: str, artifacts: tuple[str, ...]
) -> None:
    got = parse(words, read_file)
    assert (got.action, got.kind, got.artifacts) == (action, kind, artifacts)


def test_the_example_of_the_specification() -> None:
    words = [
        "print-input", "automation", "art1", "art2", "--flag1=value1", "--flag2", "--x.y.z=3", "--l,=a,b,c",
        "--no-cache-", "--k=x=y", "--", "something", "--q", "1",
    ]  # fmt: skip
    assert to_input(parse(words)) == {
        "action": "print-input", "automation": "automation", "artifact": "art1", "artifacts": ["art2"],
        "flag1": "value1", "flag2": True, "x": {"y": {"z": "3"}}, "l": ["a", "b", "c"], "no_cache": False,
        "k": "x=y", "unparsed_cmd": ["something", "--q", "1"], "cmd": words[2:],
    }  # fmt: skip


def test_an_empty_rest_is_still_a_rest() -> None:
    assert to_input(parse(["run", "script", "--"]))["unparsed_cmd"] == []
    assert "unparsed_cmd" not in to_input(parse(["run", "script"]))


def test_artifact_given_as_flag_comes_before_plain_words() -> None:
    got = to_input(parse(["find", "demo", "b", "--artifact=a"]))
    assert (got["artifact"], got["artifacts"]) == ("a", ["b"])


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        (["--a=1", "--a.b=2"], ["--a=1", "--a.b=2"]),
        (["--a.b=1", "--a.b.c=2"], ["--a.b=1", "--a.b.c=2"]),
        (["@in.json", "--k.z=2"], ["@in.json", "--k.z=2"]),
        (["--"[:1]], ["-"]),
        (["--=v"], ["--=v"]),
        (["--a..b=1"], ["--a..b=1"]),
        (["--.a=1"], ["--.a=1"]),
        (["--k,"], ["--k,=a,b"]),
        (["@in.txt"], ["in.txt", ".json"]),
        (["@list.json"], ["list.json", "a list", "mapping"]),
    ],
)
def test_a_wrong_word_is_named(words: list[str], texts: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        parse(["run", "script", *words], read_file)
    for text in texts:
        assert text in str(caught.value)
    assert caught.value.status == 1


def test_an_absent_file_has_the_status_of_the_reader() -> None:
    with pytest.raises(NotFound) as caught:
        parse(["run", "script", "@nosuch.json"], read_file)
    assert caught.value.status == 16


names = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=6)
inner = st.text(string.ascii_letters + "_+ -é", min_size=1, max_size=6).filter(
    lambda t: t == t.strip() and not t.endswith("-")
)
texts = st.text(max_size=12).filter(lambda t: t == t.strip())
items = st.lists(st.text(max_size=5).filter(lambda t: "," not in t and t == t.strip()), max_size=4).filter(
    lambda v: v != [""]
)
leaves = st.one_of(texts, st.booleans(), items)
trees = st.dictionaries(
    names,
    leaves | st.dictionaries(inner, leaves | st.dictionaries(inner, leaves, min_size=1), min_size=1),
    max_size=4,
)
rests = st.none() | st.lists(st.text(max_size=6), max_size=3)
words = st.text(min_size=1, max_size=8).filter(lambda t: t[0] not in "-@")


@given(words, words, st.lists(words, max_size=3), trees, rests)
def test_what_is_made_comes_back_from_its_words(
    action: str, kind: str, artifacts: list[str], options: dict[str, Any], rest: list[str] | None
) -> None:
    made = make(action, kind, artifacts, options, rest)
    assert made.options == options
    assert made.artifacts == tuple(artifacts)
    assert made.rest == (None if rest is None else tuple(rest))
    assert parse(to_argv(made)) == made


@given(st.lists(st.one_of(words, st.text(max_size=10).map("--{}".format), st.just("--")), max_size=6))
def test_any_words_parse_or_are_refused_and_survive_a_round_trip(tail: list[str]) -> None:
    try:
        first = parse(["run", "script", *tail])
        again = parse(to_argv(first))
    except UsageError:
        return
    assert (first.artifacts, first.options, first.rest) == (again.artifacts, again.options, again.rest)


@pytest.mark.parametrize(
    "options",
    [
        {"k": 1},
        {"k": None},
        {"k": {}},
        {"k": " v"},
        {"k": ["a,b"]},
        {"k": [""]},
        {"k": [1]},
        {"k-": "v"},
        {"a=b": "v"},
    ],
)
def test_what_flags_cannot_say_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        to_argv(Invocation(action="run", kind="script", options=options))
    assert next(iter(options)) in str(caught.value)


# ---- the newer language -------------------------------------------------------------------------


def test_new_letters_details_and_tags() -> None:
    got = parse(["run", "script", "detect,os", "-js", "--a-b=1", "--env.K,=x,y"], grammar=MLC)
    assert got.options == {"j": True, "s": True, "a_b": "1", "env": {"K": ["x", "y"]}}
    assert to_new_input(got)["tags"] == to_new_input(got)["details"] == "detect,os"


def test_new_uid_is_details_only() -> None:
    made = to_new_input(parse(["run", "script", "863735b7db8c44fc"], grammar=MLC))
    assert made["details"] == "863735b7db8c44fc"
    assert "tags" not in made


def test_new_positionals_may_follow_flags_and_at_is_no_file() -> None:
    got = parse(["run", "--quiet", "script", "@in.json"], read_file, grammar=MLC)
    assert (got.action, got.kind, got.artifacts, got.files) == ("run", "script", ("@in.json",), ())


def test_new_input_file_lies_under_the_flags() -> None:
    got = parse(["run", "script", "--mlc_input_file=in.json", "--k=mine"], read_file, grammar=MLC)
    assert (got.options["k"], got.options["n"]) == ("mine", 2)


# ---- CMX ----------------------------------------------------------------------------------------


def test_cmx_control_input_and_bare_pairs() -> None:
    got = parse(["run", "script", "x", "-j", "-log=info", "--a-b=1", "c.d=2", "@ctl.json"], read_file, grammar=CMX)
    assert got.control == {"j": True, "log": "info"}
    assert got.options == {"a-b": "1", "c": {"d": "2"}, "k": "v"}
    assert got.artifacts == ("x",)


def test_cmx_three_dashes_are_refused() -> None:
    with pytest.raises(UsageError, match="three"):
        parse(["run", "script", "---x"], grammar=CMX)


@pytest.mark.parametrize(
    ("artifacts", "tags", "expected"),
    [
        (["get python3"], "", ("get,python3", ())),
        (["get  python3 _x"], "a", ("a,get,python3,_x", ())),
        ([".", "_a _b"], "", ("_a,_b", (".",))),
        ([".", "_a,_b"], "x", ("x,_a,_b", (".",))),
        (["detect-os"], "", ("", ("detect-os",))),
        (["detect-os,863735b7db8c44fc"], "", ("", ("detect-os,863735b7db8c44fc",))),
    ],
)
def test_words_with_blanks_are_tags(artifacts: list[str], tags: str, expected: tuple[str, tuple[str, ...]]) -> None:
    assert words_to_tags(artifacts, tags) == expected


def test_reading_a_file_must_be_provided() -> None:
    with pytest.raises(UsageError, match="cannot be read here"):
        argv.parse(["run", "script", "@in.json"])
