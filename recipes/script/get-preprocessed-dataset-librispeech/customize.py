"""LibriSpeech as wave files with a manifest, the form that the speech benchmarks read."""

from __future__ import annotations

import os

from franca.hooks.given import from_user


def preprocess(i):
    """Settle where the recordings are and which Python turns them."""
    env = i["env"]
    source = from_user(env, str(env["CM_DATASET_LIBRISPEECH_PATH"]))
    if not os.path.isdir(source):
        return {"return": 1, "error": f"{source} is not a folder"}
    env["CM_TMP_LIBRISPEECH_SOURCE"] = source
    env["CM_TMP_LIBRISPEECH_NAME"] = os.path.basename(source) + "-wav"
    python = str(env.get("CM_DATASET_LIBRISPEECH_PYTHON") or "")
    env["CM_TMP_LIBRISPEECH_PYTHON"] = from_user(env, python) if python else env["CM_PYTHON_BIN_WITH_PATH"]
    return {"return": 0}


def postprocess(i):
    """Export folder and manifest; names in the manifest start from the folder."""
    env = i["env"]
    env["CM_DATASET_PREPROCESSED_PATH"] = env["CM_GET_DEPENDENT_CACHED_PATH"] = os.getcwd()
    env["CM_DATASET_PREPROCESSED_JSON"] = os.path.join(os.getcwd(), env["CM_TMP_LIBRISPEECH_NAME"] + ".json")
    return {"return": 0}
