"""The two networks as ONNX graphs. Pixels go in as they are (0 to 16); the graph itself scales them."""

from __future__ import annotations

OPSET = 13
IR_VERSION = 8
INPUT, OUTPUT = "input", "logits"


def dense_graph(weights, biases):
    """A multi-layer perceptron [N,64] -> [N,10] from matrices [in,out] and vectors [out]."""
    network = _Graph("digits-mlp", ["N", 64])
    for number, (weight, bias) in enumerate(zip(weights, biases, strict=True), start=1):
        last = number == len(weights)
        network.dense(weight, bias, OUTPUT if last else f"dense{number}")
        if not last:
            network.node("Relu", f"relu{number}")
    return network.finish()


def convolution_graph(weight):
    """The convolutional network [N,1,8,8] -> [N,10] from a mapping of parameter names to arrays."""
    network = _Graph("digits-cnn", ["N", 1, 8, 8])
    for number in (1, 2):
        network.convolution(weight[f"conv{number}.weight"], weight[f"conv{number}.bias"], f"conv{number}")
        network.node("Relu", f"conv_relu{number}")
    network.node("MaxPool", "pool", kernel_shape=[2, 2], strides=[2, 2])
    network.node("Flatten", "flat", axis=1)
    network.dense(weight["dense1.weight"].T, weight["dense1.bias"], "dense1")
    network.node("Relu", "relu1")
    network.dense(weight["dense2.weight"].T, weight["dense2.bias"], OUTPUT)
    return network.finish()


class _Graph:
    """A chain of nodes, each fed by the one before."""

    def __init__(self, name, shape):
        from onnx import TensorProto, helper

        self._name, self._nodes, self._constants = name, [], []
        self._input = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, shape)
        self._last = INPUT
        self._node("Mul", [self._last, self._constant("scale", 1.0 / 16.0)], "scaled", {})

    def node(self, kind, output, **attributes):
        """A node without parameters."""
        self._node(kind, [self._last], output, attributes)

    def dense(self, weight, bias, output):
        """A fully connected layer with a matrix [in,out]."""
        parameters = [self._constant(f"{output}.weight", weight), self._constant(f"{output}.bias", bias)]
        self._node("Gemm", [self._last, *parameters], output, {})

    def convolution(self, weight, bias, output):
        """A 3x3 convolution that keeps the size."""
        parameters = [self._constant(f"{output}.weight", weight), self._constant(f"{output}.bias", bias)]
        self._node("Conv", [self._last, *parameters], output, {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]})

    def _node(self, kind, inputs, output, attributes):
        from onnx import helper

        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        self._last = output

    def _constant(self, name, value):
        import numpy as np
        from onnx import numpy_helper

        array = np.ascontiguousarray(value, dtype=np.float32)
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def finish(self):
        """The checked model."""
        import onnx
        from onnx import TensorProto, helper

        output = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", 10])
        graph = helper.make_graph(self._nodes, self._name, [self._input], [output], self._constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="franca"
        )
        onnx.checker.check_model(model, full_check=True)
        return model
