"""The same networks as TorchScript: the chain of ONNX nodes that ``graph.py`` writes, module by module."""

from __future__ import annotations


def write_torchscript(model, shape, path):
    """Write a file for ``torch.jit.load`` that gives the logits of the ONNX model ``model``."""
    import torch
    from onnx import numpy_helper

    constants = {one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for one in model.graph.initializer}
    chain = [module(node, [constants[name] for name in node.input[1:]]) for node in model.graph.node]
    network = torch.nn.Sequential(*chain).eval()
    with torch.no_grad():
        torch.jit.trace(network, torch.zeros(2, *shape)).save(path)


def module(node, constants):
    """One node with its constants. Raises KeyError for a kind that graph.py does not write."""
    import torch

    if node.op_type == "Mul":
        return scaled(constants[0])
    if node.op_type == "Gemm":
        weight, bias = constants
        return filled(torch.nn.Linear(*weight.shape), weight.T, bias)
    if node.op_type == "Conv":
        weight, bias = constants
        return filled(torch.nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1), weight, bias)
    return {"Relu": torch.nn.ReLU(), "MaxPool": torch.nn.MaxPool2d(2), "Flatten": torch.nn.Flatten()}[node.op_type]


def filled(layer, weight, bias):
    """The layer with these parameters."""
    import torch

    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer


def scaled(factor):
    """Multiplies by a constant."""
    import torch

    class Scale(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("factor", factor)

        def forward(self, pixels):
            return pixels * self.factor

    return Scale()
