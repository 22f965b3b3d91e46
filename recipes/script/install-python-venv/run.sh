#!/bin/bash
# The work path is passed by the working directory, not by a variable: a folder
# name may hold any character.
"${CM_PYTHON_BIN_WITH_PATH:?no interpreter was chosen}" -I -B "${CM_TMP_CURRENT_SCRIPT_PATH}/make_venv.py" "${PWD}/venv" || exit 1
