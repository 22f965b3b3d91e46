"""Day 23 of the Criteo click logs, multi-hot, as DLRM-v2 takes it: three files of numpy arrays."""

from __future__ import annotations

import hashlib
import os

from franca.hooks.given import from_user

#: MD5 of the published files.
FILES = {
    "day_23_dense.npy": "cdf7af87cbc7e9b468c0be46b1767601",
    "day_23_labels.npy": "dd68f93301812026ed6f58dfb0757fa7",
    "day_23_sparse_multi_hot.npz": "c46b7e31ec6f2f8768fa60bdfc0f6e40",
}


def preprocess(i):
    """Take a folder that is given, or ask the dependency to fetch the set."""
    env = i["env"]
    given = str(env.get("CM_DATASET_CRITEO_GIVEN") or "")
    if not given:
        env["CM_TMP_CRITEO_FETCH"] = "yes"
        return {"return": 0}
    env["CM_DATASET_CRITEO_GIVEN"] = from_user(env, given)
    return {"return": 0}


def postprocess(i):
    """Check that all files are there, and right when asked; export the folder."""
    env = i["env"]
    root = env.get("CM_DATASET_CRITEO_GIVEN") or env["CM_MLPERF_STORAGE_PATH"]
    folder = where(root)
    if not folder:
        return {"return": 1, "error": f"{root} does not hold {', '.join(FILES)}"}
    if str(env.get("CM_DATASET_CRITEO_VERIFY") or "no").lower() in ("yes", "true", "1"):
        for name, expected in FILES.items():
            found = md5(os.path.join(folder, name))
            if found != expected:
                return {"return": 1, "error": f"{os.path.join(folder, name)}: MD5 {found}, expected {expected}"}
    env["CM_DATASET_PREPROCESSED_PATH"] = env["CM_CRITEO_PREPROCESSED_PATH"] = folder
    env["CM_GET_DEPENDENT_CACHED_PATH"] = folder
    return {"return": 0}


def where(root):
    """The folder below ``root`` that holds all files, or an empty text."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        if set(FILES) <= set(names):
            return folder
    return ""


def md5(path):
    """MD5 of a file, read in pieces."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as source:
        while block := source.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()
