#!/bin/bash
"${CM_PYTHON_VENV_BIN_WITH_PATH:?the packages are missing}" -I -B "${CM_TMP_CURRENT_SCRIPT_PATH}/classify.py" \
  --model "${CM_APP_MODEL_FILE}" --image "${CM_IMAGE}" --labels "${CM_APP_LABELS_FILE}" --kind "${CM_APP_MODEL_KIND}" \
  --top "${CM_APP_TOP}" --means "${CM_ML_MODEL_GIVEN_CHANNEL_MEANS}" --output-name "${CM_ML_MODEL_OUTPUT_NAME}" \
  --result "tmp-classification.json" || exit 1
