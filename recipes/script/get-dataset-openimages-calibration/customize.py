"""The 500 training pictures of OpenImages that MLPerf inference allows for calibration, as a list of names."""

from __future__ import annotations

from franca.hooks.given import use_given_file


def preprocess(i):
    """Take a list that the user has; its path is relative to where the user is."""
    use_given_file(i["env"], "CM_DATASET_GIVEN_LIST")
    return {"return": 0}


def postprocess(i):
    """Export the checked list."""
    env = i["env"]
    path = env["CM_DOWNLOAD_DOWNLOADED_PATH"]
    env["CM_MLPERF_OPENIMAGES_CALIBRATION_LIST_FILE_WITH_PATH"] = env["CM_GET_DEPENDENT_CACHED_PATH"] = path
    return {"return": 0}
