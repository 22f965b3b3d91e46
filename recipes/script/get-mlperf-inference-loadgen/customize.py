"""The LoadGen of MLPerf inference, from the released wheels (PyPI: mlcommons_loadgen)."""

from __future__ import annotations


def postprocess(i):
    """Name what the package recipe brought in the words that users of LoadGen know."""
    env = i["env"]
    version = env["CM_PYTHON_LIB_MLCOMMONS_LOADGEN_VERSION"]
    site = env["CM_PYTHON_LIB_MLCOMMONS_LOADGEN_PATH"]
    env["CM_MLPERF_INFERENCE_LOADGEN_VERSION"] = version
    env["CM_MLPERF_INFERENCE_LOADGEN_INSTALL_PATH"] = site
    env["CM_MLPERF_INFERENCE_LOADGEN_PYTHON_PATH"] = site
    return {"return": 0, "version": version}
