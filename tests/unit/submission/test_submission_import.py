"""Rows for the results store: types, derived columns, names of experiments, repeated imports."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from franca.errors import MalformedFile, Refused
from franca.mlperf.submission.checker import Options
from franca.mlperf.submission.importing import import_records, import_source, import_tree, typed
from franca.mlperf.submission.pack import pack_tree
from franca.results.naming import experiment_name, tags_of, task_of
from franca.results.rows import read_rows
from tests.unit.submission.submission_trees import DATA, REBELLIONS, RUN, SINGLE, check, copy, set_value

URL = "https://github.com/mlcommons/inference_results_v3.0"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("True", True), ("False", False), (True, True), ("7", 7), ("-3", -3), ("7.5", 7.5), ("76.000", 76), (8.0, 8),
        ("007", "007"), ("1e5", "1e5"), ("1.2.3", "1.2.3"), ("", ""), ("nan", "nan"), ("inf", "inf"), ("v3.0", "v3.0"),
        ("1_000", "1_000"), ("٣", "٣"),
    ],
)  # fmt: skip
def test_values_get_the_type_that_they_show(value: object, expected: object) -> None:
    found = typed(value)
    assert found == expected and type(found) is type(expected)


def test_rows_carry_links_derived_columns_and_stable_uids() -> None:
    imported = import_records(check(DATA / "v3.0").records, url=URL)
    assert len(imported) == 9
    row = next(i.row for i in imported if i.row["Organization"] == "rebellions" and i.row["Scenario"] == "SingleStream")
    assert row["Result"] == 0.238835
    assert row["Result_Units"] == "Latency (ms)"
    assert row["Accuracy_div_100"] == 0.76
    assert row["url"] == f"{URL}/tree/master/closed/rebellions/results/ATOM/resnet50/SingleStream"
    assert row["samples_per_second_per_accelerator"] == pytest.approx(1000 / 0.238835)
    uids = [i.row["uid"] for i in imported]
    assert len(set(uids)) == 9 and all(len(str(uid)) == 16 for uid in uids)
    assert [i.row["uid"] for i in import_records(check(DATA / "v3.0").records)] == uids


def test_power_run_gives_a_second_row_with_the_power_only() -> None:
    plain, power = import_records(check(DATA / "v3.0-power").records)
    assert plain.row["Result"] == 1.202577 and "Result_Power" not in plain.row
    assert power.row["Result_Power"] == 15.285569636160059 and power.row["Result"] == ""
    assert power.row["Result_Units"] == "millijoules"
    assert plain.experiments == (
        "mlperf-inference--all--edge--closed--image-classification--singlestream",
        "mlperf-inference--v3.0--edge--closed--image-classification--singlestream",
    )
    assert power.experiments[0] == "mlperf-inference--all--edge--closed-power--image-classification--singlestream"


def test_network_division_has_its_own_name() -> None:
    rows = [one.row for one in import_records(check(DATA / "v3.0").records)]
    name = experiment_name(next(row for row in rows if row["Division"] == "network"), "v3.0")
    assert name == "mlperf-inference--v3.0--datacenter--closed-network--language-processing--offline"
    assert tags_of(name)[:3] == ("mlperf", "mlperf-inference", "v3.0")


@pytest.mark.parametrize(
    ("model", "task"),
    [("resnet", "image-classification"), ("3d-unet-99.9", "image-segmentation"), ("dlrm-v2-99", "recommendation"),
     ("stable-diffusion-xl", "text-to-image"), ("gptj-99", "language-processing"), ("something", "something")],
)  # fmt: skip
def test_tasks(model: str, task: str) -> None:
    assert task_of(model) == task


def test_a_record_and_its_rows_agree_with_the_official_summary() -> None:
    rows = [one.row for one in import_records(check(DATA / "v3.0-power").records)]
    (result,) = read_rows(rows).results
    assert result.value == 1.202577 and result.unit == "Latency (ms)"
    assert result.number("power") == 15.285569636160059
    # 20.2 (12): 15.285570 mJ a query, so 1000 / that many samples a joule.
    assert result.number("samples_per_joule") == pytest.approx(65.42118, rel=1e-6)
    assert result.number("samples_per_second") == pytest.approx(1000 / 1.202577)
    assert result.info["settings.effective_qsl_rng_seed"] == 10003631887983097364
    assert result.measured.startswith("2023-")


def test_a_published_tree_is_judged_by_its_own_round_unless_asked(tmp_path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    shutil.rmtree(tree / REBELLIONS / "code")  # the checker of v3.0 let that pass, later ones refuse it
    assert len(import_tree(str(tree), Options()).entries) == 3
    set_value(tree / SINGLE / RUN, "result_validity", "INVALID")
    taken = import_tree(str(tree), Options())
    assert len(taken.entries) == 2
    (line,) = taken.refused()
    assert line.startswith(SINGLE) and "P3" in line


@pytest.mark.parametrize("name", ["closed.tar.gz", "anything.tar.gz"])
def test_a_packed_tree_gives_what_the_tree_gives(tmp_path, name: str) -> None:
    archive = pack_tree(str(DATA / "v3.0-power"), str(tmp_path / name), check=False).path
    packed, plain = (import_source(source, Options()) for source in (archive, str(DATA / "v3.0-power")))
    assert [entry.row for entry in packed.entries] == [entry.row for entry in plain.entries]
    assert len(packed.entries) == 2


def test_an_archive_that_leaves_its_folder_is_refused(tmp_path) -> None:
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../outside/closed"))
    with pytest.raises(Refused):
        import_source(str(tmp_path / "evil.tar.gz"), Options())
    (tmp_path / "no.tar.gz").write_bytes(b"no archive")
    with pytest.raises(MalformedFile):
        import_source(str(tmp_path / "no.tar.gz"), Options())


def test_the_rate_of_multistream_follows_the_samples_of_its_queries(tmp_path: Path) -> None:
    tree = copy("digits-v6.1", tmp_path / "tree")
    place = "open/Franca/results/digits-host/digits-cnn/MultiStream/performance/run_1/mlperf_log_detail.txt"
    set_value(tree / place, "effective_samples_per_query", 4)
    records = check(tree, skip=("dataset-size-check",)).records
    (record,) = [one for one in records if one.scenario == "MultiStream"]
    assert record.derived.samples_per_second == pytest.approx(1000 * 4 / 119.038223)
    (result,) = read_rows(one.row for one in import_records([record])).results
    assert result.number("samples_per_second") == record.derived.samples_per_second


def test_what_a_measurement_tells_besides_comes_with_the_result(tmp_path: Path) -> None:
    tree = copy("digits-v6.1", tmp_path / "tree")
    place = tree / "open/Franca/results/digits-host/digits-cnn/Offline/measurements.json"
    more = {"max_batchsize": 32, "harness_ratio": 0.93, "unknown": "x"}
    place.write_text(json.dumps({**json.loads(place.read_text("utf-8")), **more}), "utf-8")
    records = check(tree, skip=("dataset-size-check",)).records
    results = {one.scenario: one for one in read_rows(one.row for one in import_records(records)).results}
    assert results["Offline"].number("harness_ratio") == 0.93
    assert results["Offline"].info["measurements.max_batchsize"] == "32"
    assert "measurements.unknown" not in results["Offline"].info
    assert results["MultiStream"].number("harness_ratio") is None
