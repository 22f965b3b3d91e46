"""A dashboard's record has the summary row's columns and every input that the official one has (section 17.2)."""

from __future__ import annotations

import json
from pathlib import Path

from franca.mlperf.inference.dashboard import Dashboard, records_of, write_records
from franca.mlperf.inference.finish import read_finish
from franca.mlperf.inference.results import ScenarioResult
from tests.unit.mlperf_inference.test_front_figures import accuracy, performance, result

INPUTS = """
lang device submitter backend model run_style rerun hw_name max_batchsize num_threads scenario test_query_count
run_checker skip_truncation
""".split()  # noqa: SIM905 - a table of words reads better
GIVEN = {
    "CM_MLPERF_DASHBOARD": "yes", "CM_MLPERF_SUBMITTER": "Us", "CM_MLPERF_IMPLEMENTATION": "reference",
    "CM_HW_NAME": "box", "CM_RERUN": "yes", "CM_TEST_QUERY_COUNT": "10", "CM_RUN_SUBMISSION_CHECKER": "no",
    "CM_SKIP_TRUNCATE_ACCURACY": "yes", "CM_MLPERF_SUBMISSION_SYSTEM_STATUS": "preview",
}  # fmt: skip
SETTINGS = {
    "backend": "onnxruntime", "device": "cpu", "max_batchsize": 16, "engine": "python",
    "backend_options": {"threads": 2},
}  # fmt: skip
SYSTEM = {
    "host_processor_model_name": {"value": "A CPU", "source": "detected"},
    "accelerators_per_node": {"value": 0, "source": "default"},
}


def test_a_record_repeats_every_input_and_describes_the_system(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    where = read_finish(GIVEN).dashboard
    assert where is not None
    one = result(
        ScenarioResult("Offline", performance(12.5), accuracy(98.0)),
        settings=SETTINGS, system=SYSTEM, software={"onnxruntime": "1.2"},
    )  # fmt: skip
    (record,) = records_of(one, where)
    assert {name: record[f"cm_misc_input_{name}"] for name in INPUTS} == {
        "lang": "reference", "device": "cpu", "submitter": "Us", "backend": "onnxruntime", "model": "m",
        "run_style": "test", "rerun": "yes", "hw_name": "box", "max_batchsize": 16, "num_threads": 2,
        "scenario": "Offline", "test_query_count": "10", "run_checker": "no", "skip_truncation": "yes",
    }  # fmt: skip
    row = (
        "Organization",
        "Availability",
        "Platform",
        "host_processor_model_name",
        "accelerators_per_node",
        "framework",
    )
    assert [record[name] for name in row] == [
        "Us", "preview", "box-default_config", "A CPU", 0, "onnxruntime v1.2",
    ]  # fmt: skip
    assert (record["performance"], record["accuracy"], record["has_power"]) == (12.5, 0.98, False)


def test_records_are_objects_one_a_line_also_without_any_input(tmp_path: Path) -> None:
    one = result(ScenarioResult("Offline", performance(1.0)), ScenarioResult("Server", None, accuracy(50.0)))
    for _ in range(2):
        path = write_records(records_of(one, Dashboard("e", "p", "Us")), str(tmp_path))
    lines = [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
    assert [line["Scenario"] for line in lines] == ["Offline", "Server"] * 2
    assert all(f"cm_misc_input_{name}" in line for line in lines for name in INPUTS)
