"""user.conf: what LoadGen would silently misread is refused with its place (mlperf-inference 2.1-2.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.errors import MalformedFile
from franca.mlperf.inference.config import (
    KEYS,
    Entry,
    format_config,
    lookup,
    number_text,
    own_entries,
    parse_config,
    read_config,
)
from franca.mlperf.inference.scenarios import Scenario


def test_reads_entries_comments_and_blank_lines() -> None:
    text = "# targets\n\n*.Server.target_qps = 12.5\n  resnet50.Offline.min_query_count = 24576  \r\n"
    assert parse_config(text, "user.conf") == [
        Entry("*", "Server", "target_qps", "12.5", 3),
        Entry("resnet50", "Offline", "min_query_count", "24576", 4),
    ]


BAD = [
    ("*.Server.target_qps=1", 1, 20, "blanks are needed"),
    ("*.Server.target_qps= 1", 1, 20, "blanks are needed"),
    ("*.Server.target_qps = 1 # fast", 1, 23, "own line"),
    ("*.Server.target_qps = 1e3", 1, 23, "not a decimal number"),
    ("*.Server.target_qps = -3", 1, 23, "not a decimal number"),
    ("*.Server.target_qps = ", 1, 21, "value is missing"),
    ("*.Server.target_qps =", 1, 21, "value is missing"),
    ("*.Server.min_query_count = 2.7", 1, 28, "not a whole number"),
    ("*.Server.target_latency_percentile = 200", 1, 38, "no percentile"),
    ("*.*.target_latency_percentile = 0", 1, 33, "no percentile"),
    ("*.Server.min_duration = ٣", 1, 25, "not a whole number"),
    ("*.Server.target_latency = 15.7", 1, 27, "whole milliseconds"),
    ("*.*.target_latency = 15.7", 1, 22, "whole milliseconds"),
    ("*.Server.min_duration = 0600000", 1, 25, "octal"),
    ("*.Server.target_qps = 010.5", 1, 23, "octal"),
    ("*.Server.mode = 4", 1, 17, "not 0, 1, 2 or 3"),
    ("*.Server.coalesce_queries = true", 1, 29, "not 0 or 1"),
    ("*.Server.min_query_count = 99999999999999999999", 1, 28, "64 bits"),
    ("*.Server.target_qsp = 1", 1, 1, "closest: target_qps"),
    ("*.Server.qsl_rng_seed = 1", 1, 1, "mlperf.conf only"),
    ("*.Sever.target_qps = 1", 1, 1, "is no scenario"),
    ("llama3.1-8b.Server.target_qps = 1", 1, 1, "has no dots"),
    ("Server.target_qps = 1", 1, 1, "2 parts"),
    ("target", 1, 1, "expected 'model.scenario.key = value'"),
    ("\n*.*.min_duration = 1\n*.*.min_duration = 2\n", 3, 1, "already set in line 2"),
]


@pytest.mark.parametrize(("text", "line", "column", "words"), BAD, ids=[b[0].strip()[:40] for b in BAD])
def test_refuses_what_loadgen_would_drop_or_misread(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(MalformedFile) as caught:
        parse_config(text, "user.conf")
    assert words in caught.value.message
    assert caught.value.where is not None
    assert (caught.value.where.path, caught.value.where.line) == ("user.conf", line)
    assert caught.value.where.column == column


def test_refuses_files_that_are_no_text(tmp_path) -> None:
    path = tmp_path / "user.conf"
    path.write_bytes(b"# ok\n*.*.min_duration = \xff\n")
    with pytest.raises(MalformedFile, match="not UTF-8") as caught:
        read_config(str(path))
    assert caught.value.where is not None and caught.value.where.line == 2
    path.write_bytes(b"#" * (1 << 21))
    with pytest.raises(MalformedFile, match="larger than"):
        read_config(str(path))
    with pytest.raises(MalformedFile, match="cannot be read"):
        read_config(str(tmp_path / "none.conf"))


def test_lookup_takes_the_most_specific_place() -> None:
    ladder = ["resnet50.Server", "*.Server", "resnet50.*", "*.*"]
    entries = [Entry(*place.split("."), "min_duration", str(k)) for k, place in enumerate(ladder)]
    for k in range(len(ladder)):
        found = lookup(entries[k:], "resnet50", Scenario.SERVER, "min_duration")
        assert found is not None and found.value == str(k)
    assert lookup(entries[:3], "bert", Scenario.OFFLINE, "min_duration") is None
    assert lookup(entries, "resnet50", Scenario.SERVER, "max_duration") is None


def test_entries_under_the_benchmarks_name_are_its_own_and_win() -> None:
    text = "resnet50.*.min_duration = 1\n*.*.min_duration = 2\nresnet50.Offline.target_qps = 100\n*.*.mode = 2\n"
    found = own_entries(parse_config(text, "user.conf"), "resnet50", "user.conf")
    assert {(e.name, e.value) for e in found} == {
        ("*.*.min_duration", "1"),
        ("*.Offline.target_qps", "100"),
        ("*.*.mode", "2"),
    }


def test_entries_of_another_model_are_refused_with_their_line() -> None:
    entries = parse_config("*.*.mode = 2\nbert.Offline.target_qps = 100\n", "user.conf")
    with pytest.raises(MalformedFile, match=r"bert is another model.* resnet50") as caught:
        own_entries(entries, "resnet50", "user.conf")
    assert caught.value.where is not None
    assert (caught.value.where.path, caught.value.where.line) == ("user.conf", 2)


VALUES = {"a whole number": st.integers(0, (1 << 64) - 1).map(str), "0 or 1": st.sampled_from("01")}
VALUES["a decimal number"] = st.decimals(0, 10**9, places=3).map(str)
VALUES["0, 1, 2 or 3"] = st.sampled_from("0123")
PERCENT = st.decimals("0.001", 100, places=3).map(str)
SPECIAL = {"target_latency_percentile": PERCENT, "target_latency": VALUES["a whole number"]}
ENTRIES = st.sampled_from(sorted(KEYS)).flatmap(
    lambda key: st.builds(
        Entry,
        st.sampled_from(["*", "resnet50", "3d-unet", "llama3_1-405b"]),
        st.sampled_from(["*", *(s.value for s in Scenario)]),
        st.just(key),
        SPECIAL.get(key, VALUES[KEYS[key]]),
        st.just(0),
    )
)


@given(st.lists(ENTRIES, unique_by=lambda e: e.name))
def test_writing_and_reading_back_gives_the_same(entries: list[Entry]) -> None:
    read = parse_config(format_config(entries, "made by a test\nin two lines"), "user.conf")
    assert [e._replace(line=0) for e in read] == entries


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        parse_config(text, "user.conf")
    except MalformedFile as error:
        assert error.where is not None and 1 <= error.where.line <= text.count("\n") + 1


@given(st.floats(1e-6, 1e12))
def test_numbers_are_written_without_exponent(value: float) -> None:
    written = number_text(value)
    assert "e" not in written
    assert float(written) == pytest.approx(value, rel=1e-3, abs=1e-9)
