#!/bin/bash
pictures="${CM_DATASET_PATH:-}"
if [[ "${CM_DATASET_CALIBRATION:-}" == yes ]]; then
  pictures="${CM_CALIBRATION_DATASET_PATH}"
fi
"${CM_PYTHON_VENV_BIN_WITH_PATH:?the packages are missing}" -I -B "${CM_TMP_CURRENT_SCRIPT_PATH}/prepare.py" \
  --pictures "${pictures}" --out "${PWD}" --side "${CM_DATASET_INPUT_SQUARE_SIDE}" \
  --layout "${CM_DATASET_DATA_LAYOUT}" || exit 1
