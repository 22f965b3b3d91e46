"""KiTS19 volumes that the preprocessing of the 3D-UNet benchmark has written.

There is no public prepared copy: the volumes may be had from the challenge, and are resampled by the reference
implementation of the benchmark. This recipe registers the result.
"""

from __future__ import annotations

import os

from franca.hooks.given import from_user

LIST = "preprocessed_files.pkl"


def preprocess(i):
    """Find the folder and export it."""
    env = i["env"]
    given = str(env.get("CM_DATASET_KITS19_GIVEN") or "")
    if not given:
        return {
            "return": 1,
            "error": "there is no public copy of the prepared KiTS19 set: make it with the preprocessing of the "
            "3D-UNet benchmark and give its folder with --dir=FOLDER (to a benchmark: --dataset_path=FOLDER)",
        }
    folder = from_user(env, given)
    if not os.path.isfile(os.path.join(folder, LIST)):
        return {"return": 1, "error": f"{folder} has no {LIST}"}
    env["CM_DATASET_PREPROCESSED_PATH"] = env["CM_DATASET_KITS19_PREPROCESSED_PATH"] = folder
    env["CM_GET_DEPENDENT_CACHED_PATH"] = folder
    return {"return": 0}
