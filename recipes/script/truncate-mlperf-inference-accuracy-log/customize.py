"""Truncates the accuracy logs of a submission tree in place; the whole logs are kept beside the tree."""

from __future__ import annotations

import os

from franca.errors import FrancaError
from franca.mlperf.inference.asked import path, text
from franca.mlperf.submission.index import index_tree
from franca.mlperf.submission.truncate import plan_truncation, truncate


def preprocess(i):
    """Cut what is whole; a log that was cut before is left alone."""
    env = i["env"]
    root = path(env, "CM_MLPERF_INFERENCE_SUBMISSION_DIR") or os.path.expanduser(os.path.join("~", "mlperf_submission"))
    backup, submitter = root + "_logs", text(env, "CM_MLPERF_SUBMITTER")
    try:
        for item in plan_truncation(root, index_tree(root)):
            if submitter in ("", item.directory.split("/")[1]):
                print(f"{item.directory}: {item.describe()}", flush=True)
                truncate(root, item, backup)
    except FrancaError as error:
        return {"return": error.status, "error": "\n".join(error.lines())}
    env["CM_MLPERF_INFERENCE_SUBMISSION_DIR"] = root
    if os.path.isdir(backup):
        env["CM_MLPERF_INFERENCE_SUBMISSION_LOGS"] = backup
    return {"return": 0}
