#!/usr/bin/env bash
# The main job: a complete MLPerf-style inference benchmark, from nothing to a report.
# Arguments go to the command, for example: scripts/demo.sh --scenario=Offline
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_venv ""
exec "$venv/bin/franca" run script "run mlperf inference" --quiet "$@"
