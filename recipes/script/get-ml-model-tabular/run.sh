#!/bin/bash
# One thread: sums then always have the same order, so the weights do not depend on the number of cores.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 VECLIB_MAXIMUM_THREADS=1
"${CM_PYTHON_VENV_BIN_WITH_PATH:?the packages are missing}" -I -B "${CM_TMP_CURRENT_SCRIPT_PATH}/train_tabular.py" \
  --data "${CM_DATASET_TABULAR_PATH}" --target "${CM_ML_MODEL_ACCURACY_TARGET}" --out "${PWD}" || exit 1
