"""BERT Large for SQuAD 1.1 of MLPerf inference, from its published places."""

from __future__ import annotations

import os

from franca.hooks.given import use_given_file


def preprocess(i):
    """Refuse combinations for which nothing is published."""
    env = i["env"]
    if not env.get("CM_ML_MODEL_URL"):
        what = f"{env.get('CM_ML_MODEL_FRAMEWORK')} with {env.get('CM_ML_MODEL_PRECISION')}"
        return {"return": 1, "error": f"no published BERT Large file is known for {what}"}
    use_given_file(env, "CM_ML_MODEL_GIVEN_FILE")
    return {"return": 0}


def postprocess(i):
    """Export the checked file."""
    env = i["env"]
    path = env["CM_DOWNLOAD_DOWNLOADED_PATH"]
    env["CM_ML_MODEL_FILE_WITH_PATH"] = env["CM_GET_DEPENDENT_CACHED_PATH"] = path
    env[f"CM_ML_MODEL_BERT_LARGE_{env['CM_ML_MODEL_PRECISION'].upper()}_PATH"] = path
    env["CM_ML_MODEL_PATH"], env["CM_ML_MODEL_FILE"] = os.path.split(path)
    return {"return": 0}
