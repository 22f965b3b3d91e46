#!/bin/bash
if [[ "${CM_DATASET_CALIBRATION:-}" == yes ]]; then
  what=(--list "${CM_MLPERF_OPENIMAGES_CALIBRATION_LIST_FILE_WITH_PATH}" --split train)
else
  what=(--annotations "${CM_DATASET_ANNOTATIONS_FILE_PATH}" --split validation)
fi
"${CM_PYTHON_BIN_WITH_PATH:?no interpreter was chosen}" -I -B "${CM_TMP_CURRENT_SCRIPT_PATH}/fetch.py" "${what[@]}" \
  --url "${CM_DATASET_OPENIMAGES_STORE}" --count "${CM_DATASET_SIZE:-0}" --threads "${CM_DATASET_THREADS}" \
  --out "${PWD}/install" || exit 1
