"""A small classifier of handwritten digits, an ONNX or TorchScript file, trained here from the training part."""

from __future__ import annotations

import json
import os


def preprocess(i):
    """Refuse a target that is no percentage before anything is trained."""
    given = str(i["env"].get("CM_ML_MODEL_ACCURACY_TARGET", ""))
    try:
        right = 0.0 <= float(given) <= 100.0
    except ValueError:
        right = False
    if not right:
        return {"return": 1, "error": f"target {given!r}: expected a percentage such as 96.5"}
    return {"return": 0}


def postprocess(i):
    """Export the model and what its card says."""
    env, folder = i["env"], os.getcwd()
    card_path = os.path.join(folder, "model-card.json")
    with open(card_path, encoding="utf-8") as stream:
        card = json.load(stream)
    path = os.path.join(folder, card["file"])
    env["CM_ML_MODEL"] = card["name"]
    env["CM_ML_MODEL_FILE"] = card["file"]
    env["CM_ML_MODEL_PATH"] = folder
    env["CM_ML_MODEL_FILE_WITH_PATH"] = path
    env["CM_ML_MODEL_CARD_WITH_PATH"] = card_path
    env["CM_ML_MODEL_ACCURACY"] = f"{card['holdout_accuracy']:.4f}"
    env["CM_ML_MODEL_ACCURACY_TARGET"] = str(card["accuracy_target"])
    env["CM_ML_MODEL_INPUT_NAME"] = card["input"]["name"]
    env["CM_ML_MODEL_INPUT_SHAPE"] = ",".join(str(size) for size in card["input"]["shape"])
    env["CM_ML_MODEL_OUTPUT_NAME"] = card["output"]["name"]
    env["CM_ML_MODEL_SHA256"] = card["sha256"]
    env["CM_GET_DEPENDENT_CACHED_PATH"] = path
    return {"return": 0, "version": card["version"], "add_extra_cache_tags": ["_" + card["kind"], "_" + card["format"]]}
