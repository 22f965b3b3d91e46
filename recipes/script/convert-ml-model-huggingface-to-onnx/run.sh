#!/bin/bash
"${CM_PYTHON_VENV_BIN_WITH_PATH:?the packages are missing}" -I -m optimum.exporters.onnx \
  --model "${CM_MODEL_HUGG_PATH}" --task "${CM_MODEL_HUGG_TASK}" "${PWD}/onnx" || exit 1
