"""Scores accuracy logs that are there already: collects what each needs, a program of Franca does the work."""

from __future__ import annotations

import json
import os

from franca.hooks.given import from_user
from franca.hooks.own import hand_over

#: Option of the scorer -> keys that may hold it, in this order.
DATA = {
    "imagenet": {"path": ("CM_MLPERF_ACCURACY_DATA", "CM_DATASET_AUX_PATH")},
    "openimages": {
        "path": ("CM_MLPERF_ACCURACY_DATA", "CM_DATASET_PATH_ROOT"),
        "annotations": ("CM_DATASET_ANNOTATIONS_FILE_PATH",),
    },
    "coco": {
        "path": ("CM_MLPERF_ACCURACY_DATA", "CM_DATASET_PATH_ROOT"),
        "annotations": ("CM_DATASET_ANNOTATIONS_FILE_PATH",),
    },
    "squad": {
        "path": ("CM_MLPERF_ACCURACY_DATA", "CM_DATASET_SQUAD_VAL_PATH"),
        "vocabulary": ("CM_ML_MODEL_BERT_VOCAB_FILE_WITH_PATH",),
    },
    "librispeech": {
        "path": ("CM_MLPERF_ACCURACY_DATA", "CM_DATASET_PREPROCESSED_PATH"),
        "manifest": ("CM_DATASET_PREPROCESSED_JSON",),
    },
    "terabyte": {
        "path": ("CM_MLPERF_ACCURACY_DATA", "CM_DATASET_PREPROCESSED_PATH"),
        "trace": ("CM_DLRM_V2_AGGREGATION_TRACE_FILE_PATH",),
    },
    "kits19": {"path": ("CM_MLPERF_ACCURACY_DATA", "CM_DATASET_PREPROCESSED_PATH")},
    "cnndm": {
        "path": ("CM_MLPERF_ACCURACY_DATA", "CM_DATASET_EVAL_PATH"),
        "tokenizer": ("CM_MLPERF_ACCURACY_TOKENIZER",),
    },
    "openorca": {
        "path": ("CM_MLPERF_ACCURACY_DATA", "CM_DATASET_PREPROCESSED_PATH"),
        "tokenizer": ("CM_MLPERF_ACCURACY_TOKENIZER",),
    },
}
#: Keys that users give: relative to where they stand.
FROM_USER = (
    "CM_MLPERF_ACCURACY_DATA",
    "CM_MLPERF_ACCURACY_TOKENIZER",
    "CM_DATASET_PREPROCESSED_JSON",
    "CM_DATASET_ANNOTATIONS_FILE_PATH",
    "CM_ML_MODEL_BERT_VOCAB_FILE_WITH_PATH",
)
NO_SCORER = (
    "{}: images that a text asks for are judged by CLIP and FID scores, which two large networks make; there is no "
    "scorer of them here. The official script does it: cm pull repo mlcommons@cm4mlops, then this command"
)
UNTYPED = ("openimages", "coco")  #: tasks whose logs have one type only


def preprocess(i):
    """Write what is to be scored; folders that have an accuracy.txt are left alone."""
    env = i["env"]
    if env["CM_DATASET"] not in DATA:
        return {"return": 1, "error": NO_SCORER.format(env["CM_DATASET"])}
    given = str(env.get("CM_MLPERF_ACCURACY_RESULTS_DIR") or "")
    if not given:
        return {"return": 1, "error": "name the folder of an accuracy log with --result_dir=FOLDER"}
    folders = [from_user(env, folder) for folder in given.split(os.pathsep) if folder]
    again = str(env.get("CM_RERUN") or env.get("CM_MLPERF_REGENERATE_ACCURACY_FILE") or "no").lower()
    open_ones = [one for one in folders if again not in ("no", "false", "0") or not scored(one)]
    env["CM_MLPERF_ACCURACY_FILES"] = [os.path.join(folder, "accuracy.txt") for folder in folders]
    path = os.path.join(os.getcwd(), "mlperf-accuracy-jobs.json")
    with open(path, "w", encoding="utf-8") as stream:
        json.dump([[env["CM_DATASET"], folder, "--replace", *options(env)] for folder in open_ones], stream, indent=2)
    env["CM_MLPERF_ACCURACY_JOBS"] = path
    python = str(env.get("CM_MLPERF_ACCURACY_PYTHON") or "")
    env["CM_MLPERF_ACCURACY_INTERPRETER"] = from_user(env, python) if python else env["CM_PYTHON_BIN_WITH_PATH"]
    hand_over(env)
    return {"return": 0}


def scored(folder):
    """Whether there is a line already."""
    path = os.path.join(folder, "accuracy.txt")
    return os.path.isfile(path) and os.path.getsize(path) > 0


def options(env):
    """The options of the scorer for this data set."""
    task = env["CM_DATASET"]
    found = []
    for name, keys in DATA[task].items():
        key = next((key for key in keys if env.get(key)), "")
        if key:
            value = str(env[key])
            found.append(f"--{name}={from_user(env, value) if key in FROM_USER else value}")
    if env.get("CM_ACCURACY_DTYPE") and task not in UNTYPED:
        found.append(f"--dtype={env['CM_ACCURACY_DTYPE']}")
    return found


def postprocess(i):
    """Hand on the lines; the figures of a line of JSON go into the state."""
    env, state = i["env"], i["state"]
    os.unlink(env["CM_MLPERF_ACCURACY_JOBS"])
    for path in env["CM_MLPERF_ACCURACY_FILES"]:
        with open(path, encoding="utf-8") as stream:
            for line in stream.read().splitlines():
                try:
                    found = json.loads(line)
                except ValueError:
                    continue
                if isinstance(found, dict):
                    state["app_mlperf_inference_accuracy"] = found
    return {"return": 0}
