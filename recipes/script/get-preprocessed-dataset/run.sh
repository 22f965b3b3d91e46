#!/bin/bash
"${CM_PYTHON_VENV_BIN_WITH_PATH:?the packages are missing}" -I -B "${CM_TMP_CURRENT_SCRIPT_PATH}/prepare.py" \
  --pictures "${CM_DATASET_PATH}" --labels "${CM_DATASET_LABELS_FILE:-${CM_DATASET_AUX_PATH}/val.txt}" --out "${PWD}" \
  --size "${CM_DATASET_IMAGE_SIZE}" --crop "${CM_DATASET_CROP_FACTOR}" --count "${CM_DATASET_WANTED_SIZE:-0}" \
  --layout "${CM_DATASET_DATA_LAYOUT}" --means "${CM_DATASET_GIVEN_CHANNEL_MEANS}" \
  --normalize "${CM_DATASET_NORMALIZE_DATA}" || exit 1
