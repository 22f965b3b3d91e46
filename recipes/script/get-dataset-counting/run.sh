#!/bin/bash
"${CM_PYTHON_BIN_WITH_PATH:?there is no Python}" -I -B "${CM_TMP_CURRENT_SCRIPT_PATH}/make_counting.py" "${PWD}" || exit 1
