#!/bin/bash
# Writes the version of the candidate where the engine looks for it. -I keeps the
# caller's PYTHONPATH and start-up files out, -S skips its site folder.
"${CM_PYTHON_BIN_WITH_PATH:?no interpreter was chosen}" -I -S --version > tmp-ver.out 2>&1 || exit 1
