#!/bin/bash
# Writes the version of the candidate where the engine looks for it.
LC_ALL=C "${CM_NVCC_BIN_WITH_PATH:?no program was chosen}" --version > tmp-ver.out 2>&1 || exit 1
