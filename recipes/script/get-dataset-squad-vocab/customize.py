"""The vocabulary of the BERT model that MLPerf asks questions about SQuAD."""

from __future__ import annotations

from franca.hooks.given import use_given_file


def preprocess(i):
    """Use a file that the user has; its path is relative to where the user is."""
    use_given_file(i["env"], "CM_DATASET_SQUAD_VOCAB_GIVEN")
    return {"return": 0}


def postprocess(i):
    """Export the checked file."""
    env = i["env"]
    path = env["CM_DOWNLOAD_DOWNLOADED_PATH"]
    env["CM_DATASET_SQUAD_VOCAB_PATH"] = env["CM_ML_MODEL_BERT_VOCAB_FILE_WITH_PATH"] = path
    env["CM_GET_DEPENDENT_CACHED_PATH"] = path
    return {"return": 0}
