"""Tiny ONNX models with a known answer for each task, written with the onnx package."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def save(path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: dict[str, Any]) -> Path:
    import onnx
    from onnx import helper, numpy_helper

    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def port(name: str, kind: str, shape: list[Any]) -> Any:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, getattr(TensorProto, kind), shape)


def bright_box(path: Path, size: int) -> Path:
    """Detection: the box of the brighter half of a picture, left or right, in pixels; label 1 or 2.

    images [1, 3, size, size] -> boxes [1, 4] (xmin, ymin, xmax, ymax), labels [1], scores [1].
    """
    import numpy as np
    from onnx import helper

    half = size // 2
    columns = np.zeros((size, 2), dtype=np.float32)
    columns[:half, 0] = columns[half:, 1] = 1
    nodes = [
        helper.make_node("ReduceSum", ["images", "axes"], ["profile"], keepdims=0),  # [size]
        helper.make_node("MatMul", ["profile", "columns"], ["halves"]),  # [2]
        helper.make_node("ArgMax", ["halves"], ["side"], axis=0, keepdims=1),  # [1]
        helper.make_node("Gather", ["known", "side"], ["boxes"], axis=0),
        helper.make_node("Add", ["side", "one"], ["labels"]),
        helper.make_node("Identity", ["sure"], ["scores"]),
    ]
    known = np.array([[0, 0, half, size], [half, 0, size, size]], dtype=np.float32)
    constants = {"axes": np.array([0, 1, 2]), "columns": columns, "known": known, "one": np.array([1]),
                 "sure": np.array([0.9], dtype=np.float32)}  # fmt: skip
    outputs = [port("boxes", "FLOAT", [1, 4]), port("labels", "INT64", [1]), port("scores", "FLOAT", [1])]
    return save(path, nodes, [port("images", "FLOAT", [1, 3, size, size])], outputs, constants)


def finds_piece(path: Path, first: int, last: int, names: tuple[str, str] = ("start", "end")) -> Path:
    """Question answering: one start where the piece ``first`` is, one end where ``last`` is, in the passage.

    Three int64 inputs [N, S] -> start [N, S], end [N, S], called ``names``.
    """
    import numpy as np
    from onnx import helper

    nodes = []
    for name, piece in zip(names, ("first", "last"), strict=True):
        nodes += [
            helper.make_node("Equal", ["input_ids", piece], [name + "_is"]),
            helper.make_node("Cast", [name + "_is"], [name + "_number"], to=1),
            helper.make_node("Cast", ["segment_ids"], [name + "_second"], to=1),
            helper.make_node("Mul", [name + "_number", name + "_second"], [name + "_there"]),
            helper.make_node("Cast", ["input_mask"], [name + "_mask"], to=1),
            helper.make_node("Mul", [name + "_there", name + "_mask"], [name]),
        ]
    inputs = [port(name, "INT64", ["N", "S"]) for name in ("input_ids", "input_mask", "segment_ids")]
    outputs = [port(name, "FLOAT", ["N", "S"]) for name in names]
    return save(path, nodes, inputs, outputs, {"first": np.array([first]), "last": np.array([last])})


def weighs_clicks(path: Path, weight: float) -> Path:
    """Recommendation: a probability from the second dense feature and the first categorical one.

    dense [rows, 13], sparse_0 [rows, hot] -> probability [rows, 1].
    """
    import numpy as np
    from onnx import helper

    column = np.zeros((13, 1), dtype=np.float32)
    column[1] = weight
    nodes = [
        helper.make_node("MatMul", ["dense", "column"], ["sum"]),
        helper.make_node("Cast", ["sparse_0"], ["numbers"], to=1),
        helper.make_node("ReduceMean", ["numbers"], ["hot"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["sum", "hot"], ["both"]),
        helper.make_node("Sigmoid", ["both"], ["probability"]),
    ]
    inputs = [port("dense", "FLOAT", ["R", 13]), port("sparse_0", "INT32", ["R", "H"])]
    return save(path, nodes, inputs, [port("probability", "FLOAT", ["R", 1])], {"column": column})


def light_or_dark(path: Path, classes: int) -> Path:
    """Classification: class 0 for dark pictures, 1 for light ones; one more output for the background comes first.

    input_tensor:0 [N, 3, 224, 224] -> ArgMax:0 [N], softmax_tensor:0 [N, classes + 1], as the published ResNet-50.
    """
    import numpy as np
    from onnx import helper

    weights = np.zeros((1, classes + 1), dtype=np.float32)
    weights[0, 1], weights[0, 2] = -1, 1
    bias = np.full((classes + 1,), -1e6, dtype=np.float32)
    bias[1:3] = 0
    nodes = [
        helper.make_node("ReduceMean", ["input_tensor:0"], ["mean"], axes=[1, 2, 3], keepdims=0),  # [N]
        helper.make_node("Unsqueeze", ["mean", "last"], ["column"]),
        helper.make_node("MatMul", ["column", "weights"], ["sums"]),
        helper.make_node("Add", ["sums", "bias"], ["softmax_tensor:0"]),
        helper.make_node("ArgMax", ["softmax_tensor:0"], ["ArgMax:0"], axis=1, keepdims=0),
    ]
    outputs = [port("ArgMax:0", "INT64", ["N"]), port("softmax_tensor:0", "FLOAT", ["N", classes + 1])]
    constants = {"weights": weights, "bias": bias, "last": np.array([1])}
    return save(path, nodes, [port("input_tensor:0", "FLOAT", ["N", 3, 224, 224])], outputs, constants)


def parts_by_brightness(path: Path, edge: int = 128) -> Path:
    """Segmentation: a voxel of 0 is nothing, of 10 a kidney, of 20 a tumor; the nearest counts.

    input [N, 1, edge, edge, edge] -> output [N, 3, edge, edge, edge], as the published 3D-UNet.
    """
    import numpy as np
    from onnx import helper

    centres = np.array([0, 10, 20], dtype=np.float32).reshape(1, 3, 1, 1, 1)
    nodes = [
        helper.make_node("Sub", ["input", "centres"], ["distance"]),
        helper.make_node("Abs", ["distance"], ["far"]),
        helper.make_node("Neg", ["far"], ["output"]),
    ]
    inputs = [port("input", "FLOAT", ["N", 1, edge, edge, edge])]
    return save(path, nodes, inputs, [port("output", "FLOAT", ["N", 3, edge, edge, edge])], {"centres": centres})
