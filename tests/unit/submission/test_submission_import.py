"""Rows for the results store: types, derived columns, names of experiments, repeated imports."""

from __future__ import annotations

import pytest

from franca.mlperf.submission.importing import (
    experiment_name,
    import_records,
    merge_rows,
    tags_of,
    task_of,
    typed,
)
from tests.unit.submission.submission_trees import DATA, check

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
    record = next(r for r in check(DATA / "v3.0").records if r.division == "network")
    name = experiment_name(record, "v3.0")
    assert name == "mlperf-inference--v3.0--datacenter--closed-network--language-processing--offline"
    assert tags_of(name)[:3] == ("mlperf", "mlperf-inference", "v3.0")


@pytest.mark.parametrize(
    ("model", "task"),
    [("resnet", "image-classification"), ("3d-unet-99.9", "image-segmentation"), ("dlrm-v2-99", "recommendation"),
     ("stable-diffusion-xl", "text-to-image"), ("gptj-99", "language-processing"), ("something", "something")],
)  # fmt: skip
def test_tasks(model: str, task: str) -> None:
    assert task_of(model) == task


def test_importing_again_replaces_equal_rows_keeps_uids_and_others() -> None:
    old = [{"a": 1, "b": 2, "note": "mine", "uid": "x"}, {"a": 3, "uid": "y"}]
    new = [{"a": 1, "b": 2, "uid": "z"}, {"a": 4, "uid": "w"}]
    assert merge_rows(old, new) == [{"a": 1, "b": 2, "uid": "x"}, {"a": 3, "uid": "y"}, {"a": 4, "uid": "w"}]
    rows = [i.row for i in import_records(check(DATA / "v3.0").records)]
    assert merge_rows(rows, rows) == rows
