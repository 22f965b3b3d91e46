"""Accuracy logs: whole, truncated for submission, pretty-printed, and broken."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from franca.errors import MalformedFile
from franca.mlperf.logs.accuracy import AccuracyEntry, first_per_sample, read_accuracy

DATA = Path(__file__).resolve().parents[2] / "data" / "mlperf"
DIGITS = DATA / "digits-v6.1/open/Franca/results/digits-host/digits-cnn/Offline/accuracy/mlperf_log_accuracy.json"
REAL = sorted(DATA.rglob("accuracy/mlperf_log_accuracy.json"))
ENTRIES = [AccuracyEntry(i, (i * 7) % 300, struct.pack("<f", i % 10)) for i in range(300)]


def render(entries: list[AccuracyEntry], style: str = "loadgen") -> str:
    records = [{"seq_id": e.seq_id, "qsl_idx": e.qsl_idx, "data": e.data.hex().upper()} for e in entries]
    if style == "pretty":
        return json.dumps(records, indent=2, sort_keys=True)
    if style == "compact":
        return json.dumps(records, separators=(",", ":"))
    lines = [
        f'{{ "seq_id" : {e.seq_id}, "qsl_idx" : {e.qsl_idx}, "data" : "{e.data.hex().upper()}" }}' for e in entries
    ]
    return "[\n" + ",\n".join(lines) + ("\n" if lines else "") + "]\n"


def truncated(text: str) -> str:
    return text[:4096] + "\n\n...\n\n" + text[-4096:]


@pytest.mark.parametrize("style", ["loadgen", "pretty", "compact"])
def test_reads_each_way_of_writing_the_list(tmp_path: Path, style: str) -> None:
    (tmp_path / "a").write_text(render(ENTRIES, style))
    assert list(read_accuracy(str(tmp_path / "a"))) == ENTRIES


def test_payload_bytes_keep_memory_order(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('[\n{ "seq_id" : 0, "qsl_idx" : 5, "data" : "0000803F" }\n]\n')
    (entry,) = read_accuracy(str(tmp_path / "a"))
    assert struct.unpack("<f", entry.data) == (1.0,)


def test_token_count_is_kept(tmp_path: Path) -> None:
    line = '{ "seq_id" : 0, "qsl_idx" : 5, "data" : "", "token_data" : "AA", "token_count" : 9 }'
    (tmp_path / "a").write_text(f"[\n{line}\n]")
    assert next(read_accuracy(str(tmp_path / "a"))).token_count == 9


@pytest.mark.parametrize("text", ["[\n]\n", "[]", "[ ]\n\n"])
def test_empty_list_has_no_entries(tmp_path: Path, text: str) -> None:
    (tmp_path / "a").write_text(text)
    assert list(read_accuracy(str(tmp_path / "a"))) == []


@pytest.mark.parametrize("path", REAL, ids=lambda p: "/".join(p.parts[-6:-1]))
def test_real_truncated_log_is_refused_for_scoring_and_readable_in_part(path: Path) -> None:
    with pytest.raises(MalformedFile, match="truncated copy"):
        list(read_accuracy(str(path)))
    whole_lines = [line for line in path.read_text().splitlines() if line.startswith("{ ") and "}" in line]
    assert len(list(read_accuracy(str(path), partial=True))) == len(whole_lines)


@pytest.mark.parametrize("style", ["loadgen", "pretty"])
def test_truncated_copy_gives_its_whole_entries(tmp_path: Path, style: str) -> None:
    text = render(ENTRIES, style)
    (tmp_path / "a").write_text(truncated(text))
    found = list(read_accuracy(str(tmp_path / "a"), partial=True))
    assert 50 < len(found) < 300
    assert found == [e for e in ENTRIES if e in set(found)]


def test_repeats_keep_the_first(tmp_path: Path) -> None:
    entries = [AccuracyEntry(0, 3, b"\x01"), AccuracyEntry(1, 3, b"\x02"), AccuracyEntry(2, 4, b"\x03")]
    assert list(first_per_sample(entries)) == [entries[0], entries[2]]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 0, "does not end"),
        ("[\n", 1, "does not end"),
        ('{ "seq_id" : 0 }', 1, "does not start"),
        ('[\n{ "seq_id" : 0, "qsl_idx" : 5, "data" : "0" }\n]', 2, "cannot be read"),
        ('[\n{ "seq_id" : 0, "qsl_idx" : 5, "data" : "zz" }\n]', 2, "cannot be read"),
        ('[\n{ "seq_id" : "0", "qsl_idx" : 5, "data" : "00" }\n]', 2, "whole numbers"),
        ('[\n{ "seq_id" : 0, "data" : "00" }\n]', 2, "qsl_idx"),
        ("[\n7\n]", 2, "cannot be read"),
        ("[\n]\n]", 3, "behind the end"),
        ("[\n]\nhello", 3, "behind the end"),
        ('[\n{ "seq_id" : 0, "qsl_idx" : 5, "da', 2, "does not end"),
        ("[\n" + '{"a":' * 50_000 + "}\n]", 2, "cannot be read"),
    ],
)
def test_broken_log_is_refused_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    (tmp_path / "a").write_text(text)
    with pytest.raises(MalformedFile, match=says) as caught:
        list(read_accuracy(str(tmp_path / "a")))
    assert caught.value.where is not None and caught.value.where.line == line


def test_partial_reading_still_refuses_a_bad_entry_without_a_cut(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(render(ENTRIES).replace('"qsl_idx" : 14,', '"qsl_idx" ; 14,'))
    with pytest.raises(MalformedFile, match="cannot be read"):
        list(read_accuracy(str(tmp_path / "a"), partial=True))


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 8000), st.binary(max_size=6), st.booleans(), st.integers(0, 200))
def test_mutated_log_is_read_or_refused_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, at: int, new: bytes, partial: bool, length: int
) -> None:
    raw = DIGITS.read_bytes()
    path = tmp_path_factory.getbasetemp() / "mutated_accuracy.json"
    path.write_bytes(raw[:at] + new + raw[at + length :])
    try:
        entries = list(read_accuracy(str(path), partial=partial))
    except MalformedFile as error:
        assert error.where is not None and error.where.path == str(path)
    else:
        assert len(entries) <= 142
