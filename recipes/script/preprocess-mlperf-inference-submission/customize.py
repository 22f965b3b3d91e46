"""A new tree of what can be submitted: names the places, a program of Franca does the work."""

from __future__ import annotations

import os
import sys

from franca.hooks.given import from_user

WORDS = {"": "no", "no": "no", "false": "no", "off": "no", "0": "no"}
WORDS |= dict.fromkeys(("yes", "true", "on", "1"), "yes")


def preprocess(i):
    """Find the tree and choose the name of the new one; an older one is not touched."""
    import franca

    env = i["env"]
    for key in [key for key in env if key.startswith("MLC_")]:  # the newer front end's names
        env.setdefault("CM_" + key[4:], env[key])
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
    env["CM_MLPERF_FRANCA_PYTHON"] = sys.executable
    env["CM_MLPERF_FRANCA_SOURCE"] = os.path.dirname(os.path.dirname(os.path.abspath(franca.__file__)))
    return {"return": 0}
