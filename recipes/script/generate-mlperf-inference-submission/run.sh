#!/bin/bash
"${CM_MLPERF_FRANCA_PYTHON}" -m franca.mlperf.submission.build_main "${CM_MLPERF_SUBMISSION_OPTIONS}"
