"""Imports the results of submission trees, or of published summaries, as experiments."""

from __future__ import annotations

import os
import subprocess
import sys

import franca
from franca.mlperf.inference.asked import is_on, path, text

SUMMARY = "summary.csv"


def preprocess(i):
    """Hand the request to the command line, which knows the repositories."""
    env = i["env"]
    source = path(env, "CM_MLPERF_INFERENCE_SUBMISSION_DIR")
    if not source and is_on(env, "CM_SKIP_SUBMISSION_CHECKER"):
        source = os.path.abspath(SUMMARY)  # what a checker wrote before
    words = ["results", "import", source or os.path.expanduser(os.path.join("~", "mlperf_submission"))]
    target, submitter = text(env, "CM_IMPORT_MLPERF_INFERENCE_TARGET_REPO"), text(env, "CM_MLPERF_SUBMITTER")
    if submitter:
        words.append(f"--submitter={submitter}")
    if target and target != "local":
        found = own("find", "repo", target, capture_output=True)
        folders = found.stdout.split("\n") if found.returncode == 0 else []
        if not folders or not os.path.isdir(folders[0]):
            return {"return": 1, "error": f"--target_repo={target}: no repository of this name; franca find repo"}
        words.append(f"--store={os.path.join(folders[0], 'experiment')}")
    done = own(*words)
    return {"return": 0} if done.returncode == 0 else {"return": 1, "error": "the results were not imported"}


def own(*words, **more):
    """Run Franca's command line with these words."""
    source = os.path.dirname(os.path.dirname(os.path.abspath(franca.__file__)))
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from franca._boot import main; main('franca')"
    return subprocess.run([sys.executable, "-c", code, source, *words], text=True, check=False, **more)
