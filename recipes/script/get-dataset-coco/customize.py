"""The validation pictures of COCO 2017 with their boxes, all 5000 or 50 of them."""

from __future__ import annotations

import os

from franca.hooks.given import from_user

ANNOTATIONS = os.path.join("annotations", "instances_val2017.json")
PICTURES = "val2017"


def preprocess(i):
    """Take a folder that is given, or ask the dependencies to fetch the two archives."""
    env = i["env"]
    given = str(env.get("CM_DATASET_COCO_GIVEN") or "")
    if given:
        env["CM_DATASET_COCO_GIVEN"] = from_user(env, given)
        return {"return": 0}
    env["CM_TMP_COCO_FETCH"] = "yes"
    env["CM_TMP_COCO_DATA_FILE"] = env["CM_TMP_COCO_ANNOTATIONS_FILE"] = ""
    archives = str(env.get("CM_FROM") or "")
    if archives:
        folder = from_user(env, archives)
        env["CM_TMP_COCO_DATA_FILE"] = os.path.join(folder, env["CM_DATASET_COCO_DATA_ARCHIVE"])
        env["CM_TMP_COCO_ANNOTATIONS_FILE"] = os.path.join(folder, env["CM_DATASET_COCO_ANNOTATIONS_ARCHIVE"])
    return {"return": 0}


def postprocess(i):
    """Check that both parts are there, and export them."""
    env = i["env"]
    root = env.get("CM_DATASET_COCO_GIVEN") or env.get("CM_DATASET_COCO_DATA_PATH")
    boxes = env.get("CM_DATASET_COCO_GIVEN") or env.get("CM_DATASET_COCO_ANNOTATIONS_PATH")
    pictures, annotations = os.path.join(root, PICTURES), os.path.join(boxes, ANNOTATIONS)
    for path, there in ((pictures, os.path.isdir), (annotations, os.path.isfile)):
        if not there(path):
            return {"return": 1, "error": f"no COCO validation set: {path} is missing"}
    env["CM_DATASET_PATH_ROOT"] = env["CM_DATASET_COCO_PATH"] = env["CM_GET_DEPENDENT_CACHED_PATH"] = root
    env["CM_DATASET_PATH"] = env["CM_DATASET_COCO_DATA_PATH"] = pictures
    env["CM_DATASET_COCO_ANNOTATIONS_PATH"] = os.path.dirname(annotations)
    env["CM_DATASET_ANNOTATIONS_FILE_PATH"] = annotations
    return {"return": 0}
