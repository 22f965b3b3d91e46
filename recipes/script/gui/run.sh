#!/bin/bash
serve=(--address "${CM_GUI_ADDRESS}" --port "${CM_GUI_PORT}")
case "${CM_GUI_NO_RUN:-no}" in
  yes | True | true | on | 1) serve=(--only-write) ;;
esac
"${CM_PYTHON_BIN_WITH_PATH:?no interpreter was chosen}" -I -B "${CM_TMP_CURRENT_SCRIPT_PATH}/page.py" \
  tmp-gui.json "${CM_GUI_PAGE_FILE_WITH_PATH}" "${serve[@]}" || exit 1
