#!/bin/bash
set -e
if [ "${CM_DATASET_OPENORCA_CONVERT}" = "yes" ]; then
  "${CM_PYTHON_BIN_WITH_PATH}" "${CM_TMP_CURRENT_SCRIPT_PATH}/to_parquet.py" \
    "${CM_MLPERF_STORAGE_PATH}/${CM_DATASET_OPENORCA_FILE}" openorca.parquet
fi
