"""A language of counting as files: prompts, tokenizer, a part to train from."""

from __future__ import annotations

import os

from franca.hooks.made import read_here


def postprocess(i):
    """Export where the files are, how many prompts each part has, and the tokens that mean something."""
    env = i["env"]
    manifest_path, manifest = read_here("manifest.json")
    env["CM_DATASET"] = "counting"
    env["CM_DATASET_PATH"] = env["CM_DATASET_COUNTING_PATH"] = os.path.dirname(manifest_path)
    for key in ("train_count", "holdout_count", "end", "longest_answer"):
        env[f"CM_DATASET_COUNTING_{key.upper()}"] = str(manifest[key])
    env["CM_GET_DEPENDENT_CACHED_PATH"] = manifest_path
    return {"return": 0, "version": str(manifest["format"])}
