"""LibriSpeech: read books as FLAC recordings with their texts. MLPerf uses the clean development set."""

from __future__ import annotations

import os

from franca.hooks.given import use_given_file


def preprocess(i):
    """Use an archive that the user has; its path is relative to where the user is, not to the cache entry."""
    env = i["env"]
    use_given_file(env, "CM_DATASET_LIBRISPEECH_GIVEN")
    return {"return": 0}


def postprocess(i):
    """Check that the part is there, and export its folder."""
    env = i["env"]
    part = env["CM_DATASET_ARCHIVE"].partition(".")[0]
    folder = os.path.join(env["CM_EXTRACT_EXTRACTED_PATH"], "LibriSpeech", part)
    if not os.path.isdir(folder):
        return {"return": 1, "error": f"the archive has no folder LibriSpeech/{part}"}
    env["CM_DATASET_LIBRISPEECH_PATH"] = env["CM_DATASET_PATH"] = folder
    env["CM_GET_DEPENDENT_CACHED_PATH"] = folder
    return {"return": 0}
