#!/bin/bash
python="${CM_PYTHON_VENV_BIN_WITH_PATH:?the packages are missing}"
here="${CM_TMP_CURRENT_SCRIPT_PATH:?}"
target="${PWD}"
if [ "${CM_DATASET_DIGITS_SPLIT}" = submission ]; then
  target="${PWD}/study"
  mkdir -p "${target}" || exit 1
fi
"${python}" -I -B "${here}/make_digits.py" "${target}" "${here}/digests.txt" || exit 1
[ "${target}" = "${PWD}" ] || "${python}" -I -B "${here}/split_digits.py" "${target}" "${PWD}" || exit 1
