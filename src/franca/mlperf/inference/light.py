"""``python -m franca.mlperf.inference.light MODEL [--option=VALUE ...]``: a model's speed without its data.

MODEL is an ONNX file, a TorchScript file, or, with ``--model_code``, a file of PyTorch weights. Inputs are generated
in the shapes that an ONNX model names, or that ``--inputs`` gives for a PyTorch model; nothing is said about accuracy,
and a tree for the closed division cannot be made of it (mlperf-inference section 17.1).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from franca.errors import FrancaError, NotFound, UsageError
from franca.hooks.model import backend_of
from franca.mlperf.inference.asked import is_on, text
from franca.mlperf.inference.datasets.random_inputs import TYPES
from franca.mlperf.inference.spec import Part, RunSpec, checked
from franca.mlperf.inference.wishes import read_wishes

BACKEND = "CM_MLPERF_BACKEND"
#: Option to environment key of the benchmark's wishes; the rest of the options are in OWN.
WISHES = {
    "scenario": "CM_MLPERF_LOADGEN_SCENARIO",
    "profile": "CM_MLPERF_INFERENCE_PROFILE",
    "execution_mode": "CM_MLPERF_RUN_STYLE",
    "test_query_count": "CM_TEST_QUERY_COUNT",
    "output": "CM_MLPERF_INFERENCE_RESULTS_DIR",
    "backend": BACKEND,
    "implementation": "CM_MLPERF_IMPLEMENTATION",
    "library": "CM_MLPERF_INFERENCE_LIBRARY",
    "device": "CM_MLPERF_DEVICE",
    "threads": "CM_NUM_THREADS",
    "workers": "CM_MLPERF_INFERENCE_WORKERS",
    "max_batchsize": "CM_MLPERF_LOADGEN_MAX_BATCHSIZE",
    "server_target_qps": "CM_MLPERF_LOADGEN_SERVER_TARGET_QPS",
    "server_latency_bound": "CM_MLPERF_LOADGEN_SERVER_LATENCY_BOUND",
    "user_conf": "CM_MLPERF_USER_CONF",
    "hw_name": "CM_HW_NAME",
    "rerun": "CM_RERUN",
}
OWN = ("samples", "seed", "high", "axes", "inputs", "model_code", "torch_mode", "harness", "python")
ONNX_OPTIONS, TORCH_OPTIONS = ("axes",), ("inputs", "model_code", "torch_mode")


def main(argv: list[str]) -> int:
    """The program; exit status as ``franca.mlperf.inference.run``."""
    try:
        spec = request(*options(argv))
    except FrancaError as error:
        print("franca: error: " + "\n  ".join(error.lines()), file=sys.stderr, flush=True)
        return error.status
    from franca.mlperf.inference.run import run_spec

    return run_spec(spec)


def options(argv: list[str]) -> tuple[str, dict[str, str]]:
    """The model and the options. Raises UsageError."""
    models = [word for word in argv if not word.startswith("--")]
    if len(models) != 1:
        raise UsageError(f"expected one model, found {len(models)}", hint="light MODEL [--scenario=Offline]")
    given = {}
    for word in argv:
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            if name not in WISHES and name not in OWN:
                raise UsageError(f"no option --{name}; expected {', '.join([*WISHES, *OWN])}")
            given[name] = value
    return models[0], given


def request(model: str, given: dict[str, str]) -> RunSpec:
    """The benchmark of ``model`` over generated inputs.

    Raises:
        NotFound: no such file. UsageError: an option that means nothing. Others: the C++ harness cannot be built.
    """
    path = os.path.abspath(os.path.expanduser(model))
    if not os.path.isfile(path):
        raise NotFound(f"model file {path} does not exist", hint="give the path of an ONNX or TorchScript file")
    wishes = read_wishes({BACKEND: backend_of(path), **{WISHES[name]: given[name] for name in given if name in WISHES}})
    parts = (_torch_parts if wishes.backend == "pytorch" else _onnx_parts)(path, given)
    numbers: dict[str, Any] = {name: _whole(name, given[name]) for name in ("samples", "seed", "high") if name in given}
    python = given.get("python") or sys.executable
    device = {"device": wishes.device, "threads": wishes.threads}
    name = re.sub(r"[^A-Za-z0-9._-]", "_", os.path.splitext(os.path.basename(path))[0]).lstrip(".") or "model"
    return checked(
        RunSpec(
            benchmark="light",
            model=name,
            model_file=path,
            dataset_name="generated inputs (random data, no accuracy)",
            backend=Part(f"{wishes.backend}-generic", {**parts.backend, **device}),
            dataset=Part("random", {**parts.inputs, **numbers}),
            metric=Part("none"),
            interpreter=python,
            python_path=parts.python_path,
            scenarios=wishes.scenarios,
            modes=["performance"],
            profile=wishes.profile,
            test_query_count=wishes.test_query_count,
            output=wishes.output,
            targets=wishes.targets,
            max_batchsize=wishes.max_batchsize,
            workers=wishes.workers,
            implementation=wishes.implementation,
            engine=wishes.engine,
            harness=_harness(wishes.engine, given.get("harness", ""), python),
            library=wishes.library,
            user_conf=wishes.user_conf,
            rerun=wishes.rerun,
            hw_name=wishes.hw_name,
            device=wishes.device,
        )
    )


class _Parts(NamedTuple):
    """What differs between the kinds of models."""

    backend: dict[str, Any]  #: options
    inputs: dict[str, Any]  #: options of the data set
    python_path: list[str] = []


def implied_by_file(env: Mapping[str, object]) -> dict[str, str]:
    """The backend that the model file of a benchmark without data asks for, where the user names none."""
    path = text(env, "CM_ML_MODEL_FILE_WITH_PATH")
    if not is_on(env, "CM_MLPERF_LIGHT") or not path or text(env, BACKEND):
        return {}
    return {BACKEND: backend_of(path)}


def _onnx_parts(path: str, given: dict[str, str]) -> _Parts:
    _refuse(TORCH_OPTIONS, given, "an ONNX model")
    return _Parts({"model": path}, {"model": path, "axes": _axes(given.get("axes", ""))})


def _torch_parts(path: str, given: dict[str, str]) -> _Parts:
    """A TorchScript file; or a module that ``--model_code`` makes, with the weights in the file unless it is code."""
    _refuse(ONNX_OPTIONS, given, "a PyTorch model")
    if not given.get("inputs"):
        raise UsageError(
            "a PyTorch model does not name the shapes of its inputs",
            hint="give that of one sample: --inputs=3x224x224 or --inputs=int64:128,float32:16",
        )
    inputs = {"inputs": _inputs(given["inputs"])}
    code, mode = given.get("model_code", ""), given.get("torch_mode", "")
    if not code and (path.endswith(".py") or mode not in ("", "torchscript")):
        raise UsageError("eager and compiled modules are made by code of yours: --model_code=FILE.py:FUNCTION")
    if not code:
        return _Parts({"model": path}, inputs)
    if mode not in ("", "eager", "compile"):
        raise UsageError(f"--torch_mode={mode}: expected eager or compile where there is --model_code")
    file, colon, function = code.rpartition(":")
    file = os.path.abspath(os.path.expanduser(file))
    if not colon or not function.isidentifier() or not file.endswith(".py") or not os.path.isfile(file):
        raise UsageError(f"--model_code={code}: expected FILE.py:FUNCTION, and the file to be there")
    weights = "" if path.endswith(".py") else path
    factory = f"{os.path.splitext(os.path.basename(file))[0]}:{function}"
    return _Parts(
        {"model": weights, "mode": mode or "eager", "factory": factory}, inputs, python_path=[os.path.dirname(file)]
    )


def _refuse(options: tuple[str, ...], given: dict[str, str], what: str) -> None:
    for name in options:
        if given.get(name):
            raise UsageError(f"--{name} means nothing for {what}")


def _harness(engine: str, named: str, python: str) -> str:
    """The C++ harness, built now when none is named; "" where there is no engine."""
    if not engine or named:
        return os.path.abspath(named) if engine else ""
    from franca.mlperf.native.build import Request, build, default_root

    say = lambda text: print(f"  {text}", file=sys.stderr, flush=True)  # noqa: E731
    engines = (engine,) if engine == "libtorch" else ()
    return build(Request(default_root(), python=python, engines=engines), say).program


def _whole(name: str, text: str) -> int:
    if not text.isdigit() or (name != "seed" and not int(text)):
        raise UsageError(f"--{name}={text}: expected a whole number")
    return int(text)


def _axes(text: str) -> dict[str, int]:
    """``sequence=128,height=224`` as sizes of symbolic axes."""
    found = {}
    for part in filter(None, text.split(",")):
        name, _, size = part.partition("=")
        found[name.strip()] = _whole("axes", size.strip())
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
