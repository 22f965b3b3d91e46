"""The speed of any ONNX or PyTorch model over generated inputs: turns flags into the program's options."""

from __future__ import annotations

import os
import sys

#: Option of the program to the environment key of its value.
OPTIONS = {
    "scenario": "CM_MLPERF_LOADGEN_SCENARIO",
    "samples": "CM_MLPERF_LOADGEN_SAMPLES",
    "axes": "CM_MLPERF_LOADGEN_AXES",
    "inputs": "CM_MLPERF_LOADGEN_INPUTS",
    "torch_mode": "CM_MLPERF_TORCH_MODE",
    "model_code": "CM_ML_MODEL_CODE_WITH_PATH",
    "backend": "CM_MLPERF_BACKEND",
    "implementation": "CM_MLPERF_IMPLEMENTATION",
    "library": "CM_MLPERF_INFERENCE_LIBRARY",
    "harness": "CM_MLPERF_NATIVE_HARNESS",
    "workers": "CM_MLPERF_CONCURRENCY",
    "threads": "CM_MLPERF_INTRAOP",
    "profile": "CM_MLPERF_INFERENCE_PROFILE",
    "test_query_count": "CM_TEST_QUERY_COUNT",
    "max_batchsize": "CM_MLPERF_LOADGEN_MAX_BATCHSIZE",
    "server_target_qps": "CM_MLPERF_LOADGEN_EXPECTED_QPS",
}
PROVIDERS = {"": "cpu", "CPUExecutionProvider": "cpu", "CUDAExecutionProvider": "cuda"}


def preprocess(i):
    """Check what can be checked before anything runs; folders are relative to where the user stands."""
    env = i["env"]
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
    words += [f"--{name}={env[key]}" for name, key in OPTIONS.items() if str(env.get(key) or "").strip()]
    for number, word in enumerate(words):
        env[f"CM_LIGHT_WORD_{number}"] = word
    env["CM_LIGHT_WORDS"] = str(len(words))
    env["CM_MLPERF_FRANCA_PYTHON"] = sys.executable
    env["CM_MLPERF_INFERENCE_RESULTS_FILE"] = os.path.join(output, "results.json")
    env["CM_MLPERF_INFERENCE_RESULTS_FOLDER"] = output
    return {"return": 0}


def output_of(env):
    """The folder of results: asked for here, or by the recipe that called this one."""
    return env.get("CM_MLPERF_OUTPUT_DIR") or env.get("CM_MLPERF_INFERENCE_RESULTS_DIR") or "mlperf-results"
