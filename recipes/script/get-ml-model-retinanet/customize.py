"""RetinaNet (ResNeXt-50, 800 x 800 pixels) of MLPerf inference, from its published places."""

from __future__ import annotations

import os

from franca.hooks.given import use_given_file
from franca.hooks.model import export_file


def preprocess(i):
    """Refuse what is not published; take a file that the user has."""
    env = i["env"]
    if env.get("CM_ML_MODEL_ONLY_WEIGHTS") == "yes" and env.get("CM_ML_MODEL_PACKED") != "yes":
        return {"return": 1, "error": "the weights alone are published for PyTorch only: add _pytorch"}
    use_given_file(env, "CM_ML_MODEL_GIVEN_FILE")
    return {"return": 0}


def postprocess(i):
    """Export the checked file."""
    env = i["env"]
    path = env.get("CM_DOWNLOAD_DOWNLOADED_PATH", "")
    if env.get("CM_ML_MODEL_PACKED") == "yes":
        path = weights_in(env["CM_EXTRACT_EXTRACTED_PATH"])
        if not path:
            return {"return": 1, "error": f"no .pth file was found in {env['CM_EXTRACT_EXTRACTED_PATH']}"}
    export_file(env, path)
    return {"return": 0}


def weights_in(folder):
    """The file of weights below a folder, or an empty text."""
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if name.endswith(".pth"):
                return os.path.join(root, name)
    return ""
