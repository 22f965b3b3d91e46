"""The development set of SQuAD: passages, questions and accepted answers. MLPerf uses version 1.1."""

from __future__ import annotations

import os

from franca.hooks.given import use_given_file


def preprocess(i):
    """Use a file that the user has; its path is relative to where the user is."""
    use_given_file(i["env"], "CM_DATASET_SQUAD_GIVEN")
    return {"return": 0}


def postprocess(i):
    """Export the checked file."""
    env = i["env"]
    path = env["CM_DOWNLOAD_DOWNLOADED_PATH"]
    env["CM_DATASET_SQUAD_VAL_PATH"] = env["CM_GET_DEPENDENT_CACHED_PATH"] = path
    env["CM_DATASET_SQUAD_PATH"] = env["CM_DATASET_PATH"] = os.path.dirname(path)
    return {"return": 0}
