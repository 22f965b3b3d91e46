"""However a tree is broken, the checker ends with a verdict, and what it accepts differs in nothing that counts."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from franca.errors import MalformedFile
from franca.mlperf.logs.detail import DetailLog, _block_decoder, _decode_each, read_detail
from franca.mlperf.submission.checker import check_tree
from franca.mlperf.submission.output import to_csv, to_json, to_text
from franca.mlperf.submission.page import to_html
from tests.unit.submission.submission_trees import (
    DATA,
    REBELLIONS,
    RUN,
    SINGLE,
    SYSTEM,
    check,
    copy,
    replace,
    set_fields,
)

TREES = {
    "closed": ("v3.0", (REBELLIONS,)),
    "power": ("v3.0-power", ()),
    "digits": ("digits-v6.1", ()),
}


@pytest.fixture(scope="module", params=sorted(TREES))
def pristine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name, only = TREES[request.param]
    return copy(name, tmp_path_factory.mktemp(request.param) / "tree", only)


def files_of(tree: Path) -> list[Path]:
    return sorted(path for path in tree.rglob("*") if path.is_file())


OPERATIONS = ("delete", "empty", "cut", "flip", "insert", "double", "swap", "link", "directory", "rename")


def damage(tree: Path, data: st.DataObject) -> None:
    """One random operation on one random file."""
    files = files_of(tree)
    path = data.draw(st.sampled_from(files))
    operation = data.draw(st.sampled_from(OPERATIONS))
    raw = path.read_bytes()
    at = data.draw(st.integers(0, max(0, len(raw) - 1)))
    if operation == "swap":
        other = data.draw(st.sampled_from(files))
        path.write_bytes(other.read_bytes())
        other.write_bytes(raw)
        return
    if operation == "rename":
        path.rename(path.with_name(data.draw(st.sampled_from(["a b", ".x", "accuracy.txt", "é\u202e", "spl.txt"]))))
        return
    content = {
        "empty": b"",
        "cut": raw[:at],
        "flip": raw[:at] + bytes([data.draw(st.integers(0, 255))]) + raw[at + 1 :],
        "insert": raw[:at] + data.draw(st.binary(min_size=1, max_size=40)) + raw[at:],
        "double": raw + raw,
    }.get(operation)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    elif operation == "link":
        path.symlink_to(os.path.relpath(files[0], path.parent))
    elif operation == "directory":
        path.mkdir()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_ends_in_a_verdict_and_every_report_of_it(pristine: Path, data: st.DataObject) -> None:
    tree = pristine.with_name("broken")
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(pristine, tree)
    for _ in range(data.draw(st.integers(1, 3))):
        damage(tree, data)
    verdict = check_tree(str(tree))
    for finding in verdict.findings:
        assert finding.path and finding.message and finding.remedy
        assert len(finding.line()) < 2000
    for report in (to_text, to_csv, to_json, to_html):
        report(verdict).encode("utf-8")
    assert verdict.ok == (not any(f.severity == "error" for f in verdict.findings) and bool(verdict.records))


BITS = sorted((DATA / "digits-v6.1").rglob("run_1/mlperf_log_detail.txt"))


def read_with_standard_library(path: Path, monkeypatch: pytest.MonkeyPatch) -> DetailLog:
    with monkeypatch.context() as patch:
        patch.setattr("franca.mlperf.logs.detail._block_decoder", lambda: _decode_each)
        return read_detail(str(path))


@pytest.mark.parametrize("path", sorted(DATA.rglob("mlperf_log_detail.txt")), ids=lambda p: "/".join(p.parts[-6:-1]))
def test_both_decoders_read_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _block_decoder() is not _decode_each
    fast, plain = read_detail(str(path)), read_with_standard_library(path, monkeypatch)
    assert vars(fast) == vars(plain)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_both_decoders_agree_on_damaged_logs(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    raw = bytearray(BITS[0].read_bytes()[:8000])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        piece = data.draw(
            st.one_of(st.binary(max_size=4), st.sampled_from([b"}\n:::MLLOG {", b'"', b"[", b"}, {", b"NaN"]))
        )
        raw[at : at + data.draw(st.integers(0, 10))] = piece
    path = tmp_path_factory.getbasetemp() / "both.txt"
    path.write_bytes(raw)
    outcomes = []
    for read in (lambda: read_detail(str(path)), lambda: read_with_standard_library(path, monkeypatch)):
        try:
            outcomes.append(str(vars(read())))
        except MalformedFile as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


def test_two_broken_lines_do_not_pass_for_two_whole_ones(tmp_path: Path) -> None:
    lines = ['{"key": "a", "value": 1}, {"key": "b", "value": [{}', "{}]}"]
    (tmp_path / "log").write_text("".join(f":::MLLOG {line}\n" for line in lines))
    with pytest.raises(MalformedFile, match="not JSON"):
        read_detail(str(tmp_path / "log"))


def test_deep_and_wide_trees_are_bounded(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    deep = tree / REBELLIONS / "code"
    for _ in range(40):
        deep = deep / "d"
        deep.mkdir()
    verdict = check(tree)
    assert any(f.rule == "F1" and "nested deeper" in f.message for f in verdict.findings)


def test_half_characters_and_foreign_bytes_reach_every_report_as_escapes(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    set_fields(tree / SYSTEM, system_name="half \ud800 here", hw_notes="\udcff")
    replace(tree / SINGLE / RUN, '"sut_name", "value": "', '"sut_name", "value": "\\ud83d ')
    for place in ("results", "compliance", "measurements"):
        home = os.fsencode(tree / REBELLIONS / place)
        os.rename(home + b"/ATOM", home + b"/AT\xffOM")
    os.rename(os.fsencode(tree / SYSTEM), os.fsencode(tree / REBELLIONS) + b"/systems/AT\xffOM.json")
    verdict = check(tree)
    assert len(verdict.records) + len(verdict.rejected) == 3
    for report in (to_text, to_csv, to_json, to_html):
        report(verdict).encode("utf-8")
    assert "AT\\udcffOM" in to_text(verdict)
