"""Boxes of the OpenImages validation pictures as MLPerf inference uses them (COCO form, 264 classes)."""

from __future__ import annotations

import json
import os

from franca.hooks.given import from_user

_FILE = "openimages-mlperf.json"


def preprocess(i):
    """Take a file or an archive that the user has; paths are relative to where the user is."""
    env = i["env"]
    given = str(env.get("CM_DATASET_GIVEN_ARCHIVE") or "")
    if not given:
        return {"return": 0}
    path = from_user(env, given)
    if not os.path.isfile(path):
        return {"return": 1, "error": f"{path} does not exist"}
    if path.endswith(".json"):
        env["CM_TMP_ANNOTATIONS_GIVEN"] = path
    else:
        env["CM_DOWNLOAD_LOCAL_FILE_PATH"] = path
    return {"return": 0}


def postprocess(i):
    """Check that it is what its name says, and export it."""
    env = i["env"]
    path = env.get("CM_TMP_ANNOTATIONS_GIVEN") or found_below(env["CM_EXTRACT_EXTRACTED_PATH"])
    if not path:
        return {"return": 1, "error": f"{_FILE} was not found in {env['CM_EXTRACT_EXTRACTED_PATH']}"}
    problem = problem_of(path)
    if problem:
        return {"return": 1, "error": f"{path}: {problem}"}
    env["CM_DATASET_ANNOTATIONS_FILE_PATH"] = env["CM_DATASET_OPENIMAGES_ANNOTATIONS_FILE_PATH"] = path
    folder = os.path.dirname(path)
    env["CM_DATASET_ANNOTATIONS_DIR_PATH"] = env["CM_DATASET_OPENIMAGES_ANNOTATIONS_DIR_PATH"] = folder
    env["CM_GET_DEPENDENT_CACHED_PATH"] = path
    return {"return": 0}


def found_below(folder):
    """The path of the annotations below a folder, or an empty text."""
    for root, folders, files in os.walk(folder):
        folders.sort()
        if _FILE in files:
            return os.path.join(root, _FILE)
    return ""


def problem_of(path):
    """What is wrong with a file of annotations; an empty text when nothing is."""
    try:
        with open(path, encoding="utf-8") as stream:
            content = json.load(stream)
    except (OSError, ValueError) as error:
        return f"not readable as JSON: {error}"
    missing = [key for key in ("images", "annotations", "categories") if not isinstance(content.get(key), list)]
    return f"expected lists named {', '.join(missing)}" if missing else ""
