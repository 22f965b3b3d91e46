"""Truncation, repairs, comparison and packing of trees."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tarfile
from pathlib import Path

import pytest

from franca.errors import AlreadyExists, FrancaError, Refused, UsageError
from franca.mlperf.submission import truncate as truncate_module
from franca.mlperf.submission.checker import Options
from franca.mlperf.submission.compare import compare_trees
from franca.mlperf.submission.documents import find_hashes
from franca.mlperf.submission.importing import result_of
from franca.mlperf.submission.index import index_tree
from franca.mlperf.submission.pack import pack_tree
from franca.mlperf.submission.repair import apply_repairs, copy_tree, plan_repairs
from franca.mlperf.submission.truncate import plan_truncation, truncate
from franca.results.guard import bars
from tests.unit.submission.submission_trees import (
    DATA,
    OFFLINE,
    REBELLIONS,
    RUN,
    SINGLE,
    SUMMARY,
    SYSTEM,
    TESTS,
    broken_rules,
    check,
    copy,
    replace,
    set_fields,
    set_value,
)

LOG = f"{SINGLE}/accuracy/mlperf_log_accuracy.json"
TEXT = f"{SINGLE}/accuracy/accuracy.txt"
TEST_LOG = f"{TESTS}/Offline/TEST01/accuracy/mlperf_log_accuracy.json"


def whole_log(entries: int = 3000) -> str:
    lines = [f'{{ "seq_id" : {n}, "qsl_idx" : {n}, "data" : "0000803F" }}' for n in range(entries)]
    return "[\n" + ",\n".join(lines) + "\n]\n"


@pytest.fixture
def untruncated(tmp_path: Path) -> Path:
    """A tree as a run leaves it: whole logs, no digests."""
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    for log in (LOG, TEST_LOG):
        (tree / log).write_text(whole_log())
        (tree / log).with_name("accuracy.txt").write_text("accuracy=76.000%, good=38000, total=50000\n")
    return tree


def do_all(tree: Path, backup: str = "") -> int:
    plan = plan_truncation(str(tree), index_tree(str(tree)))
    for item in plan:
        truncate(str(tree), item, backup)
    return len(plan)


def contents(tree: Path) -> dict[str, bytes]:
    return {str(p.relative_to(tree)): p.read_bytes() for p in sorted(tree.rglob("*")) if p.is_file()}


def test_truncation_keeps_both_ends_and_records_the_digest_of_the_whole(untruncated: Path) -> None:
    assert broken_rules(check(untruncated)) == {"A3", "C5", "B3"}
    whole = (untruncated / LOG).read_bytes()
    assert do_all(untruncated) == 2
    assert (untruncated / LOG).read_bytes() == whole[:4096] + b"\n\n...\n\n" + whole[-4096:]
    assert find_hashes((untruncated / TEXT).read_text()) == [hashlib.sha256(whole).hexdigest()]
    assert (untruncated / TEXT).read_text().startswith("accuracy=76.000%")
    assert check(untruncated).ok


def test_truncation_twice_changes_nothing_more(untruncated: Path) -> None:
    do_all(untruncated)
    before = contents(untruncated)
    assert do_all(untruncated) == 0
    assert contents(untruncated) == before
    assert plan_truncation(str(DATA / "v3.0"), index_tree(str(DATA / "v3.0"))) == []


@pytest.mark.parametrize("kill_at", [1, 2, 3])
def test_truncation_interrupted_anywhere_can_be_repeated(
    untruncated: Path, monkeypatch: pytest.MonkeyPatch, kill_at: int
) -> None:
    whole = (untruncated / LOG).read_bytes()
    writes = 0
    real = truncate_module.write_atomic

    def failing(path: str, content: bytes) -> None:
        nonlocal writes
        writes += 1
        if writes == kill_at:
            raise KeyboardInterrupt
        real(path, content)

    monkeypatch.setattr(truncate_module, "write_atomic", failing)
    with pytest.raises(KeyboardInterrupt):
        do_all(untruncated)
    monkeypatch.setattr(truncate_module, "write_atomic", real)
    do_all(untruncated)
    assert find_hashes((untruncated / TEXT).read_text()) == [hashlib.sha256(whole).hexdigest()]
    assert check(untruncated).ok


def test_small_log_keeps_its_content_and_gets_its_digest(untruncated: Path) -> None:
    small = whole_log(20)
    (untruncated / LOG).write_text(small)
    do_all(untruncated)
    assert (untruncated / LOG).read_text() == small
    assert find_hashes((untruncated / TEXT).read_text()) == [hashlib.sha256(small.encode()).hexdigest()]
    assert check(untruncated).ok


def test_truncated_log_without_digest_is_never_hashed(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    (tree / TEXT).write_text("accuracy=76.000%, good=38000, total=50000\n")
    assert do_all(tree) == 0
    assert find_hashes((tree / TEXT).read_text()) == []


def test_backup_keeps_whole_logs_and_is_not_overwritten(untruncated: Path, tmp_path: Path) -> None:
    whole = (untruncated / LOG).read_bytes()
    backup = tmp_path / "backup"
    do_all(untruncated, str(backup))
    assert (backup / LOG).read_bytes() == whole
    (untruncated / LOG).write_bytes(whole + b"\n")
    with pytest.raises(Refused, match="exists"):
        do_all(untruncated, str(backup))


def test_logs_of_other_tests_stay(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    place = tree / TESTS / "Offline/TEST04/accuracy"
    place.mkdir()
    (place / "mlperf_log_accuracy.json").write_text(whole_log())
    (place / "accuracy.txt").write_text("")
    assert do_all(tree) == 0


def test_repairs_are_planned_shown_and_made(untruncated: Path) -> None:
    set_fields(untruncated / SYSTEM, division="open", submitter="nobody", hw_notes=None)
    code = untruncated / REBELLIONS / "code/resnet50"
    (code / "__pycache__").mkdir()
    (code / "__pycache__/a.pyc").write_text("x")
    (code / "deep/er").mkdir(parents=True)
    (code / "deep/.DS_Store").write_text("x")
    before = contents(untruncated)
    plan = plan_repairs(str(untruncated))
    assert contents(untruncated) == before
    assert {repair.rule for repair in plan} == {"A3", "C5", "S2", "S5", "F1"}
    assert all(repair.path in repair.line() and repair.rule in repair.line() for repair in plan)
    apply_repairs(str(untruncated), plan)
    assert check(untruncated).ok
    assert plan_repairs(str(untruncated)) == []
    assert not (code / "deep").exists() and (code / "README.md").exists()


def test_repairs_of_one_rule_only(untruncated: Path) -> None:
    plan = plan_repairs(str(untruncated), ("C5",))
    assert [repair.path for repair in plan] == [os.path.dirname(TEST_LOG)]
    with pytest.raises(UsageError, match="P3"):
        plan_repairs(str(untruncated), ("P3",))


def test_repairs_touch_no_results_and_follow_no_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep.pyc").write_text("x")
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    (tree / REBELLIONS / "code/link").symlink_to(outside)
    set_value(tree / SINGLE / RUN, "result_validity", "INVALID")
    apply_repairs(str(tree), plan_repairs(str(tree)))
    assert (outside / "keep.pyc").exists()
    assert broken_rules(check(tree)) == {"P3", "P22", "F1", "B3"}


def test_copy_of_a_tree_leaves_special_files_out_and_never_overwrites(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    os.mkfifo(tree / REBELLIONS / "pipe")
    copy_tree(str(tree), str(tmp_path / "copy"))
    assert contents(tmp_path / "copy") == contents(tree)
    assert not any(stat.S_ISFIFO(p.lstat().st_mode) for p in (tmp_path / "copy").rglob("*"))
    with pytest.raises(AlreadyExists):
        copy_tree(str(tree), str(tmp_path / "copy"))


def test_same_trees_do_not_differ() -> None:
    verdict = check(DATA / "v3.0")
    assert compare_trees(verdict, verdict).empty


def test_comparison_names_results_findings_and_files(tmp_path: Path) -> None:
    old = copy("v3.0", tmp_path / "old", (REBELLIONS,))
    new = copy("v3.0", tmp_path / "new", (REBELLIONS,))
    set_value(new / OFFLINE / RUN, "result_samples_per_second", 7250.87)
    replace(new / OFFLINE / SUMMARY, "7245.87", "7250.87")
    (new / REBELLIONS / "code/new file").touch()
    replace(new / REBELLIONS / "code/resnet50/README.md", "a", "b")
    shutil.rmtree(new / SINGLE)
    difference = compare_trees(check(old), check(new))
    results = {change.path: change for change in difference.results}
    assert results[OFFLINE].kind == "changed"
    assert results[OFFLINE].ratio == pytest.approx(7250.87 / 7245.87)
    assert "better" in results[OFFLINE].detail
    assert results[SINGLE].kind == "removed"
    files = {change.path: change.kind for change in difference.files}
    assert files[f"{REBELLIONS}/code/new file"] == "added"
    assert files[f"{REBELLIONS}/code/resnet50/README.md"] == "changed"
    assert files[f"{SINGLE}/{RUN}"] == "removed"
    assert any(change.what == "finding" and "F1" in change.path for change in difference.findings)
    assert all(change.line() for change in difference.results)


def test_lower_latency_is_better(tmp_path: Path) -> None:
    old = copy("v3.0", tmp_path / "old", (REBELLIONS,))
    new = copy("v3.0", tmp_path / "new", (REBELLIONS,))
    set_value(new / SINGLE / RUN, "early_stopping_latency_ss", 240000)
    (change,) = compare_trees(check(old), check(new)).results
    assert change.ratio == pytest.approx(238835 / 240000)
    assert "worse" in change.detail


def test_results_that_cannot_be_compared_say_why() -> None:
    records = check(DATA / "v3.0").records
    by_name = {(r.organization, r.scenario): result_of(r) for r in records}
    one = by_name["rebellions", "Offline"]
    assert bars(one, one) == []
    told = " ".join(bars(one, by_name["cTuning", "Offline"]))
    assert "category is edge and datacenter" in told and "availability" in told
    assert "benchmark is resnet and bert-99.9" in " ".join(bars(one, by_name["Deci", "Offline"]))
    later = check(DATA / "digits-v6.1", skip=("dataset-size-check",)).records[1]
    assert "qsl_rng_seed is " in " ".join(bars(one, result_of(later)))


def test_archive_holds_the_truncated_tree_and_leaves_the_tree_alone(untruncated: Path, tmp_path: Path) -> None:
    before = contents(untruncated)
    packed = pack_tree(str(untruncated), str(tmp_path / "out/closed.tar.gz"))
    assert contents(untruncated) == before
    assert packed.truncated == 2 and packed.verdict.ok
    assert packed.sha256 == hashlib.sha256((tmp_path / "out/closed.tar.gz").read_bytes()).hexdigest()
    with tarfile.open(packed.path) as archive:
        names = archive.getnames()
        assert all(name.startswith("closed/closed/") or name == "closed/closed" for name in names)
        assert {(m.uid, m.gid, m.uname, m.mtime) for m in archive.getmembers()} == {(0, 0, "", 0)}
        archive.extractall(tmp_path / "unpacked", filter="data")
    assert check(tmp_path / "unpacked/closed").ok
    assert len(contents(tmp_path / "unpacked/closed")) == packed.files == len(before)


def test_archive_depends_on_content_only(tmp_path: Path) -> None:
    one = copy("v3.0", tmp_path / "one", (REBELLIONS,))
    two = copy("v3.0", tmp_path / "two", (REBELLIONS,))
    os.utime(two / SYSTEM, (1, 1))
    packed = [pack_tree(str(t), str(tmp_path / str(n) / "a.tar.gz")).sha256 for n, t in enumerate((one, two))]
    assert packed[0] == packed[1]


def test_refused_tree_and_existing_archive_are_not_packed_without_force(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    set_value(tree / SINGLE / RUN, "result_validity", "INVALID")
    output = tmp_path / "a.tar.gz"
    with pytest.raises(Refused, match="P22"):
        pack_tree(str(tree), str(output))
    assert not output.exists()
    assert not pack_tree(str(tree), str(output), check=False).verdict.ok
    with pytest.raises(AlreadyExists):
        pack_tree(str(tree), str(output), check=False)
    pack_tree(str(tree), str(output), Options(round="v3.0"), force=True, check=False)


def test_archive_has_no_links_and_no_git(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    (tree / ".git").mkdir()
    (tree / ".git/config").write_text("x")
    (tree / REBELLIONS / "code/link").symlink_to("/etc/passwd")
    packed = pack_tree(str(tree), str(tmp_path / "a.tar.gz"), check=False)
    with tarfile.open(packed.path) as archive:
        assert all(member.isfile() or member.isdir() for member in archive.getmembers())
        assert not any(".git" in name.split("/") for name in archive.getnames())


def test_output_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FrancaError, match="cannot be written"):
        pack_tree(str(DATA / "v3.0"), str(tmp_path / "file" / "a.tar.gz"))
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_short_runs_are_not_packed_for_the_closed_division(tmp_path: Path) -> None:
    output = tmp_path / "closed.tar.gz"
    with pytest.raises(Refused, match="short runs are no submission to the closed division"):
        pack_tree(str(DATA / "v3.0"), str(output), Options(short=True))
    assert not output.exists()
    tree = copy("v3.0", tmp_path / "tree", ("open/Deci",))
    assert pack_tree(str(tree), str(tmp_path / "open.tar.gz"), Options(short=True)).verdict.ok
