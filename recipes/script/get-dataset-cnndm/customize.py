"""CNN/DailyMail as MLPerf prepares it: articles to summarise, and what a summary should say.

The set of llama3.1-8b comes from the storage of MLCommons, checked file by file. That of gptj is made from release
3.0.0 of CNN/DailyMail by the script of the benchmark: give its result with --from=cnn_eval.json.
"""

from __future__ import annotations

import json
import os

from franca.hooks.given import from_user


def preprocess(i):
    """Take a file that is given, or ask the dependency to fetch the set."""
    env = i["env"]
    given = str(env.get("CM_DATASET_CNNDM_GIVEN") or "")
    if given:
        env["CM_DATASET_CNNDM_GIVEN"] = from_user(env, given)
        return {"return": 0}
    if not env.get("CM_DATASET_CNNDM_URL"):
        return {
            "return": 1,
            "error": "the set of gptj has no public place: give your copy with --from=cnn_eval.json "
            "(to a benchmark: --dataset_path=cnn_eval.json)",
        }
    env["CM_TMP_CNNDM_FETCH"] = "yes"
    return {"return": 0}


def postprocess(i):
    """Check that the file holds articles and summaries, and export it."""
    env = i["env"]
    given = env.get("CM_DATASET_CNNDM_GIVEN")
    path = given or os.path.join(env["CM_MLPERF_STORAGE_PATH"], env["CM_DATASET_CNNDM_FILE"])
    problem = wrong(path)
    if problem:
        return {"return": 1, "error": f"{path} {problem}"}
    if env.get("CM_DATASET_CALIBRATION") == "yes":
        env["CM_CALIBRATION_DATASET_PATH"] = env["CM_CALIBRATION_DATASET_CNNDM_PATH"] = path
    else:
        env["CM_DATASET_EVAL_PATH"] = env["CM_DATASET_CNNDM_EVAL_PATH"] = path
        env["CM_DATASET_PATH"] = os.path.dirname(path)
    env["CM_GET_DEPENDENT_CACHED_PATH"] = path
    return {"return": 0}


def wrong(path):
    """What is wrong with the file; an empty text when nothing is."""
    if not os.path.isfile(path):
        return "does not exist"
    try:
        with open(path, encoding="utf-8") as source:
            content = json.load(source)
    except (OSError, ValueError) as error:
        return f"is no JSON: {error}"
    if not isinstance(content, list) or not content:
        return "is no list of articles"
    return "" if all(isinstance(one, dict) and "output" in one for one in content) else "has a record without an output"
