"""Pictures of OpenImages with their boxes: the validation set of MLPerf inference, or its calibration pictures."""

from __future__ import annotations

import json
import os
import pathlib

from franca.hooks.given import from_user


def preprocess(i):
    """Check the inputs; paths of the user are relative to where the user is, not to the cache entry."""
    env = i["env"]
    size = str(env.get("CM_DATASET_SIZE") or "")
    if size and not size.isdigit():
        return {"return": 1, "error": f"size {size!r}: expected a whole number"}
    threads = str(env.get("CM_DATASET_THREADS") or "")
    if not threads.isdigit() or not 1 <= int(threads) <= 64:
        return {"return": 1, "error": f"threads {threads!r}: expected a number from 1 to 64"}
    # Other keys than those of the flags, which stay as they were typed.
    for given, target in (
        ("CM_DATASET_GIVEN_ANNOTATIONS", "CM_DATASET_ANNOTATIONS_FILE_PATH"),
        ("CM_DATASET_GIVEN_LIST", "CM_MLPERF_OPENIMAGES_CALIBRATION_LIST_FILE_WITH_PATH"),
    ):
        if env.get(given):
            env[target] = from_user(env, str(env[given]))
            if not os.path.isfile(env[target]):
                return {"return": 1, "error": f"{env[target]} does not exist"}
    url = str(env["CM_DATASET_OPENIMAGES_URL"])
    env["CM_DATASET_OPENIMAGES_STORE"] = url if "://" in url else pathlib.Path(from_user(env, url)).as_uri()
    return {"return": 0}


def postprocess(i):
    """Export the folders, in the places where the programs of MLPerf look."""
    env, root = i["env"], os.path.join(os.getcwd(), "install")
    if env.get("CM_DATASET_CALIBRATION") == "yes":
        folder = os.path.join(root, "calibration", "data")
        env["CM_CALIBRATION_DATASET_PATH"] = env["CM_OPENIMAGES_CALIBRATION_DATASET_PATH"] = folder
        env["CM_CALIBRATION_DATASET_PATH_ROOT"] = root
    else:
        folder = os.path.join(root, "validation", "data")
        annotations = os.path.join(root, "annotations", "openimages-mlperf.json")
        with open(annotations, encoding="utf-8") as stream:
            env["CM_DATASET_SIZE"] = str(len(json.load(stream)["images"]))
        env["CM_DATASET_PATH"] = env["CM_DATASET_OPENIMAGES_PATH"] = folder
        env["CM_DATASET_PATH_ROOT"] = env["CM_DATASET_OPENIMAGES_PATH_ROOT"] = root
        env["CM_DATASET_ANNOTATIONS_DIR_PATH"] = os.path.dirname(annotations)
        env["CM_DATASET_ANNOTATIONS_FILE_PATH"] = annotations
        env["CM_DATASET_VALIDATION_ANNOTATIONS_FILE_PATH"] = annotations
    env["CM_GET_DEPENDENT_CACHED_PATH"] = folder
    return {"return": 0}
