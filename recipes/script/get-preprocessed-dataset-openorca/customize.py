"""OpenOrca as MLPerf prepares it for llama2-70b: 24576 prompts in token ids, with the expected answers.

The published file is a pickle. It is checked against the MD5 of the storage of MLCommons and left as it is;
_convert-pickle turns it into Parquet, which runs what is in it.
"""

from __future__ import annotations

import os

from franca.hooks.given import from_user

FORMS = (".parquet", ".jsonl", ".json")


def preprocess(i):
    """Take a file that is given, or ask the dependency to fetch the set."""
    env = i["env"]
    given = str(env.get("CM_DATASET_OPENORCA_GIVEN") or "")
    if not given:
        env["CM_TMP_OPENORCA_FETCH"] = "yes"
        return {"return": 0}
    path = from_user(env, given)
    if not os.path.isfile(path):
        return {"return": 1, "error": f"{path} does not exist"}
    if not path.endswith(FORMS):
        return {"return": 1, "error": f"--from={given}: expected a file in {', '.join(FORMS)}"}
    env["CM_DATASET_OPENORCA_GIVEN"] = path
    env["CM_DATASET_OPENORCA_CONVERT"] = "no"
    return {"return": 0}


def postprocess(i):
    """Export the file."""
    env = i["env"]
    path = env.get("CM_DATASET_OPENORCA_GIVEN")
    if not path:
        path = os.path.join(env["CM_MLPERF_STORAGE_PATH"], env["CM_DATASET_OPENORCA_FILE"])
    if env.get("CM_DATASET_OPENORCA_CONVERT") == "yes":
        path = os.path.join(os.getcwd(), "openorca.parquet")
    if not os.path.isfile(path):
        return {"return": 1, "error": f"{path} is missing"}
    env["CM_DATASET_PREPROCESSED_PATH"] = env["CM_DATASET_OPENORCA_PREPROCESSED_PATH"] = path
    env["CM_GET_DEPENDENT_CACHED_PATH"] = path
    return {"return": 0}
