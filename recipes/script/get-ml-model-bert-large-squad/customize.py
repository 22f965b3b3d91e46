"""BERT Large for SQuAD 1.1 of MLPerf inference, from its published places."""

from __future__ import annotations

from franca.hooks.model import export_file, fetch_published


def preprocess(i):
    """Refuse combinations for which nothing is published."""
    return fetch_published(i["env"], "BERT Large")


def postprocess(i):
    """Export the checked file."""
    env = i["env"]
    path = env["CM_DOWNLOAD_DOWNLOADED_PATH"]
    export_file(env, path)
    env[f"CM_ML_MODEL_BERT_LARGE_{env['CM_ML_MODEL_PRECISION'].upper()}_PATH"] = path
    return {"return": 0}
