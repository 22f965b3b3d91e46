"""ImageNet pictures as arrays, ready for a classifier."""

from __future__ import annotations

import os

from franca.hooks.given import from_user


def preprocess(i):
    """Make the paths of the user absolute; the current folder is the cache entry already."""
    env = i["env"]
    for key, target, is_there in (
        ("CM_DATASET_GIVEN_FOLDER", "CM_IMAGENET_PATH", os.path.isdir),
        ("CM_DATASET_GIVEN_LABELS", "CM_DATASET_LABELS_FILE", os.path.isfile),
    ):
        given = str(env.get(key) or "")
        if given:
            env[target] = from_user(env, given)
            if not is_there(env[target]):
                return {"return": 1, "error": f"{env[target]} does not exist"}
    size = str(env.get("CM_DATASET_WANTED_SIZE") or "0")
    return {"return": 0} if size.isdigit() else {"return": 1, "error": f"size {size!r}: expected a whole number"}


def postprocess(i):
    """Export the arrays and their list."""
    env, folder = i["env"], os.getcwd()
    files = os.path.join(folder, "preprocessed_files.txt")
    with open(files, encoding="utf-8") as stream:
        env["CM_DATASET_SIZE"] = str(sum(1 for _ in stream))
    env["CM_DATASET_PREPROCESSED_PATH"], env["CM_DATASET_PREPROCESSED_IMAGES_LIST"] = folder, files
    env["CM_DATASET_PREPROCESSED_LABELS"] = os.path.join(folder, "val_map.txt")
    env["CM_GET_DEPENDENT_CACHED_PATH"] = files
    return {"return": 0}
