"""What a tree's READMEs say, what is left out of a tree and told, and what is refused for being incomplete."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from franca.errors import MalformedFile
from franca.mlperf.submission.build import build_tree
from franca.mlperf.submission.build_checklist import Kind, checklist
from tests.unit.submission.built_results import FACTS, MODEL, SUT, build_options, write_results

RECORD: dict[str, Any] = {
    "command": "cmr 'run mlperf inference' --scenario=Offline --output=/home/me/r --model=resnet50",
    "model_sha256": "ab" * 32,
    "dataset": "ImageNet 2012 validation",
    "dataset_sha256": "cd" * 32,
    "system": {**FACTS, "operating_system": {"value": "Example OS 7", "source": "detected"}},
    "ingredients": [
        {"name": "LoadGen", "version": "6.0.17", "tags": "get,mlperf,inference,loadgen"},
        {"name": "Model", "version": "fp32", "tags": "get,ml-model,resnet50"},
        {"name": "Data set", "version": "", "tags": "get,preprocessed,dataset,imagenet"},
    ],
    "scenarios": [
        {
            "scenario": "Offline",
            "performance": {"title": "Samples per second", "value": 1234.5, "unit": "samples/s", "valid": True,
                            "errors": []},
            "accuracy": {"line": "accuracy=76.456%, good=38228, total=50000"},
        }
    ],
}  # fmt: skip
REQUEST = {"weights": {"origin": "fetched by a recipe from https://zenodo.org/record/4735647/files/resnet50_v1.onnx"}}


@pytest.fixture
def readme(tmp_path) -> dict[str, list[str]]:
    """The README of a scenario: lines by heading."""
    run = write_results(tmp_path / "r", record=RECORD)
    (run / "request.json").write_text(json.dumps(REQUEST), "utf-8")
    build_tree(build_options(tmp_path / "r", tmp_path / "t", division="closed"), lambda line: None)
    (path,) = (tmp_path / "t").glob("closed/Acme/measurements/*/resnet50/Offline/README.md")
    found: dict[str, list[str]] = {"": []}
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("#"):
            found[line.lstrip("# ")] = []
        else:
            found[list(found)[-1]].append(line)
    return found


def test_it_tells_the_result_lines(readme) -> None:
    assert "- Samples per second: 1234.5 samples/s (VALID)" in readme["Result"]
    assert "- accuracy: `accuracy=76.456%, good=38228, total=50000`" in readme["Result"]


def test_it_tells_each_step_that_makes_the_result_again(readme) -> None:
    steps = readme["Make it again"]
    wanted = [
        "pip install 'franca[inference]'",
        'franca run script "get ml-model resnet50"',
        'franca run script "get preprocessed dataset imagenet"',
        "cmr 'run mlperf inference' --scenario=Offline --model=resnet50",
    ]
    assert [line for line in steps if line in wanted] == wanted
    assert not any("/home/me" in line for line in steps)


def test_it_tells_the_environment_and_the_versions(readme) -> None:
    assert "- Operating system: Example OS 7" in readme["Environment"]
    assert "- Python: 3.11.2" in readme["Environment"]
    assert "- LoadGen: 6.0.17 (`get,mlperf,inference,loadgen`)" in readme["Versions"]


def test_it_tells_where_the_weights_come_from_with_their_checksum(readme) -> None:
    lines = readme["Model and data"]
    assert "- Weights: resnet50_v1.onnx" in lines
    assert f"- Where they come from: {REQUEST['weights']['origin']}" in lines
    assert f"- SHA-256 of the weights: {'ab' * 32}" in lines
    assert f"- SHA-256 of the data set: {'cd' * 32}" in lines


def test_it_tells_how_to_verify(readme) -> None:
    assert "franca submission check SUBMISSION" in readme["Verify"]
    assert any("SHA-256 stands in `accuracy.txt`" in line for line in readme["Verify"])


def test_the_submitter_signs_what_no_checker_sees(readme) -> None:
    lines = [line for line in readme["Declared by the submitter"] if line]
    assert lines == [f"- [ ] {rule}" for rule in checklist(Kind("closed", "edge"))]


def test_results_of_other_tools_have_what_is_known_of_them(tmp_path) -> None:
    write_results(tmp_path / "r")
    (tmp_path / "r/valid_results" / SUT / MODEL / "results.json").unlink()
    build_tree(build_options(tmp_path / "r", tmp_path / "t"), lambda line: None)
    text = next((tmp_path / "t").glob("**/Offline/README.md")).read_text("utf-8")
    assert "# the command was not recorded" in text and "- Weights: resnet50_v1.onnx" in text
    assert "SHA-256 of the weights" not in text and "## Versions" not in text


SUBJECTS = {  # a word of each rule of section 12.4, and of whom it is asked
    "unmodified": {"open", "closed", "network"},
    "Weights and topology": {"closed", "network"},
    "published list": {"closed", "network"},
    "distilled": {"closed", "network"},
    "does not depend on the sample": {"closed", "network"},
    "cached": {"open", "closed", "network"},
    "test set": {"open", "closed", "network"},
    "pre-processing": {"open", "closed", "network"},
    "same system, software": {"open", "closed", "network"},
    "bought or downloaded": {"open", "closed", "network"},
    "log was edited": {"open", "closed", "network"},
}


@pytest.mark.parametrize("division", ["open", "closed", "network"])
def test_each_division_signs_its_rules(division) -> None:
    text = "\n".join(checklist(Kind(division, "edge")))
    assert {words for words in SUBJECTS if words in text} == {w for w, whom in SUBJECTS.items() if division in whom}
    assert ("load node" in text) is (division == "network")


@pytest.mark.parametrize(("category", "asked"), [("edge", False), ("datacenter", True), ("datacenter,edge", True)])
def test_datacenter_systems_sign_for_memory_and_network(category, asked) -> None:
    text = "\n".join(checklist(Kind("open", category)))
    assert ("(ECC)" in text) is asked and ("networking" in text) is asked


def test_the_runs_that_were_made_and_the_status_decide_too() -> None:
    plain = checklist(Kind("closed", "edge"))
    full = checklist(Kind("closed", "edge", "preview", compliance=True, power=True))
    assert "Performance and accuracy runs used the same system, software and model file." in plain
    assert "Performance, accuracy, compliance and power runs used the same system, software and model file." in full
    assert not any("bought" in rule for rule in full)


@pytest.mark.parametrize("name", ["user.conf", "measurements.json"])
def test_a_run_without_its_settings_is_refused_and_the_file_named(tmp_path, name) -> None:
    run = write_results(tmp_path / "r")
    (run / name).unlink()
    with pytest.raises(MalformedFile, match=f"{name} of this run is missing") as caught:
        build_tree(build_options(tmp_path / "r", tmp_path / "t"), lambda line: None)
    assert caught.value.where.path == str(run / name) and not (tmp_path / "t").exists()


@pytest.mark.parametrize("alone", [False, True])
def test_scenarios_without_performance_logs_are_left_out_and_named(tmp_path, alone) -> None:
    write_results(tmp_path / "r")
    other = write_results(tmp_path / "r2", scenario="singlestream", model="bert-99" if alone else MODEL)
    place = Path(other).parents[1]
    target = tmp_path / "r/valid_results" / SUT / place.parent.name / place.name
    target.parent.mkdir(exist_ok=True)
    place.rename(target)
    (target / "performance/run_1/mlperf_log_detail.txt").unlink()
    said: list[str] = []
    built = build_tree(build_options(tmp_path / "r", tmp_path / "t"), said.append)
    assert [Path(result).name for result in built.results] == ["Offline"]
    model = "bert-99" if alone else MODEL
    assert f"left out: {SUT}/{model}/singlestream has no performance logs" in said
