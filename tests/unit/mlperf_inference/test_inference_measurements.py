"""measurements.json says what the weights are: from the file, from the model's workload, from the user."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.errors import MalformedFile
from franca.mlperf.inference.measurements import measured, read_measurements
from franca.mlperf.inference.models import model_named
from franca.mlperf.inference.onnxread import read_types
from franca.mlperf.inference.onnxwrite import Node, Port, Tensor, model
from franca.mlperf.inference.spec import Part, RunSpec, Weights
from franca.mlperf.inference.wishes import read_wishes
from franca.mlperf.inference.workloads import MODELS, workload_of

INT8, INT32, INT64, FLOAT = 3, 6, 7, 1
PUBLISHED = Weights("no", "fp32", "fp32", "fetched by a recipe")


def onnx_file(folder: Path, *tensors: Tensor, extra: bytes = b"") -> str:
    nodes = [Node("Gemm", ["input", "w"], ["out"])]
    path = folder / "model.onnx"
    path.write_bytes(model(nodes, tensors, Port("input", ["N", 4]), Port("out", ["N", 2])) + extra)
    return str(path)


def spec(model_file: str, **changes: object) -> RunSpec:
    part = Part("onnxruntime")
    given = RunSpec(
        benchmark="b", model="m", model_file=model_file, dataset_name="d", backend=part, dataset=part, metric=part,
        output="/nowhere", interpreter="python", weights=PUBLISHED,
    )  # fmt: skip
    return msgspec.structs.replace(given, **changes)


FLOATS = Tensor("w", [4, 2], bytes(32), FLOAT)
WHOLE = (Tensor("w", [4, 2], bytes(8), INT8), Tensor("b", [2], bytes(8), INT32), Tensor("s", [2], bytes(8), FLOAT))
SHAPE = Tensor("shape", [2], bytes(16), INT64)


@pytest.mark.parametrize(
    ("tensors", "types"), [((FLOATS, SHAPE), ("fp32",)), (WHOLE, ("int8",)), ((SHAPE,), ("int64",)), ((), ())]
)
def test_an_onnx_file_tells_the_types_of_its_inputs_and_weights(tmp_path, tensors, types) -> None:
    found = read_types(onnx_file(tmp_path, *tensors))
    assert found is not None and (found.inputs, found.weights) == (("fp32",), types)


def test_weights_that_are_listed_as_inputs_or_stand_in_nodes_are_weights(tmp_path) -> None:
    """As older exporters write them: initialisers among the graph's inputs, tensors in nodes named Constant."""
    listed = port(b"w", INT8)
    constant = field(4, b"Constant") + field(5, field(1, b"value") + field(5, tensor(b"c", INT8, 2)))
    graph = field(11, port(b"x", FLOAT)) + field(11, listed) + field(5, tensor(b"w", INT8, 2)) + field(1, constant)
    (tmp_path / "old.onnx").write_bytes(field(7, graph))
    found = read_types(str(tmp_path / "old.onnx"))
    assert found is not None and (found.inputs, found.weights) == (("fp32",), ("int8",))


def field(number: int, payload: bytes) -> bytes:
    assert len(payload) < 128
    return bytes([number << 3 | 2, len(payload)]) + payload


def tensor(name: bytes, kind: int, axes: int) -> bytes:
    """A tensor with its axes in one packed field."""
    return field(1, bytes([2] * axes)) + bytes([2 << 3, kind]) + field(8, name)


def port(name: bytes, kind: int) -> bytes:
    return field(1, name) + field(2, field(1, bytes([1 << 3, kind])))


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail(tmp_path_factory, data) -> None:
    path = tmp_path_factory.mktemp("bytes") / "x.onnx"
    path.write_bytes(data)
    found = read_types(str(path))
    assert found is None or found.inputs is not None
    whole = onnx_file(path.parent, FLOATS)
    Path(whole).write_bytes(Path(whole).read_bytes()[: len(data)])
    read_types(whole)


def test_a_folder_and_a_missing_file_are_no_onnx_files(tmp_path) -> None:
    assert read_types(str(tmp_path)) is None and read_types(str(tmp_path / "none")) is None


def test_published_weights_are_not_retrained_and_stay_as_they_are(tmp_path) -> None:
    assert measured(spec(onnx_file(tmp_path, FLOATS))) == {
        "input_data_types": "fp32",
        "retraining": "no",
        "starting_weights_filename": "model.onnx",
        "weight_data_types": "fp32",
        "weight_transformations": "none",
    }


def test_a_quantised_file_is_told_with_what_it_was_made_from(tmp_path) -> None:
    found = measured(spec(onnx_file(tmp_path, *WHOLE)))
    assert (found["weight_data_types"], found["weight_transformations"]) == ("int8", "fp32 to int8")


def test_a_backend_that_turns_weights_into_another_type_says_so(tmp_path) -> None:
    causal = {"model_file": str(tmp_path), "weights": Weights("no", "bf16", "int64")}
    usual = measured(spec(backend=Part("pytorch-causal"), **causal))
    assert (usual["weight_data_types"], usual["weight_transformations"]) == ("fp32", "bf16 to fp32")
    half = measured(spec(backend=Part("pytorch-causal", {"dtype": "bfloat16"}), **causal))
    assert (half["weight_data_types"], half["weight_transformations"]) == ("bf16", "none")
    assert half["input_data_types"] == "int64"


def test_what_nobody_knows_is_called_unknown_and_the_user_may_say_it(tmp_path) -> None:
    (tmp_path / "model.pt").write_bytes(b"PK weights")
    plain = spec(str(tmp_path / "model.pt"), weights=Weights())
    found = measured(plain)
    assert [found[k] for k in ("input_data_types", "retraining", "weight_data_types")] == ["unknown"] * 3
    told = measured(msgspec.structs.replace(plain, measurements={"retraining": "no"}))
    assert told == {**found, "retraining": "no"}


@pytest.mark.parametrize("name", MODELS)
def test_only_models_that_are_trained_here_count_as_retrained(name) -> None:
    model = model_named(name)
    found = workload_of(model).weights(model, {"CM_ML_MODEL": "m", "CM_ML_MODEL_URL": "https://host/file?key=secret"})
    trained = name.startswith(("digits", "counting"))
    expected = "yes" if trained else "" if name == "efficientnet" else "no"
    assert found.retraining == expected
    assert found.origin == ("trained by a recipe" if trained else "fetched by a recipe from https://host/file")


def test_weights_that_no_recipe_brought_are_the_users(tmp_path) -> None:
    model = model_named("resnet50")
    assert workload_of(model).weights(model, {}).origin == "given by the user"


@pytest.mark.parametrize(
    ("text", "words"),
    [('{"colour": "red"}', "colour is no field"), ('{"retraining": 1}', "retraining: expected a text"),
     ('{"retraining": " "}', "expected a text"), ("[]", "expected an object"), ("{", "JSON")],
)  # fmt: skip
def test_a_wrong_file_of_measurements_is_refused_before_anything_runs(tmp_path, text, words) -> None:
    path = tmp_path / "m.json"
    path.write_text(text, "utf-8")
    with pytest.raises(MalformedFile, match=words):
        read_wishes({"CM_MLPERF_MEASUREMENTS_FILE": str(path)})


def test_the_users_fields_reach_the_wishes(tmp_path) -> None:
    path = tmp_path / "m.json"
    path.write_text('{"weight_transformations": "calibrated with 500 pictures"}', "utf-8")
    assert read_wishes({"CM_MLPERF_MEASUREMENTS_FILE": str(path)}).measurements == read_measurements(str(path))
    assert read_measurements(str(path)) == {"weight_transformations": "calibrated with 500 pictures"}
