#!/bin/bash
# The command is in a file, so that quotes and dollar signs in it arrive as they were written.
"${CM_TMP_BENCHMARK_PYTHON:?}" -I -B "${CM_TMP_CURRENT_SCRIPT_PATH}/measure.py" "tmp-benchmark.json" || exit 1
