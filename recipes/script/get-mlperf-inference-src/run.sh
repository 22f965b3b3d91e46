#!/bin/bash
# The clone gets its name when it is complete, so that a broken run leaves none.
set -o pipefail
git="${CM_GIT_BIN_WITH_PATH:-git}"
rm -rf inference inference.part
depth=()
if [[ "${CM_GIT_DEPTH:-0}" != 0 && -z "${CM_GIT_SHA:-}" ]]; then
  depth=(--depth "${CM_GIT_DEPTH}")
fi
branch=()
if [[ -n "${CM_GIT_CHECKOUT:-}" && -z "${CM_GIT_SHA:-}" ]]; then
  branch=(--branch "${CM_GIT_CHECKOUT}")
fi
"${git}" clone --quiet "${depth[@]}" "${branch[@]}" -- "${CM_GIT_URL}" inference.part || exit 1
if [[ -n "${CM_GIT_SHA:-}" ]]; then
  "${git}" -C inference.part checkout --quiet "${CM_GIT_SHA}" -- || exit 1
fi
if [[ "${CM_GIT_RECURSE_SUBMODULES:-no}" == yes ]]; then
  "${git}" -C inference.part submodule update --quiet --init --recursive || exit 1
fi
printf "CM_MLPERF_INFERENCE_COMMIT=" > tmp-run-env.out
"${git}" -C inference.part rev-parse HEAD >> tmp-run-env.out || exit 1
mv inference.part inference || exit 1
