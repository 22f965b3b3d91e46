"""The validation pictures of ImageNet 2012: 500 of them from a public place, all 50000 from your own copy."""

from __future__ import annotations

import os

from franca.hooks.given import from_user

_PICTURES = (".jpeg", ".jpg", ".png")


def preprocess(i):
    """Take a folder that is given, or ask the dependency to fetch the archive."""
    env = i["env"]
    given = str(env.get("CM_IMAGENET_PATH") or "")
    if given:
        folder = from_user(env, given)
        if not os.path.isdir(folder):
            return {"return": 1, "error": f"imagenet_path {folder} is not a folder"}
        env["CM_DATASET_PATH"] = folder
        return {"return": 0}
    archive = str(env.get("CM_DATASET_GIVEN_ARCHIVE") or "")
    if archive:
        env["CM_DOWNLOAD_LOCAL_FILE_PATH"] = from_user(env, archive)
    elif not env.get("CM_DATASET_IMAGENET_URL"):
        return {
            "return": 1,
            "error": "the full ImageNet validation set may only be had after registering at image-net.org:"
            " give your copy with --from=/path/to/ILSVRC2012_img_val.tar or --imagenet_path=/folder",
        }
    env["CM_TMP_IMAGENET_FETCH"] = "yes"
    return {"return": 0}


def postprocess(i):
    """Check that there are pictures, and export where they are."""
    env = i["env"]
    folder = env.get("CM_DATASET_PATH") if env.get("CM_IMAGENET_PATH") else env.get("CM_EXTRACT_EXTRACTED_PATH")
    root = picture_folder(str(folder or ""))
    if not root:
        return {"return": 1, "error": f"no pictures were found in {folder}"}
    env["CM_DATASET_PATH"] = env["CM_DATASET_IMAGENET_PATH"] = env["CM_DATASET_IMAGENET_VAL_PATH"] = root
    env["CM_GET_DEPENDENT_CACHED_PATH"] = root
    return {"return": 0}


def picture_folder(folder):
    """The folder itself or its first sub-folder that holds pictures, or an empty text."""
    for root, folders, files in os.walk(folder):
        folders.sort()
        if any(name.lower().endswith(_PICTURES) for name in files):
            return root
    return ""
