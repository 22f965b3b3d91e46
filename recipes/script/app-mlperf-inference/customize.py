"""Turns what the dependencies found and what the user asked for into one benchmark request (a JSON file)."""

from __future__ import annotations

import os

import msgspec

from franca.catalog.files import write_json_atomic
from franca.errors import FrancaError
from franca.hooks.own import hand_over
from franca.mlperf.inference.figures import STATE, state_of
from franca.mlperf.inference.finish import read_results
from franca.mlperf.inference.spec import Ingredient, RunSpec, checked
from franca.mlperf.inference.wishes import read_wishes
from franca.mlperf.inference.workloads import workload_of
from franca.mlperf.inference.workloads.base import model_place


def preprocess(i):
    """Write the request; every path in it is absolute, so that it can be run again by hand."""
    env = i["env"]
    try:
        wishes = read_wishes(env)
        request = checked(make_request(env, wishes))
        os.makedirs(wishes.output, exist_ok=True)
        path = os.path.join(wishes.output, "request.json")
        write_json_atomic(path, msgspec.to_builtins(request))
    except FrancaError as error:
        return {"return": error.status, "error": "\n".join(error.lines())}
    except OSError as error:
        return {"return": 1, "error": f"results folder {wishes.output} cannot be made: {error.strerror}"}
    env["CM_MLPERF_INFERENCE_SPEC"] = path
    env["CM_MLPERF_INFERENCE_RESULTS_DIR"] = wishes.output
    hand_over(env)
    env["CM_MLPERF_INFERENCE_STRICT"] = "yes" if wishes.strict else "no"
    return {"return": 0}


def postprocess(i):
    """Say where the results are, print the official line of each different accuracy, hand the figures on."""
    env = i["env"]
    path = os.path.join(env["CM_MLPERF_INFERENCE_RESULTS_DIR"], "results.json")
    try:
        results = read_results(path)
    except FrancaError as error:
        return {"return": error.status, "error": "\n".join(error.lines())}
    performance = [one.performance for one in results.scenarios if one.performance]
    env["CM_MLPERF_INFERENCE_RESULTS_FILE"] = path
    env["CM_MLPERF_INFERENCE_RESULTS_FOLDER"] = results.folder
    env["CM_MLPERF_INFERENCE_ALL_VALID"] = "yes" if all(one.good for one in performance) else "no"
    for line in dict.fromkeys(one.accuracy.line for one in results.scenarios if one.accuracy):
        print(line, flush=True)
    i["state"][STATE] = state_of(results)
    return {"return": 0}


def make_request(env, wishes):
    """The benchmark as the user wants it, over what the dependencies brought."""
    model = wishes.model
    workload = workload_of(model)
    parts = workload.parts(model, wishes, env)
    return RunSpec(
        benchmark=parts.benchmark,
        model=workload.model_name(model, env),
        model_file=model_place(workload, env),
        dataset_name=parts.dataset_name,
        backend=parts.backend,
        dataset=parts.dataset,
        metric=parts.metric,
        interpreter=env.get("CM_PYTHON_VENV_BIN_WITH_PATH") or env["CM_PYTHON_BIN_WITH_PATH"],
        scenarios=wishes.scenarios,
        modes=wishes.modes,
        profile=wishes.profile,
        output=wishes.output,
        targets=wishes.targets,
        max_batchsize=wishes.max_batchsize,
        workers=wishes.workers,
        batch_timeout_ms=wishes.batch_timeout_ms,
        coalesce=wishes.coalesce,
        engine=wishes.engine,
        harness=str(env.get("CM_MLPERF_NATIVE_HARNESS") or ""),
        library=wishes.library,
        servers=wishes.servers,
        power=wishes.power,
        user_conf=wishes.user_conf,
        config_name=model.config_name,
        round=wishes.round,
        rerun=wishes.rerun,
        rescore=wishes.rescore,
        hw_name=wishes.hw_name,
        run_config=wishes.run_config,
        implementation=wishes.implementation,
        official_model=wishes.official_model,
        system_fields=wishes.system_fields,
        weights=workload.weights(model, env),
        measurements=wishes.measurements,
        test_query_count=wishes.test_query_count,
        lengths=wishes.lengths,
        search_s=wishes.search_s,
        peak=wishes.peak,
        configs=wishes.configs,
        compliance=wishes.compliance,
        sampling_target=model.sampled,
        device=wishes.device,
        command=str(env.get("CM_MLPERF_INFERENCE_COMMAND") or ""),
        accuracy_target=float(
            env.get("CM_ML_MODEL_ACCURACY_TARGET") or (wishes.rules.accuracy if model.checked_as else 0)
        ),
        patience_s=workload.patience_s,
        ingredients=[*tools(env, wishes), *workload.ingredients(model, env)],
    )


def tools(env, wishes):
    """The steps that every run stands on, with versions and places, for the report."""
    name, title = ("torch", "PyTorch") if wishes.backend == "pytorch" else ("onnxruntime", "ONNX Runtime")
    library = f"CM_PYTHON_LIB_{name.upper()}"
    rows = (
        ("Python", "get,python3", "CM_PYTHON_VERSION", "CM_PYTHON_VENV_BIN_WITH_PATH"),
        (
            "LoadGen",
            "get,mlperf,inference,loadgen",
            "CM_MLPERF_INFERENCE_LOADGEN_VERSION",
            "CM_MLPERF_INFERENCE_LOADGEN_INSTALL_PATH",
        ),
        (title, f"get,generic-python-lib,_{name}", f"{library}_VERSION", f"{library}_PATH"),
    )
    return [Ingredient(row, str(env.get(v) or ""), str(env.get(p) or ""), tags) for row, tags, v, p in rows]
