"""Labels of ImageNet 2012: class names (synset_words.txt) and the class of each validation picture (val.txt)."""

from __future__ import annotations

import os

from franca.hooks.given import use_given_file


def preprocess(i):
    """Use an archive that the user has; its path is relative to where the user is, not to the cache entry."""
    use_given_file(i["env"], "CM_DATASET_AUX_GIVEN_ARCHIVE")
    return {"return": 0}


def postprocess(i):
    """Check and export the folder."""
    env = i["env"]
    folder = env["CM_EXTRACT_EXTRACTED_PATH"]
    missing = [name for name in ("synset_words.txt", "val.txt") if not os.path.isfile(os.path.join(folder, name))]
    if missing:
        return {"return": 1, "error": f"{', '.join(missing)} missing in {folder}"}
    env["CM_DATASET_AUX_PATH"] = env["CM_GET_DEPENDENT_CACHED_PATH"] = folder
    return {"return": 0}
