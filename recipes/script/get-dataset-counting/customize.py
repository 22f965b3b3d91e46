"""A language of counting as files: prompts, tokenizer, a part to train from."""

from __future__ import annotations

import json
import os


def postprocess(i):
    """Export where the files are, how many prompts each part has, and the tokens that mean something."""
    env, folder = i["env"], os.getcwd()
    manifest_path = os.path.join(folder, "manifest.json")
    with open(manifest_path, encoding="utf-8") as stream:
        manifest = json.load(stream)
    env["CM_DATASET"] = "counting"
    env["CM_DATASET_PATH"] = env["CM_DATASET_COUNTING_PATH"] = folder
    for key in ("train_count", "holdout_count", "end", "longest_answer"):
        env[f"CM_DATASET_COUNTING_{key.upper()}"] = str(manifest[key])
    env["CM_GET_DEPENDENT_CACHED_PATH"] = manifest_path
    return {"return": 0, "version": str(manifest["format"])}
