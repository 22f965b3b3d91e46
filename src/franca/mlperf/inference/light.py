"""``python -m franca.mlperf.inference.light MODEL [--option=VALUE ...]``: a model's speed without its data.

MODEL is an ONNX file, a TorchScript file, or, with ``--model_code``, a file of PyTorch weights. Inputs are generated
in the shapes that an ONNX model names, or that ``--inputs`` gives for a PyTorch model; nothing is said about accuracy,
and ``franca.mlperf.submission.build`` makes no tree for the closed division of it (mlperf-inference section 17.1).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from typing import Any

from franca.errors import FrancaError, NotFound, UsageError
from franca.hooks.model import backend_of
from franca.mlperf.inference import asked
from franca.mlperf.inference.light_parts import LightParts, onnx_parts, torch_parts
from franca.mlperf.inference.light_record import NOTE, write_records, write_request
from franca.mlperf.inference.light_runner import runner_named
from franca.mlperf.inference.spec import Part, RunSpec, checked
from franca.mlperf.inference.wishes import Wishes, read_wishes

BACKEND = "CM_MLPERF_BACKEND"
WORKERS = "CM_MLPERF_INFERENCE_WORKERS"
#: Targets of the scenarios that have a rate: what --expected_qps stands for.
RATES = ("CM_MLPERF_LOADGEN_SERVER_TARGET_QPS", "CM_MLPERF_LOADGEN_OFFLINE_TARGET_QPS")
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
    "workers": WORKERS,
    "max_batchsize": "CM_MLPERF_LOADGEN_MAX_BATCHSIZE",
    "target_qps": "CM_MLPERF_LOADGEN_TARGET_QPS",
    "server_target_qps": RATES[0],
    "offline_target_qps": RATES[1],
    "target_latency": "CM_MLPERF_LOADGEN_TARGET_LATENCY",
    "singlestream_target_latency": "CM_MLPERF_LOADGEN_SINGLESTREAM_TARGET_LATENCY",
    "multistream_target_latency": "CM_MLPERF_LOADGEN_MULTISTREAM_TARGET_LATENCY",
    "min_duration": "CM_MLPERF_INFERENCE_MIN_DURATION",
    "server_latency_bound": "CM_MLPERF_LOADGEN_SERVER_LATENCY_BOUND",
    "user_conf": "CM_MLPERF_USER_CONF",
    "hw_name": "CM_HW_NAME",
    "rerun": "CM_RERUN",
}
OWN = (
    "samples", "seed", "high", "axes", "inputs", "model_code", "model_cfg", "model_sample", "torch_mode",
    "runner", "interop", "execmode", "expected_qps", "duration", "harness", "python",
)  # fmt: skip


def main(argv: list[str]) -> int:
    """The program; exit status as ``franca.mlperf.inference.run``."""
    try:
        spec = request(*options(argv))
        write_request(spec)
    except FrancaError as error:
        print("franca: error: " + "\n  ".join(error.lines()), file=sys.stderr, flush=True)
        return error.status
    from franca.mlperf.inference.run import run_spec

    return run_spec(spec, write_records)


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
    wishes = read_wishes({BACKEND: backend_of(path), **_wished(given)})
    runner = runner_named(given.get("runner", ""), wishes.workers if given.get("workers") else 0, wishes.engine)
    parts = (torch_parts if wishes.backend == "pytorch" else onnx_parts)(path, given)
    python = given.get("python") or sys.executable
    settings: dict[str, Any] = {"device": wishes.device, "threads": wishes.threads}
    if runner.replicas > 1:
        settings["replicas"] = runner.replicas
    _check_engine(wishes, parts)
    name = re.sub(r"[^A-Za-z0-9._-]", "_", os.path.splitext(os.path.basename(path))[0]).lstrip(".") or "model"
    return checked(
        RunSpec(
            benchmark="light",
            model=name,
            model_file=path,
            dataset_name=f"generated inputs ({NOTE})",
            backend=Part(f"{wishes.backend}-generic", {**parts.backend, **settings}),
            dataset=parts.dataset,
            metric=Part("none"),
            interpreter=python,
            python_path=parts.python_path,
            scenarios=wishes.scenarios,
            modes=["performance"],
            profile=wishes.profile,
            test_query_count=wishes.test_query_count,
            lengths=_lengths(wishes, given),
            output=wishes.output,
            targets=wishes.targets,
            max_batchsize=wishes.max_batchsize,
            workers=runner.workers,
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


def implied_by_file(env: Mapping[str, object]) -> dict[str, str]:
    """The backend that the model file of a benchmark without data asks for, where the user names none."""
    path = asked.text(env, "CM_ML_MODEL_FILE_WITH_PATH")
    if not asked.is_on(env, "CM_MLPERF_LIGHT") or not path or asked.text(env, BACKEND):
        return {}
    return {BACKEND: backend_of(path)}


def _wished(given: Mapping[str, str]) -> dict[str, str]:
    """The options that all benchmarks have, under their keys; an expected rate is that of Server and Offline."""
    env = {WISHES[name]: value for name, value in given.items() if name in WISHES}
    rate = given.get("expected_qps", "")
    if rate:
        asked.number({"rate": rate}, "rate", "expected_qps", 0)
    return {**(dict.fromkeys(RATES, rate) if rate else {}), **env}


def _lengths(wishes: Wishes, given: Mapping[str, str]) -> dict[str, int]:
    """The lengths of the runs, with the least duration in seconds where it is given."""
    seconds = asked.number(given, "duration", "duration", 0)
    return {**wishes.lengths, **({"min_duration_ms": int(seconds * 1000)} if seconds else {})}


def _check_engine(wishes: Wishes, parts: LightParts) -> None:
    """Raises UsageError for options that a model inside a C++ program has not."""
    for option, flag in (("inter_op", "interop"), ("parallel", "execmode=parallel")):
        if wishes.engine not in ("", "bridge") and option in parts.backend:
            raise UsageError(f"--{flag} means nothing for --implementation={wishes.implementation}")


def _harness(engine: str, named: str, python: str) -> str:
    """The C++ harness, built now when none is named; "" where there is no engine."""
    if not engine or named:
        return os.path.abspath(named) if engine else ""
    from franca.mlperf.native.build import Request, build, default_root

    say = lambda text: print(f"  {text}", file=sys.stderr, flush=True)  # noqa: E731
    engines = (engine,) if engine == "libtorch" else ()
    return build(Request(default_root(), python=python, engines=engines), say).program


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
