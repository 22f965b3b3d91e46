"""The store on disk: idempotent, nothing lost to concurrent writers or a killed one, upstream's layout."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from franca.errors import MalformedFile, Refused
from franca.results.naming import eras_of
from franca.results.sources import is_summary, read_summary
from franca.results.store import Entry, ResultStore
from tests.unit.results.result_rows import row

SRC = Path(__file__).resolve().parents[3] / "src"


def entry(**changes: object) -> Entry:
    made = row(**changes)
    return Entry(made, eras_of(made))


def content(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_layout_is_that_of_experiments(tmp_path: Path) -> None:
    ResultStore(str(tmp_path)).add([entry()])
    name = "mlperf-inference--v3.0--edge--closed--image-classification--offline"
    meta = json.loads((tmp_path / name / "_cm.json").read_text("utf-8"))
    assert meta["tags"] == ["mlperf", "mlperf-inference", "v3.0", "edge", "closed", "image-classification", "offline"]
    assert (meta["alias"], meta["automation_uid"]) == (name, "a0a2d123ef064bcb")
    (path,) = (tmp_path / name).glob("20*-*-*.*-*-*.*/cm-result.json")
    assert json.loads(path.read_text("utf-8")) == [row()]
    assert (tmp_path / name.replace("v3.0", "all")).is_dir()


def test_the_aggregate_of_all_rounds_is_read_only_where_there_is_nothing_else(tmp_path: Path) -> None:
    store = ResultStore(str(tmp_path))
    store.add([entry()])
    assert store.read().repairs == {}
    for path in tmp_path.glob("*v3.0*"):
        shutil.rmtree(path)
    assert len(store.read().results) == 1


def test_importing_again_changes_nothing_and_new_values_keep_the_uid(tmp_path: Path) -> None:
    store = ResultStore(str(tmp_path))
    assert store.add([entry(), entry(Platform="b")]).added == 2
    before = content(tmp_path)
    assert store.add([entry(), entry(Platform="b")]).same == 2
    assert content(tmp_path) == before
    assert store.add([entry(Result=7.0, uid="feedfeedfeedfeed")]).changed == 1
    results = {result.platform: result for result in store.read().results}
    assert results["box"].value == 7 and results["b"].value == 1000
    rows = json.loads(next(tmp_path.glob("*v3.0*/*/cm-result.json")).read_text("utf-8"))
    assert {one["uid"] for one in rows} == {"0123456789abcdef"}


def test_power_rows_and_results_do_not_replace_each_other(tmp_path: Path) -> None:
    store = ResultStore(str(tmp_path))
    power = row(Result=None, Result_Power=50, Units="Watts")
    names = eras_of(row())
    store.add([Entry(row(), names), Entry(power, names)])
    (result,) = store.read().results
    assert result.value == 1000 and result.number("power") == 50


def _add_many(root: str, writer: int) -> None:
    store = ResultStore(root)
    for number in range(5):
        store.add([entry(Platform=f"w{writer}-{number}"), entry(Platform="shared")])


def test_concurrent_writers_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_add_many, args=(str(tmp_path), n)) for n in range(3)]
    for process in writers:
        process.start()
    for process in writers:
        process.join()
    assert [process.exitcode for process in writers] == [0, 0, 0]
    assert len(ResultStore(str(tmp_path)).read().results) == 16
    assert len(list(tmp_path.glob("*v3.0*/*/cm-result.json"))) == 1


KILLED = """
import os, signal, sys
from franca.results import store
from tests.unit.results.test_result_store import entry
real, left = store.write_bytes_atomic, [int(sys.argv[2])]
def write(path, data):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    real(path, data)
store.write_bytes_atomic = write
store.ResultStore(sys.argv[1]).add([entry(Scenario=s) for s in ("Offline", "Server")])
"""


@pytest.mark.parametrize("writes", [0, 1, 2, 3])
def test_a_killed_import_leaves_a_readable_store_and_is_completed_by_another(tmp_path: Path, writes: int) -> None:
    store = ResultStore(str(tmp_path / "s"))
    store.add([entry(Platform="before")])
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SRC), str(SRC.parent)])}
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "s"), str(writes)], env=environ, timeout=60)
    assert done.returncode == -signal.SIGKILL
    found = {(r.platform, r.scenario) for r in store.read().results}
    assert ("before", "Offline") in found
    store.add([entry(Scenario=s) for s in ("Offline", "Server")])
    found = {(r.platform, r.scenario) for r in store.read().results}
    assert found == {("before", "Offline"), ("box", "Offline"), ("box", "Server")}


@pytest.mark.parametrize("text", ["{", '{"a": 1}', "[1, 2]", "\udcff"])
def test_a_damaged_file_is_named_and_left_as_it_is(tmp_path: Path, text: str) -> None:
    store = ResultStore(str(tmp_path))
    store.add([entry()])
    path = next(tmp_path.glob("*v3.0*/*/cm-result.json"))
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    for action in (store.read, lambda: store.add([entry(Result=2.0)])):
        with pytest.raises(MalformedFile, match="expected a list of results") as caught:
            action()
        assert caught.value.where is not None and caught.value.where.path == str(path)
    assert path.read_bytes() == text.encode("utf-8", "surrogateescape")


def test_names_from_rows_never_leave_the_store(tmp_path: Path) -> None:
    made = row(SystemType="../../x", version="../../../etc", Scenario="a/b")
    ResultStore(str(tmp_path / "s")).add([Entry(made, eras_of(made))])
    assert {p.name for p in tmp_path.iterdir()} == {"s"}
    with pytest.raises(Refused, match="not a name"):
        ResultStore(str(tmp_path / "s")).add([Entry(made, ("../outside",))])


def test_bundles_folders_and_tables_give_the_same_results(tmp_path: Path) -> None:
    rows = [row(), row(Platform="b")]
    bundle = {"experiments": [{"name": "x", "runs": [{"dir": "d", "cm-result.json": rows}, {"cm-result.json": None}]}]}
    (tmp_path / "bundle.json").write_text(json.dumps(bundle), "utf-8")
    (tmp_path / "list.json").write_text(json.dumps(rows), "utf-8")
    (tmp_path / "summary.json").write_text(json.dumps({"0": rows[0], "1": rows[1]}), "utf-8")
    lines = [",".join(row()), *(",".join(str(value) for value in one.values()) for one in rows)]
    (tmp_path / "summary.csv").write_text("\n".join(lines) + "\n", "utf-8")
    ResultStore(str(tmp_path / "folder/experiment")).add([entry(), entry(Platform="b")])
    keys = set()
    for number, name in enumerate(("bundle.json", "list.json", "summary.json", "summary.csv", "folder")):
        assert is_summary(str(tmp_path / name))
        store = ResultStore(str(tmp_path / f"store{number}"))
        store.add(read_summary(str(tmp_path / name)).entries)
        keys.add(tuple(sorted((r.key, r.value) for r in store.read().results)))
    assert len(keys) == 1


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [("a.json", b"[1", "not JSON"), ("a.json", b'"x"', "expected a list of results"),
     ("a.csv", b"a,b\n1,2\n", "not a summary"), ("a.csv", b"\xff\xfe", "not a table"),
     ("a.json.gz", b"no gzip", "cannot be read")],
)  # fmt: skip
def test_files_that_are_no_summary_say_so(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(MalformedFile, match=words):
        read_summary(str(tmp_path / name))


def test_rows_of_other_benchmarks_are_left_out_and_told(tmp_path: Path) -> None:
    training = {"Organization": "Acme", "Task": "speech-recognition", "Result": 32.5, "uid": "edf869b7de914632"}
    (tmp_path / "a.json").write_text(json.dumps([training, row()]), "utf-8")
    summary = read_summary(str(tmp_path / "a.json"))
    assert len(summary.entries) == 1
    assert summary.rejected == ["edf869b7de914632: no scenario: not an inference result"]
