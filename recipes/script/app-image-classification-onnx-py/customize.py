"""Classify a picture with an ONNX model: an example of an application made of reusable recipes."""

from __future__ import annotations

import json
import os
import struct

_PICTURES = (".jpeg", ".jpg", ".png", ".bmp")


def preprocess(i):
    """Fix the model, the picture and the labels."""
    env = i["env"]
    env["CM_APP_MODEL_FILE"] = str(env.get("CM_APP_MODEL_FILE") or env.get("CM_ML_MODEL_FILE_WITH_PATH") or "")
    env["CM_IMAGE"] = os.path.abspath(str(env.get("CM_IMAGE") or default_picture(env)))
    if not env.get("CM_APP_LABELS_FILE"):
        labels = os.path.join(str(env.get("CM_DATASET_AUX_PATH") or ""), "synset_words.txt")
        env["CM_APP_LABELS_FILE"] = labels if env.get("CM_DATASET_AUX_PATH") else ""
    for key, what in (("CM_APP_MODEL_FILE", "model"), ("CM_IMAGE", "picture")):
        if not os.path.isfile(env[key]):
            return {"return": 1, "error": f"{what} {env[key] or '(none)'} does not exist"}
    if not str(env["CM_APP_TOP"]).isdigit():
        return {"return": 1, "error": f"top {env['CM_APP_TOP']!r}: expected a whole number"}
    return {"return": 0}


def default_picture(env):
    """The first picture of the data set; for the digits, the first one that was held out."""
    if env.get("CM_DATASET_DIGITS_PATH"):
        return first_digit(str(env["CM_DATASET_DIGITS_PATH"]))
    folder = str(env.get("CM_DATASET_PATH") or "")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return os.path.join(folder, next((name for name in names if name.lower().endswith(_PICTURES)), ""))


def first_digit(folder):
    """Write the first held-out digit as an array file of its own; the format is simple enough to need no package."""
    target = os.path.abspath("tmp-digit.npy")
    with open(os.path.join(folder, "holdout-images.npy"), "rb") as stream:
        stream.seek(8)
        (length,) = struct.unpack("<H", stream.read(2))
        stream.seek(10 + length)
        pixels = stream.read(8 * 8 * 4)
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (8, 8), }"
    header += b" " * (64 - (len(header) + 11) % 64) + b"\n"
    with open(target, "wb") as stream:
        stream.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + pixels)
    return target


def postprocess(i):
    """Export the result, as values, as state and as a file when a folder is given."""
    env = i["env"]
    with open("tmp-classification.json", encoding="utf-8") as stream:
        result = json.load(stream)
    best = result["top"][0]
    env["CM_APP_IMAGE_CLASSIFICATION_ONNX_PY"] = "success"
    env["CM_APP_IMAGE_CLASSIFICATION_ONNX_PY_CLASS"] = str(best["class"])
    env["CM_APP_IMAGE_CLASSIFICATION_ONNX_PY_LABEL"] = best["label"]
    i["state"]["cm_app_image_classification_onnx_py"] = result
    folder = str(env.get("CM_APP_IMAGE_CLASSIFICATION_ONNX_PY_OUTPUT") or "")
    if folder:
        os.makedirs(folder, exist_ok=True)
        os.replace("tmp-classification.json", os.path.join(folder, "result.json"))
    return {"return": 0}
