"""The system description of a tree: who says a field, what power runs add, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from franca.errors import MalformedFile, UsageError
from franca.mlperf.submission.build import build_tree
from franca.mlperf.submission.build_system import Submitter, describe_system
from franca.mlperf.submission.fields import POWER
from tests.unit.submission.built_results import FACTS, build_options, system_of, write_results
from tests.unit.submission.submission_trees import broken_rules, check

WHO = Submitter("Acme", "open", "edge", "box")


def described(facts: dict[str, str], software: dict[str, str] | None = None, **given: str) -> dict[str, str]:
    marked = {name: {"value": value, "source": "detected"} for name, value in facts.items()}
    return describe_system(WHO, marked, software or {}, "onnxruntime v1", given).fields


def write_hardware(results: Path, **fields: object) -> None:
    (results / "hardware").mkdir(parents=True)
    (results / "hardware" / "box.json").write_text(json.dumps(fields), "utf-8")


def test_each_source_of_a_field_gives_way_to_the_next(tmp_path) -> None:
    """Detected, then the file of the machine, then the file beside the logs, then the user's own."""
    run = write_results(tmp_path / "r")
    fields = ("host_processor_model_name", "host_storage_capacity", "cooling", "host_networking")
    write_hardware(tmp_path / "r", **dict.fromkeys(fields[1:], "hardware"))
    (run / "system_meta.json").write_text(json.dumps(dict.fromkeys(fields[2:], "meta")), "utf-8")
    build_tree(build_options(tmp_path / "r", tmp_path / "t", system={fields[3]: "input"}), lambda line: None)
    found = system_of(tmp_path / "t")
    assert [found[name] for name in fields] == ["A CPU", "hardware", "meta", "input"]
    told = next((tmp_path / "t").glob("**/system-fields.md")).read_text("utf-8")
    assert "- host_processor_model_name: detected" in told and "- host_storage_capacity: user" in told
    assert "- accelerator_model_name: default" in told


def test_detection_fills_only_the_empty_fields_of_a_hand_written_file(tmp_path) -> None:
    write_results(tmp_path / "r")
    write_hardware(
        tmp_path / "r", host_processor_model_name="", host_storage_capacity="2 TB", colour="red", cooling=" "
    )
    said: list[str] = []
    build_tree(build_options(tmp_path / "r", tmp_path / "t"), said.append)
    found = system_of(tmp_path / "t")
    assert (found["host_processor_model_name"], found["host_storage_capacity"]) == ("A CPU", "2 TB")
    assert found["cooling"] == "air" and "colour" not in found
    assert any("colour is no field" in line for line in said)


def test_a_hand_written_file_beside_the_folder_of_results_counts_too(tmp_path) -> None:
    write_results(tmp_path / "here" / "r")
    write_hardware(tmp_path / "here", cooling="water")
    build_tree(build_options(tmp_path / "here" / "r", tmp_path / "t"), lambda line: None)
    assert system_of(tmp_path / "t")["cooling"] == "water"
    write_hardware(tmp_path / "here" / "r", cooling="oil")
    build_tree(build_options(tmp_path / "here" / "r", tmp_path / "t"), lambda line: None)
    assert system_of(tmp_path / "t")["cooling"] == "oil"


def test_a_hand_written_file_that_is_none_is_refused(tmp_path) -> None:
    write_results(tmp_path / "r")
    write_hardware(tmp_path / "r", cooling=["water"])
    with pytest.raises(MalformedFile, match="cooling: expected a text"):
        build_tree(build_options(tmp_path / "r", tmp_path / "t"), lambda line: None)


def test_the_name_of_a_machine_does_not_lead_out_of_its_folder(tmp_path) -> None:
    run = write_results(tmp_path / "r")
    (tmp_path / "r" / "hardware").mkdir()
    (tmp_path / "r" / "secret.json").write_text('{"cooling": "secret"}', "utf-8")
    info = run.parents[3] / "cm-sut-info.json"
    info.write_text('{"hardware_name": "../secret"}', "utf-8")
    build_tree(build_options(tmp_path / "r", tmp_path / "t"), lambda line: None)
    assert system_of(tmp_path / "t")["cooling"] == "air"


@pytest.mark.parametrize("division", ["closed", "network"])
def test_what_nobody_knows_is_refused_by_the_strict_divisions(tmp_path, division) -> None:
    facts = {**FACTS, "host_memory_configuration": {"value": "undefined", "source": "default"}}
    write_results(tmp_path / "r", record={"system": facts})
    with pytest.raises(UsageError, match="needs a value for host_memory_configuration") as caught:
        build_tree(build_options(tmp_path / "r", tmp_path / "t", division=division), lambda line: None)
    assert "hardware/box.json" in caught.value.hint


@pytest.mark.parametrize(("division", "broken"), [("open", False), ("closed", True), ("network", True)])
def test_the_checker_takes_undefined_for_no_value(tmp_path, division, broken) -> None:
    write_results(tmp_path / "r")
    build_tree(build_options(tmp_path / "r", tmp_path / "t", division=division), lambda line: None)
    assert "S3" not in broken_rules(check(tmp_path / "t", round="v5.0"))
    (path,) = (tmp_path / "t").glob("*/Acme/systems/*.json")
    fields = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**fields, "host_memory_configuration": "Undefined"}), "utf-8")
    assert ("S3" in broken_rules(check(tmp_path / "t", round="v5.0"))) is broken


@pytest.mark.parametrize("round_name", ["v3.1", "v4.1", "v5.0", "v6.1"])
def test_a_power_run_brings_the_fields_of_power(tmp_path, round_name) -> None:
    power = {"filesystem": {"value": "xfs", "source": "detected"}, "disk_drives": {"value": "2 x 1 TB", "source": "x"}}
    run = write_results(tmp_path / "r", record={"system": {**FACTS, **power}})
    options = {"round": round_name, "system": {"power_supply_details": "one of 500 W"}}
    build_tree(build_options(tmp_path / "r", tmp_path / "plain", **options), lambda line: None)
    (run.parent / "power").mkdir()
    (run.parent / "power" / "server.json").write_text("{}", "utf-8")
    build_tree(build_options(tmp_path / "r", tmp_path / "powered", **options), lambda line: None)
    fields = system_of(tmp_path / "powered")
    assert {name: fields[name] for name in ("filesystem", "disk_drives", "other_hardware", "power_supply_details")} == {
        "filesystem": "xfs", "disk_drives": "2 x 1 TB", "other_hardware": "N/A", "power_supply_details": "one of 500 W",
    }  # fmt: skip
    found = check(tmp_path / "powered", round=round_name).findings
    assert not [finding for finding in found if finding.rule == "S7"]
    assert {finding.rule for finding in found} & {"W1", "W2"}  # it is judged as a run with power
    plain = system_of(tmp_path / "plain")
    assert set(POWER) & set(plain) == {"power_supply_details"}  # what the user writes stays


def test_the_software_has_the_form_of_the_official_descriptions() -> None:
    software = {"python": "3.11.2", "numpy": "2.1", "onnxruntime": "1.31"}
    assert described({}, software)["other_software_stack"] == "Python: 3.11.2, numpy-2.1, onnxruntime-1.31"
    facts = {"compiler": "gcc-12.2.0", "cuda": "12.8", "docker": "28.2.2"}
    start = "Python: 3.11.2, gcc-12.2.0, CUDA 12.8 Docker version: 28.2.2"
    assert described(facts, software)["other_software_stack"] == f"{start}, numpy-2.1, onnxruntime-1.31"
    assert described({})["other_software_stack"] == "N/A"


def test_an_accelerator_is_described_and_what_has_no_field_becomes_a_note() -> None:
    facts = {
        "accelerators_per_node": "2",
        "accelerator_model_name": "GPU 1",
        "accelerator_driver": "570.1",
        "turbo": "off",
    }
    found = described({**facts, "governor": "undefined"})
    assert (found["accelerators_per_node"], found["accelerator_model_name"]) == ("2", "GPU 1")
    assert found["accelerator_frequency"] == "N/A"
    assert found["hw_notes"] == "turbo: off; accelerator_driver: 570.1"
