"""``python -m franca.mlperf.inference.light MODEL.onnx [--option=VALUE ...]``: a model's speed without its data.

Inputs are generated in the shapes that the model names; nothing is said about accuracy, and a tree for the closed
division cannot be made of it (mlperf-inference section 17.1).
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any

from franca.errors import FrancaError, NotFound, UsageError
from franca.mlperf.inference.spec import Part, RunSpec, checked
from franca.mlperf.inference.wishes import read_wishes

#: Option to environment key of the benchmark's wishes; the rest of the options are in OWN.
WISHES = {
    "scenario": "CM_MLPERF_LOADGEN_SCENARIO",
    "profile": "CM_MLPERF_INFERENCE_PROFILE",
    "execution_mode": "CM_MLPERF_RUN_STYLE",
    "test_query_count": "CM_TEST_QUERY_COUNT",
    "output": "CM_MLPERF_INFERENCE_RESULTS_DIR",
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
OWN = ("samples", "seed", "high", "axes", "python")


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
        raise UsageError(f"expected one model, found {len(models)}", hint="light MODEL.onnx [--scenario=Offline]")
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
        NotFound: no such file. UsageError: an option that means nothing.
    """
    path = os.path.abspath(os.path.expanduser(model))
    if not os.path.isfile(path):
        raise NotFound(f"model file {path} does not exist", hint="give the path of an ONNX file")
    wishes = read_wishes({WISHES[name]: value for name, value in given.items() if name in WISHES})
    numbers: dict[str, Any] = {name: _whole(name, given[name]) for name in ("samples", "seed", "high") if name in given}
    generated: dict[str, Any] = {"model": path, "axes": _axes(given.get("axes", "")), **numbers}
    name = re.sub(r"[^A-Za-z0-9._-]", "_", os.path.splitext(os.path.basename(path))[0]).lstrip(".") or "model"
    return checked(
        RunSpec(
            benchmark="light",
            model=name,
            model_file=path,
            dataset_name="generated inputs (random data, no accuracy)",
            backend=Part("onnxruntime-generic", {"model": path, "device": wishes.device, "threads": wishes.threads}),
            dataset=Part("random", generated),
            metric=Part("none"),
            interpreter=given.get("python") or sys.executable,
            scenarios=wishes.scenarios,
            modes=["performance"],
            profile=wishes.profile,
            test_query_count=wishes.test_query_count,
            output=wishes.output,
            targets=wishes.targets,
            max_batchsize=wishes.max_batchsize,
            workers=wishes.workers,
            user_conf=wishes.user_conf,
            rerun=wishes.rerun,
            hw_name=wishes.hw_name,
            device=wishes.device,
        )
    )


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
