#!/bin/bash
"${CM_PYTHON_VENV_BIN_WITH_PATH:?the packages are missing}" -I -B "${CM_TMP_CURRENT_SCRIPT_PATH}/split_digits.py" \
  "${CM_DATASET_DIGITS_PATH}" "${PWD}" || exit 1
