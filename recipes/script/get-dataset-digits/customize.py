"""The handwritten digits of scikit-learn as files: a training part and a hold-out part."""

from __future__ import annotations

import os

from franca.hooks.made import read_here


def postprocess(i):
    """Export where the files are and how many pictures each part has."""
    env = i["env"]
    manifest_path, manifest = read_here("manifest.json")
    env["CM_DATASET"] = "digits"
    env["CM_DATASET_PATH"] = env["CM_DATASET_DIGITS_PATH"] = os.path.dirname(manifest_path)
    env["CM_DATASET_DIGITS_MANIFEST"] = manifest_path
    env["CM_DATASET_DIGITS_TRAIN_COUNT"] = str(manifest["train_count"])
    env["CM_DATASET_DIGITS_HOLDOUT_COUNT"] = str(manifest["holdout_count"])
    env["CM_GET_DEPENDENT_CACHED_PATH"] = manifest_path
    return {"return": 0, "version": str(manifest["format"])}
