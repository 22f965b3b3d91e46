"""OpenImages pictures as arrays, ready for the RetinaNet of MLPerf inference."""

from __future__ import annotations

import os

from franca.hooks.given import from_user


def preprocess(i):
    """Take a folder that the user has; its path is relative to where the user is, not to the cache entry."""
    env = i["env"]
    given = str(env.get("CM_DATASET_GIVEN_FOLDER") or "")
    if not given:
        return {"return": 0}
    folder = from_user(env, given)
    annotations = os.path.join(folder, "annotations", "openimages-mlperf.json")
    if not os.path.isfile(annotations):
        return {"return": 1, "error": f"{annotations} does not exist"}
    env["CM_DATASET_PATH_ROOT"], env["CM_DATASET_PATH"] = folder, os.path.join(folder, "validation", "data")
    env["CM_DATASET_ANNOTATIONS_DIR_PATH"] = os.path.dirname(annotations)
    env["CM_DATASET_ANNOTATIONS_FILE_PATH"] = annotations
    return {"return": 0}


def postprocess(i):
    """Export the arrays and their list."""
    env, folder = i["env"], os.getcwd()
    files = os.path.join(folder, "preprocessed_files.txt")
    with open(files, encoding="utf-8") as stream:
        env["CM_DATASET_SIZE"] = str(sum(1 for _ in stream))
    env["CM_DATASET_PREPROCESSED_PATH"], env["CM_DATASET_PREPROCESSED_IMAGES_LIST"] = folder, files
    env["CM_GET_DEPENDENT_CACHED_PATH"] = files
    return {"return": 0}
