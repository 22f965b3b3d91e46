"""The parts of a benchmark without data: what runs a model of each kind, and what its inputs are made from."""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple

from franca.catalog.files import read_json
from franca.errors import UsageError
from franca.mlperf.inference.datasets.random_inputs import TYPES
from franca.mlperf.inference.spec import Part

ONNX_OPTIONS = ("axes", "execmode")
TORCH_OPTIONS = ("inputs", "model_code", "model_cfg", "model_sample", "torch_mode")
CONNECTOR = "cmc"  #: module in a folder of model code, whose ``model_init(checkpoint, cfg)`` makes the model


class LightParts(NamedTuple):
    """What differs between the kinds of models."""

    backend: dict[str, Any]  #: options
    dataset: Part
    python_path: list[str] = []


def onnx_parts(path: str, given: dict[str, str]) -> LightParts:
    """An ONNX file, which names its inputs itself. Raises UsageError."""
    _refuse(TORCH_OPTIONS, given, "an ONNX model")
    mode = given.get("execmode", "")
    if mode not in ("", "sequential", "parallel"):
        raise UsageError(f"--execmode={mode}: expected sequential or parallel")
    options = {"model": path, **_inter_op(given), **({"parallel": True} if mode == "parallel" else {})}
    return LightParts(options, _random({"model": path, "axes": _axes(given.get("axes", ""))}, given))


def torch_parts(path: str, given: dict[str, str]) -> LightParts:
    """A TorchScript file; or a module that ``--model_code`` makes, with the weights in the file unless it is code.

    Raises:
        UsageError: an option that means nothing, or nothing says what the inputs are.
    """
    _refuse(ONNX_OPTIONS, given, "a PyTorch model")
    dataset = _torch_inputs(given)
    code, mode = given.get("model_code", ""), given.get("torch_mode", "")
    if not code and (path.endswith(".py") or mode not in ("", "torchscript")):
        raise UsageError("eager and compiled modules are made by code of yours: --model_code=FILE.py:FUNCTION")
    if not code:
        _refuse(("model_cfg",), given, "a TorchScript file")
        return LightParts({"model": path, **_inter_op(given)}, dataset)
    if mode not in ("", "eager", "compile"):
        raise UsageError(f"--torch_mode={mode}: expected eager or compile where there is --model_code")
    folder, made = _code(code)
    weights = "" if path.endswith(".py") else path
    config = _config(given.get("model_cfg", ""))
    options = {"model": weights, "mode": mode or "eager", **made, **({"config": config} if config else {})}
    return LightParts({**options, **_inter_op(given)}, dataset, [folder])


def whole(name: str, text: str) -> int:
    """A whole number above 0; for the seed 0 as well. Raises UsageError."""
    if not text.isdigit() or (name != "seed" and not int(text)):
        raise UsageError(f"--{name}={text}: expected a whole number")
    return int(text)


def _refuse(options: tuple[str, ...], given: dict[str, str], what: str) -> None:
    for name in options:
        if given.get(name):
            raise UsageError(f"--{name} means nothing for {what}")


def _inter_op(given: dict[str, str]) -> dict[str, int]:
    return {"inter_op": whole("interop", given["interop"])} if given.get("interop") else {}


def _random(options: dict[str, Any], given: dict[str, str]) -> Part:
    numbers: dict[str, Any] = {name: whole(name, given[name]) for name in ("samples", "seed", "high") if name in given}
    return Part("random", {**options, **numbers})


def _torch_inputs(given: dict[str, str]) -> Part:
    """Inputs of the shapes that are given, or copies of a sample."""
    sample = given.get("model_sample", "")
    if not sample and not given.get("inputs"):
        raise UsageError(
            "a PyTorch model does not name the shapes of its inputs",
            hint="give that of one sample, --inputs=3x224x224 or --inputs=int64:128,float32:16, or one sample in a "
            "file: --model_sample=FILE",
        )
    if not sample:
        return _random({"inputs": _inputs(given["inputs"])}, given)
    _refuse(("inputs", "seed", "high"), given, "a sample that is given")
    path = os.path.abspath(os.path.expanduser(sample))
    if not os.path.isfile(path):
        raise UsageError(f"--model_sample={sample}: no such file")
    return Part("sample", {"path": path, **({"samples": whole("samples", given["samples"])} if "samples" in given
                                            else {})})  # fmt: skip


def _code(text: str) -> tuple[str, dict[str, Any]]:
    """The folder of the user's code, and what of it makes the module."""
    place = os.path.abspath(os.path.expanduser(text))
    if os.path.isfile(os.path.join(place, CONNECTOR + ".py")):
        return place, {"factory": f"{CONNECTOR}:model_init", "connector": True}
    file, colon, function = text.rpartition(":")
    file = os.path.abspath(os.path.expanduser(file))
    if not colon or not function.isidentifier() or not file.endswith(".py") or not os.path.isfile(file):
        raise UsageError(
            f"--model_code={text}: expected FILE.py:FUNCTION, and the file to be there, or a folder with {CONNECTOR}.py"
        )
    return os.path.dirname(file), {"factory": f"{os.path.splitext(os.path.basename(file))[0]}:{function}"}


def _config(text: str) -> dict[str, Any]:
    """What the code gets to configure the module: a JSON file, or the JSON text itself."""
    if not text:
        return {}
    if text.lstrip().startswith("{"):
        try:
            content = json.loads(text)
        except ValueError as error:
            raise UsageError(f"--model_cfg={text:.80}: no JSON: {error}") from error
    else:
        content = read_json(os.path.abspath(os.path.expanduser(text)))
    if not isinstance(content, dict):
        raise UsageError(f"--model_cfg={text:.80}: expected names and their values")
    return content


def _axes(text: str) -> dict[str, int]:
    """``sequence=128,height=224`` as sizes of symbolic axes."""
    found = {}
    for part in filter(None, text.split(",")):
        name, _, size = part.partition("=")
        found[name.strip()] = whole("axes", size.strip())
    return found


def _inputs(text: str) -> dict[str, list[Any]]:
    """``3x224x224,int64:128`` as types and shapes of one sample, in the order of the module's arguments."""
    found: dict[str, list[Any]] = {}
    for part in text.split(","):
        kind, _, shape = part.strip().rpartition(":")
        sizes = shape.split("x")
        if kind not in ("", *TYPES.values()) or not all(size.isdigit() and int(size) for size in sizes):
            known = ", ".join(TYPES.values())
            raise UsageError(f"--inputs={text}: expected [TYPE:]SIZExSIZE..., several with commas; types: {known}")
        found[f"input{len(found)}"] = [kind or "float32", *(int(size) for size in sizes)]
    return found
