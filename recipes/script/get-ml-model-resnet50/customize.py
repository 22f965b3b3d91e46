"""ResNet-50 v1.5 of MLPerf inference, from its published places."""

from __future__ import annotations

from franca.hooks.model import export_file, fetch_published


def preprocess(i):
    """Refuse combinations for which nothing is published."""
    return fetch_published(i["env"], "ResNet-50")


def postprocess(i):
    """Export the checked file."""
    env = i["env"]
    export_file(env, env["CM_DOWNLOAD_DOWNLOADED_PATH"])
    env["CM_ML_MODEL_SHA256"] = str(env.get("CM_DOWNLOAD_DOWNLOADED_SHA256") or "")
    return {"return": 0}
