"""Reading detail logs: real ones in full, broken ones with one clear error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from franca.errors import MalformedFile
from franca.mlperf.logs import detail as detail_module
from franca.mlperf.logs.detail import read_detail

DATA = Path(__file__).resolve().parents[2] / "data" / "mlperf"
REAL = sorted(DATA.rglob("mlperf_log_detail.txt"))
STREAM = DATA / "digits-v6.1/open/Franca/results/digits-host/digits-cnn/SingleStream/performance/run_1"


def entry(key: str, value: object, **meta: bool) -> str:
    metadata = {"is_error": False, "is_warning": False, **meta}
    return ":::MLLOG " + json.dumps({"key": key, "value": value, "time_ms": 1.5, "metadata": metadata})


def write(tmp_path: Path, *lines: str | bytes) -> str:
    path = tmp_path / "mlperf_log_detail.txt"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\n")
    return str(path)


@pytest.mark.parametrize("path", REAL, ids=lambda p: "/".join(p.parts[-6:-1]))
def test_reads_every_real_log_without_findings(path: Path) -> None:
    log = read_detail(str(path))
    assert log.text("loadgen_version")
    assert log.integer("effective_qsl_rng_seed") > 0
    assert not log.errors
    assert not log.duplicates
    # the number of warnings by another way
    assert log.warning_count == path.read_text("utf-8").count('"is_warning": true')
    assert log.foreign_lines == 0


def test_values_of_a_real_log() -> None:
    log = read_detail(str(STREAM / "mlperf_log_detail.txt"))
    assert log.integer("early_stopping_latency_ss") == 25865390
    assert log.integer("result_query_count") == 90403
    assert log.integer("effective_qsl_rng_seed") == 2085463073848966840
    assert log.text("result_validity") == "VALID"
    assert log.flag("early_stopping_met") is True


def test_accepts_both_marks_and_skips_foreign_lines(tmp_path: Path) -> None:
    first, second = entry("a", 1), entry("b", 2).replace(":::MLLOG {", ":::MLLOG{")
    log = read_detail(write(tmp_path, "warming up", first, "", "[info] hello", second))
    assert (log.integer("a"), log.integer("b"), log.foreign_lines) == (1, 2, 2)


def test_first_value_wins_and_repeated_results_are_reported(tmp_path: Path) -> None:
    lines = [entry("loaded_qsl_set", [1]), entry("loaded_qsl_set", [2]), entry("result_validity", "VALID")]
    log = read_detail(write(tmp_path, *lines, entry("result_validity", "INVALID"), entry("effective_x", 1)))
    assert log.get("loaded_qsl_set") == [1]
    assert log.text("result_validity") == "VALID"
    assert [(e.key, e.value, e.line) for e in log.duplicates] == [("result_validity", "INVALID", 4)]


def test_errors_of_a_dirty_build_are_allowed_others_are_fatal(tmp_path: Path) -> None:
    dirty = entry("error_x", "Loadgen built with uncommitted changes!", is_error=True)
    real = entry("error_runtime", "Ending early: Ran out of generated queries", is_error=True)
    log = read_detail(write(tmp_path, dirty, real))
    assert log.error_count == 2
    assert [e.line for e in log.fatal_errors()] == [2]
    assert len(log.fatal_errors(allow=())) == 2


def test_audited_run_is_recognised() -> None:
    base = DATA / "v3.0/closed/rebellions"
    run = "ATOM/resnet50/Offline/{}performance/run_1/mlperf_log_detail.txt"
    assert read_detail(str(base / "compliance" / run.format("TEST01/"))).audited()
    assert not read_detail(str(base / "results" / run.format(""))).audited()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (':::MLLOG {"key": "a", "value": ', "not JSON"),
        (":::MLLOG", "not JSON"),
        (':::MLLOG {"key": "a", "value": nan}', "not JSON"),
        (":::MLLOG " + "[" * 100_000, "not JSON"),
        (":::MLLOG [1]", "lacks a proper"),
        (':::MLLOG {"key": 3, "value": 1}', "lacks a proper"),
        (':::MLLOG {"key": "a"}', "lacks a proper"),
        (':::MLLOG {"key": "a", "value": 1, "metadata": 7}', "lacks a proper"),
        (':::MLLOG {"key": "a", "value": 1, "metadata": {"is_error": "no"}}', "lacks a proper"),
        (b':::MLLOG {"key": "a\xff"}', "not UTF-8"),
        (b"foreign \xc3\x28", "not UTF-8"),
    ],
)
def test_malformed_line_is_named_with_file_line_and_text(tmp_path: Path, line: str | bytes, says: str) -> None:
    path = write(tmp_path, entry("ok", 1), line)
    with pytest.raises(MalformedFile) as caught:
        read_detail(path)
    assert says in caught.value.message
    assert caught.value.where is not None
    assert (caught.value.where.path, caught.value.where.line) == (path, 2)
    assert len(str(caught.value)) < 600 + len(path)


def test_malformed_text_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(MalformedFile, match="a strange line"):
        read_detail(write(tmp_path, ":::MLLOG a strange line"))


@pytest.mark.parametrize(
    ("access", "value"),
    [
        ("integer", 1.5), ("integer", True), ("integer", "7"), ("integer", float("inf")), ("integer", None),
        ("number", False), ("number", "1"), ("flag", 1), ("flag", "true"), ("text", 3), ("text", None),
    ],
)  # fmt: skip
def test_wrong_type_names_key_line_and_expectation(tmp_path: Path, access: str, value: object) -> None:
    log = read_detail(write(tmp_path, "noise", entry("k", value)))
    with pytest.raises(MalformedFile, match=r":2 \(key 'k'\): k is .* expected"):
        getattr(log, access)("k")


def test_whole_numbers_may_be_printed_as_floats(tmp_path: Path) -> None:
    assert read_detail(write(tmp_path, ':::MLLOG {"key": "k", "value": 1e+06}')).integer("k") == 1_000_000


def test_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(MalformedFile, match="no entry 'result_validity'"):
        read_detail(write(tmp_path, entry("a", 1))).text("result_validity")


def test_gigabyte_line_costs_one_error_and_no_gigabyte(tmp_path: Path) -> None:
    path = write(tmp_path, entry("a", 1))
    with open(path, "ab") as stream:
        stream.truncate(3 * 1024**3)  # sparse: zeros without a line end
    with pytest.raises(MalformedFile, match="longer than"):
        read_detail(path)


def test_too_many_keys_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detail_module, "MAX_KEYS", 10)
    with pytest.raises(MalformedFile, match="different keys"):
        read_detail(write(tmp_path, *(entry(f"k{i}", i) for i in range(11))))


@pytest.mark.parametrize("make", ["missing", "directory", "unreadable"])
def test_unreadable_file_is_a_clear_error(tmp_path: Path, make: str) -> None:
    path = tmp_path / "log"
    if make == "directory":
        path.mkdir()
    if make == "unreadable":
        path.write_text("x")
        path.chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("this user reads everything")
    with pytest.raises(MalformedFile, match="cannot be read"):
        read_detail(str(path))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_mutated_real_log_is_read_or_refused_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    raw = bytearray((STREAM / "mlperf_log_detail.txt").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw) - 1))
        end = min(len(raw), start + data.draw(st.integers(0, 3000)))
        raw[start:end] = data.draw(st.binary(max_size=8))
        if not raw:
            raw = bytearray(b"x")
    path = tmp_path_factory.getbasetemp() / "mutated_detail.txt"
    path.write_bytes(raw)
    try:
        log = read_detail(str(path))
    except MalformedFile as error:
        assert error.where is not None and error.where.path == str(path)
    else:
        assert all(e.key == key for key, e in log.first.items())


def test_readers_need_only_the_standard_library() -> None:
    code = (
        "import sys\nfor name in ('msgspec', 'yaml', 'filelock', 'rich'): sys.modules[name] = None\n"
        "import franca.mlperf.logs.detail, franca.mlperf.logs.summary, franca.mlperf.logs.accuracy\n"
        "import franca.mlperf.logs.statistics\nprint('fine')"
    )
    src = str(DATA.parents[2] / "src")
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={**os.environ, "PYTHONPATH": src},
        capture_output=True,
        text=True,
    )
    assert (done.stdout.strip(), done.returncode) == ("fine", 0), done.stderr
