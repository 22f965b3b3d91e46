"""A table of scikit-learn as files: a training part and a hold-out part."""

from __future__ import annotations

import os

from franca.hooks.made import read_here


def postprocess(i):
    """Export where the files are, what is asked of a model, and how many rows each part has."""
    env = i["env"]
    manifest_path, manifest = read_here("manifest.json")
    env["CM_DATASET"] = manifest["name"]
    env["CM_DATASET_PATH"] = env["CM_DATASET_TABULAR_PATH"] = os.path.dirname(manifest_path)
    env["CM_DATASET_TABULAR_KIND"] = manifest["kind"]
    env["CM_DATASET_TABULAR_TRAIN_COUNT"] = str(manifest["train_count"])
    env["CM_DATASET_TABULAR_HOLDOUT_COUNT"] = str(manifest["holdout_count"])
    env["CM_GET_DEPENDENT_CACHED_PATH"] = manifest_path
    return {"return": 0, "version": str(manifest["format"])}
