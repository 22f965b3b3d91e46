"""A new tree of what can be submitted: names the places, a program of Franca does the work."""

from __future__ import annotations

import os

from franca.hooks.given import from_user
from franca.hooks.own import hand_over, with_newer_names

WORDS = {"": "no", "no": "no", "false": "no", "off": "no", "0": "no"}
WORDS |= dict.fromkeys(("yes", "true", "on", "1"), "yes")


def preprocess(i):
    """Find the tree and choose the name of the new one; an older one is not touched."""
    env = i["env"]
    with_newer_names(env)
    given = str(env.get("CM_MLPERF_INFERENCE_SUBMISSION_DIR") or "")
    if not given:
        return {"return": 1, "error": "name the submission tree with --input=FOLDER"}
    tree = from_user(env, given)
    if not os.path.isdir(tree):
        return {"return": 1, "error": f"--input={given}: no folder {tree}"}
    infer = str(env.get("CM_MLPERF_DUPLICATE_SCENARIO_RESULTS") or "").strip().lower()
    if infer not in WORDS:
        return {"return": 1, "error": f"--infer_scenario_results={infer}: expected yes or no"}
    new = str(env.get("CM_MLPERF_INFERENCE_SUBMISSION_PROCESSED_DIR") or "")
    env["CM_MLPERF_INFERENCE_SUBMISSION_TREE"] = from_user(env, new) if new else f"{tree}_processed"
    env["CM_MLPERF_INFERENCE_SUBMISSION_DIR"] = tree
    env["CM_MLPERF_DUPLICATE_SCENARIO_RESULTS"] = WORDS[infer]
    env.setdefault("CM_MLPERF_SUBMITTER", "")
    env.setdefault("CM_MLPERF_INFERENCE_ROUND", "")
    hand_over(env)
    return {"return": 0}
