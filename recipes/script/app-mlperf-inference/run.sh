#!/bin/bash
# Runs the benchmark request that customize.py wrote. The process that coordinates is Franca's own Python; LoadGen
# and the model run in children of it, in the environment of the packages.
# Status 3: everything ran, but a result is INVALID or an accuracy is off. That is a finding, not a failure, unless
# the user asked for --strict.

PYTHONPATH="${CM_MLPERF_FRANCA_SOURCE}" "${CM_MLPERF_FRANCA_PYTHON}" -m franca.mlperf.inference.run \
  --spec "${CM_MLPERF_INFERENCE_SPEC}"
status=$?

if [ "${status}" = 3 ] && [ "${CM_MLPERF_INFERENCE_STRICT}" != yes ]; then
  status=0
fi
exit "${status}"
