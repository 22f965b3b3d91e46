"""Weights in a tree: what the calibration document says of them, and what the strict divisions refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from franca.errors import MalformedFile, NotFound, UsageError
from franca.mlperf.submission.build import build_tree
from franca.mlperf.submission.build_weights import Weights
from tests.unit.submission.built_results import build_options, write_results


def silent(text: str) -> None:
    pass


def document(target: Path) -> str:
    (path,) = target.glob("*/Acme/calibration.md")
    return path.read_text("utf-8")


def test_weights_as_published_were_not_quantised(tmp_path) -> None:
    write_results(tmp_path / "r")
    build_tree(build_options(tmp_path / "r", tmp_path / "tree", division="closed"), silent)
    text = document(tmp_path / "tree")
    assert "No weights were quantised: the models run in the types of their own files." in text
    assert "resnet50/offline | fp32 | none |" in text


def test_a_smaller_type_without_calibration_is_told(tmp_path) -> None:
    write_results(tmp_path / "r", stated={"weight_data_types": "bf16", "weight_transformations": "fp32 to bf16"})
    build_tree(build_options(tmp_path / "r", tmp_path / "tree", division="closed"), silent)
    text = document(tmp_path / "tree")
    assert "resnet50/offline | bf16 | fp32 to bf16 |" in text and "their own files" not in text


@pytest.mark.parametrize("division", ["closed", "network"])
def test_quantised_weights_need_the_users_document(tmp_path, division) -> None:
    write_results(tmp_path / "r", stated={"weight_data_types": "fp32, INT8", "weight_transformations": "fp32 to int8"})
    options = build_options(tmp_path / "r", tmp_path / "tree", division=division)
    with pytest.raises(UsageError, match="how they were quantised") as caught:
        build_tree(options, silent)
    assert "--calibration_file" in caught.value.hint and not (tmp_path / "tree").exists()
    (tmp_path / "mine.md").write_text("# Calibration\n\n500 pictures of list 1.\n", "utf-8")
    build_tree(build_options(tmp_path / "r", tmp_path / "tree", division=division,
                             calibration=str(tmp_path / "mine.md")), silent)  # fmt: skip
    assert document(tmp_path / "tree") == "# Calibration\n\n500 pictures of list 1.\n"


def test_the_open_division_takes_quantised_weights_as_they_are(tmp_path) -> None:
    write_results(tmp_path / "r", stated={"weight_data_types": "int8"})
    build_tree(build_options(tmp_path / "r", tmp_path / "tree"), silent)
    assert not list((tmp_path / "tree").glob("**/calibration.md"))


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"retraining": "Yes"}, "declares retraining, which the closed division forbids"),
        ({"retraining": "unknown"}, "the closed division needs retraining"),
        ({"weight_data_types": "unknown"}, "the closed division needs weight_data_types"),
    ],
)
def test_a_closed_tree_does_not_state_what_its_division_forbids(tmp_path, stated, words) -> None:
    run = write_results(tmp_path / "r", stated=stated)
    with pytest.raises(UsageError, match=words) as caught:
        build_tree(build_options(tmp_path / "r", tmp_path / "tree", division="closed"), silent)
    assert "--measurements_file" in caught.value.hint and caught.value.where.path == str(run / "measurements.json")
    build_tree(build_options(tmp_path / "r", tmp_path / "tree"), silent)  # the open division may


def test_a_calibration_document_that_is_none_is_refused(tmp_path) -> None:
    write_results(tmp_path / "r")
    (tmp_path / "empty.md").write_text(" \n", "utf-8")
    for path, kind in (("nowhere.md", NotFound), ("empty.md", MalformedFile)):
        options = build_options(tmp_path / "r", tmp_path / "tree", calibration=str(tmp_path / path))
        with pytest.raises(kind, match="--calibration_file"):
            build_tree(options, silent)


@pytest.mark.parametrize(
    ("types", "quantised"),
    [
        ("fp32", False), ("bf16", False), ("FP16, fp32", False), ("int16", False), ("float32", False), ("int64", False),
        ("int8", True), ("INT8", True), ("fp32/int4", True), ("uint8", True), ("fp8", True), ("nvfp4", True),
        ("float8_e4m3", True), ("nf4", True),
    ],
)  # fmt: skip
def test_which_types_count_as_quantised(types, quantised) -> None:
    assert Weights("s/m/offline", "f", types, "", "no").quantised is quantised
