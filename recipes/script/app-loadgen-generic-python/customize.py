"""The speed of any ONNX or PyTorch model over generated inputs: turns flags into the program's options."""

from __future__ import annotations

import json
import os
import sys

from franca.hooks.flags import misspelt

#: Option of the program to the environment key of its value.
OPTIONS = {
    "scenario": "CM_MLPERF_LOADGEN_SCENARIO",
    "samples": "CM_MLPERF_LOADGEN_SAMPLES",
    "axes": "CM_MLPERF_LOADGEN_AXES",
    "inputs": "CM_MLPERF_LOADGEN_INPUTS",
    "torch_mode": "CM_MLPERF_TORCH_MODE",
    "model_code": "CM_ML_MODEL_CODE_WITH_PATH",
    "model_sample": "CM_ML_MODEL_SAMPLE_WITH_PATH",
    "backend": "CM_MLPERF_BACKEND",
    "implementation": "CM_MLPERF_IMPLEMENTATION",
    "library": "CM_MLPERF_INFERENCE_LIBRARY",
    "harness": "CM_MLPERF_NATIVE_HARNESS",
    "runner": "CM_MLPERF_RUNNER",
    "interop": "CM_MLPERF_INTEROP",
    "execmode": "CM_MLPERF_EXEC_MODE",
    "profile": "CM_MLPERF_INFERENCE_PROFILE",
    "execution_mode": "CM_MLPERF_RUN_STYLE",
    "test_query_count": "CM_TEST_QUERY_COUNT",
    "max_batchsize": "CM_MLPERF_LOADGEN_MAX_BATCHSIZE",
    "expected_qps": "CM_MLPERF_LOADGEN_EXPECTED_QPS",
    "duration": "CM_MLPERF_LOADGEN_DURATION_SEC",
    "target_qps": "CM_MLPERF_LOADGEN_TARGET_QPS",
    "offline_target_qps": "CM_MLPERF_LOADGEN_OFFLINE_TARGET_QPS",
    "server_target_qps": "CM_MLPERF_LOADGEN_SERVER_TARGET_QPS",
    "target_latency": "CM_MLPERF_LOADGEN_TARGET_LATENCY",
    "singlestream_target_latency": "CM_MLPERF_LOADGEN_SINGLESTREAM_TARGET_LATENCY",
    "multistream_target_latency": "CM_MLPERF_LOADGEN_MULTISTREAM_TARGET_LATENCY",
    "server_latency_bound": "CM_MLPERF_LOADGEN_SERVER_LATENCY_BOUND",
    "min_duration": "CM_MLPERF_INFERENCE_MIN_DURATION",
    "user_conf": "CM_MLPERF_USER_CONF",
    "hw_name": "CM_HW_NAME",
    "rerun": "CM_RERUN",
}
#: The same for options that have one key here and another in the recipe that may call this one.
EITHER = {
    "workers": ("CM_MLPERF_CONCURRENCY", "CM_MLPERF_INFERENCE_WORKERS"),
    "threads": ("CM_MLPERF_INTRAOP", "CM_NUM_THREADS"),
}
PROVIDERS = {"": "cpu", "CPUExecutionProvider": "cpu", "CUDAExecutionProvider": "cuda"}


def preprocess(i):
    """Check what can be checked before anything runs; folders are relative to where the user stands."""
    env = i["env"]
    wrong = misspelt(i)
    if wrong:
        return {"return": 1, "error": wrong}
    model = str(env.get("CM_ML_MODEL_FILE_WITH_PATH") or "").strip()
    if not model:
        return {"return": 1, "error": "no model: give one with --modelpath=FILE"}
    path = os.path.abspath(os.path.expanduser(model))
    if not os.path.isfile(path):
        return {"return": 1, "error": f"model file {path} does not exist"}
    provider = str(env.get("CM_MLPERF_EXECUTION_PROVIDER") or "").strip()
    if provider not in PROVIDERS:
        known = ", ".join(name for name in PROVIDERS if name)
        return {"return": 1, "error": f"--ep={provider}: expected {known}"}
    output = os.path.abspath(os.path.expanduser(str(output_of(env))))
    device = str(env.get("CM_MLPERF_DEVICE") or "").strip() or PROVIDERS[provider]
    words = [path, f"--output={output}", f"--device={device}"]
    words.append("--python=" + (env.get("CM_PYTHON_VENV_BIN_WITH_PATH") or env["CM_PYTHON_BIN_WITH_PATH"]))
    if not env.get("CM_MLPERF_LOADGEN_SCENARIO"):
        env["CM_MLPERF_LOADGEN_SCENARIO"] = "Offline"
    words += [f"--{name}={env[key]}" for name, key in OPTIONS.items() if given(env, key)]
    words += [f"--{name}={given(env, *keys)}" for name, keys in EITHER.items() if given(env, *keys)]
    words += model_cfg(env)
    for number, word in enumerate(words):
        env[f"CM_LIGHT_WORD_{number}"] = word
    env["CM_LIGHT_WORDS"] = str(len(words))
    env["CM_MLPERF_FRANCA_PYTHON"] = sys.executable
    env["CM_MLPERF_INFERENCE_RESULTS_FILE"] = os.path.join(output, "results.json")
    env["CM_MLPERF_INFERENCE_RESULTS_FOLDER"] = output
    return {"return": 0}


def given(env, *keys):
    """The first value that is there, as text."""
    return next((text for text in (str(env.get(key) or "").strip() for key in keys) if text), "")


def model_cfg(env):
    """The option with the model's configuration: a file of the user's, or the values of --modelcfg.KEY."""
    path = given(env, "CM_ML_MODEL_CFG_WITH_PATH")
    if path:
        return [f"--model_cfg={path}"]
    values = env.get("CM_ML_MODEL_CFG")
    if not isinstance(values, dict) or not values:
        return []
    return ["--model_cfg=" + json.dumps({key: plain(value) for key, value in values.items()})]


def plain(value):
    """A word of the command line as the number, the switch or the text that it is."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def output_of(env):
    """The folder of results: asked for here, or by the recipe that called this one."""
    return env.get("CM_MLPERF_OUTPUT_DIR") or env.get("CM_MLPERF_INFERENCE_RESULTS_DIR") or "mlperf-results"
