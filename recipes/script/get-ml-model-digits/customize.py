"""A small classifier of handwritten digits, an ONNX or TorchScript file, trained here from the training part."""

from __future__ import annotations

from franca.hooks.model import check_target, export_card


def preprocess(i):
    """Refuse a target that is no percentage before anything is trained."""
    return check_target(i["env"], "96.5")


def postprocess(i):
    """Export the model and what its card says."""
    env = i["env"]
    card = export_card(env)
    env["CM_ML_MODEL_ACCURACY_TARGET"] = str(card["accuracy_target"])
    env["CM_ML_MODEL_INPUT_NAME"] = card["input"]["name"]
    env["CM_ML_MODEL_INPUT_SHAPE"] = ",".join(str(size) for size in card["input"]["shape"])
    env["CM_ML_MODEL_OUTPUT_NAME"] = card["output"]["name"]
    return {"return": 0, "version": card["version"], "add_extra_cache_tags": ["_" + card["kind"], "_" + card["format"]]}
