#!/bin/bash
"${CM_PYTHON_VENV_BIN_WITH_PATH:?the packages are missing}" -I -B "${CM_TMP_CURRENT_SCRIPT_PATH}/make_tabular.py" \
  "${CM_DATASET_TABULAR}" "${PWD}" "${CM_TMP_CURRENT_SCRIPT_PATH}/digests.txt" || exit 1
