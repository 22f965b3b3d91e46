#!/bin/bash
# Fetches LoadGen's source package and compiles; both stay in this folder.

PYTHONPATH="${CM_MLPERF_FRANCA_SOURCE}" "${CM_MLPERF_FRANCA_PYTHON}" -m franca.mlperf.native.build \
  --root="${PWD}" --python="${CM_PYTHON_VENV_BIN_WITH_PATH:-${CM_PYTHON_BIN_WITH_PATH}}" \
  --engine="${CM_MLPERF_NATIVE_HARNESS_ENGINE:-}" > native-harness.txt || exit 1
