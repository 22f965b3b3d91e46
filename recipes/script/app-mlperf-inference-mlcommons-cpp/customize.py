"""The benchmark with the model inside a C++ program, by the names of the official C++ harness."""

from __future__ import annotations

import os
import sys

from franca.hooks.given import from_user

BACKENDS = ("", "onnxruntime", "pytorch")


def preprocess(i):
    """Say the same in the words of the benchmark with any harness."""
    env = i["env"]
    backend = str(env.get("CM_MLPERF_BACKEND") or "")
    if backend not in BACKENDS:
        return {"return": 1, "error": f"--backend={backend}: expected onnxruntime or pytorch"}
    env["CM_MLPERF_BACKEND"] = backend or "onnxruntime"
    env["CM_MLPERF_IMPLEMENTATION"] = "cpp"
    if env.get("CM_MLPERF_LOADGEN_QUERY_COUNT"):
        env["CM_TEST_QUERY_COUNT"] = env["CM_MLPERF_LOADGEN_QUERY_COUNT"]
    if env.get("CM_MLPERF_OUTPUT_DIR"):
        env["CM_MLPERF_INFERENCE_RESULTS_DIR"] = from_user(env, str(env["CM_MLPERF_OUTPUT_DIR"]))
    if env.get("CM_MLPERF_CONF"):
        text = "--mlperf_conf has no effect here: LoadGen has the rules of its round built in"
        print(f"  {text}", file=sys.stderr, flush=True)
    if env.get("CM_MLPERF_USER_CONF"):
        env["CM_MLPERF_USER_CONF"] = os.path.abspath(from_user(env, str(env["CM_MLPERF_USER_CONF"])))
    return {"return": 0}
