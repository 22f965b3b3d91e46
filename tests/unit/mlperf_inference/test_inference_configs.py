"""Measured targets that are kept from run to run (mlperf-inference sections 7.6, 8.1)."""

from __future__ import annotations

import msgspec
import pytest
import yaml

from franca.errors import MalformedFile
from franca.mlperf.inference.configs import config_path, store, stored_choice
from franca.mlperf.inference.results import Latency
from franca.mlperf.inference.scenarios import Scenario
from franca.mlperf.inference.spec import Part, RunSpec
from tests.unit.mlperf_inference.test_inference_compliance import performance


@pytest.fixture
def spec(tmp_path) -> RunSpec:
    return RunSpec(
        benchmark="b", model="m", model_file="m.onnx", dataset_name="d", backend=Part("onnxruntime"), dataset=Part("x"),
        metric=Part("y"), output=str(tmp_path), interpreter="python", configs=str(tmp_path / "c"), hw_name="box",
        implementation="python",
    )  # fmt: skip


def test_the_file_has_the_documented_place_and_shape(spec, tmp_path) -> None:
    offline = performance(Scenario.OFFLINE, 1234.5)
    stream = msgspec.structs.replace(performance(Scenario.SINGLE_STREAM, 0.3), latency=Latency(1, 250_000.0, 1, {}))
    assert store(spec, Scenario.OFFLINE, offline) == config_path(spec)
    store(spec, Scenario.SINGLE_STREAM, stream)
    place = tmp_path / "c/box/python-implementation/cpu-device/onnxruntime-framework/default-config.yaml"
    content = yaml.safe_load(place.read_text("utf-8"))
    assert content == {"m": {"Offline": {"target_qps": 1234.5}, "SingleStream": {"target_latency": 0.25}}}


def test_targets_of_another_run_config_are_kept_apart(spec) -> None:
    store(spec, Scenario.OFFLINE, performance(Scenario.OFFLINE, 1000.0))
    other = msgspec.structs.replace(spec, run_config="batch_8")
    assert stored_choice(other, Scenario.OFFLINE) is None
    assert store(other, Scenario.OFFLINE, performance(Scenario.OFFLINE, 10.0)).endswith("/batch_8-config.yaml")
    assert stored_choice(spec, Scenario.OFFLINE).value == 1010.0


def test_a_stored_value_comes_back_with_its_tolerance(spec) -> None:
    assert stored_choice(spec, Scenario.OFFLINE) is None
    store(spec, Scenario.OFFLINE, performance(Scenario.OFFLINE, 1000.0))
    assert stored_choice(spec, Scenario.OFFLINE).value == 1010.0
    stream = msgspec.structs.replace(performance(Scenario.MULTI_STREAM, 1.0), latency=Latency(1, 2e6, 1, {}))
    store(spec, Scenario.MULTI_STREAM, stream)
    assert stored_choice(spec, Scenario.MULTI_STREAM).value == 1.8
    server = msgspec.structs.replace(performance(Scenario.SERVER, 490.0), target_qps=500.0)
    store(spec, Scenario.SERVER, server)
    assert stored_choice(spec, Scenario.SERVER).value == 500.0


@pytest.mark.parametrize(
    "text", ["m: {Offline: {target_qps: fast}}", "m: {Offline: 3}", "- 1", "m: {Offline: {target_qps: -1}}"]
)
def test_a_file_that_holds_something_else_is_named(spec, text) -> None:
    store(spec, Scenario.OFFLINE, performance(Scenario.OFFLINE, 1.0))
    with open(config_path(spec), "w", encoding="utf-8") as stream:
        stream.write(text)
    with pytest.raises(MalformedFile, match=r"default-config\.yaml"):
        stored_choice(spec, Scenario.OFFLINE)


def test_without_a_folder_nothing_is_kept(spec) -> None:
    plain = msgspec.structs.replace(spec, configs="")
    assert store(plain, Scenario.OFFLINE, performance(Scenario.OFFLINE, 1.0)) == ""
    assert stored_choice(plain, Scenario.OFFLINE) is None
