"""A small model of a table, an ONNX file, trained here from the training part."""

from __future__ import annotations

from franca.hooks.model import check_target, export_card


def preprocess(i):
    """Refuse a target that is no percentage before anything is trained."""
    return check_target(i["env"], "95")


def postprocess(i):
    """Export the model and what its card says."""
    env = i["env"]
    card = export_card(env)
    env["CM_ML_MODEL_ACCURACY_TARGET"] = str(card["accuracy_target"])
    env["CM_ML_MODEL_OUTPUT_NAME"] = card["output"]["name"]
    return {"return": 0, "version": card["version"], "add_extra_cache_tags": ["_" + card["name"]]}
