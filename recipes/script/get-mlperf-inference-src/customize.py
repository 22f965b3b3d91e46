"""The sources of the MLPerf inference benchmark, from their git repository."""

from __future__ import annotations

import os
import re

_FOLDER = "inference"
#: Folders that programs ask for, where the sources have them.
_PLACES = {
    "CM_MLPERF_INFERENCE_VISION_PATH": "vision",
    "CM_MLPERF_INFERENCE_CLASSIFICATION_AND_DETECTION_PATH": "vision/classification_and_detection",
    "CM_MLPERF_INFERENCE_BERT_PATH": "language/bert",
}


def preprocess(i):
    """Check what goes to git: an address or a revision must not be taken for an option."""
    env = i["env"]
    url = str(env.get("CM_GIT_URL") or "")
    if not re.match(r"(https?|ssh|git|file)://[^\s]+$|git@[\w.-]+:[^\s]+$|/", url):
        return {"return": 1, "error": f"url {url!r} is not the address of a repository"}
    for key, flag in (("CM_GIT_CHECKOUT", "branch"), ("CM_GIT_SHA", "checkout")):
        value = str(env.get(key) or "")
        if value and not re.fullmatch(r"[A-Za-z0-9_][\w./-]{0,199}", value):
            return {"return": 1, "error": f"{flag} {value!r} is not the name of a revision"}
    return {"return": 0}


def postprocess(i):
    """Export the folder and where in it the programs are."""
    env, folder = i["env"], os.path.join(os.getcwd(), _FOLDER)
    env["CM_MLPERF_INFERENCE_SOURCE"] = env["CM_GET_DEPENDENT_CACHED_PATH"] = folder
    for key, place in _PLACES.items():
        path = os.path.join(folder, *place.split("/"))
        if os.path.isdir(path):
            env[key] = path
    version_file = os.path.join(folder, "VERSION.txt")
    version = ""
    if os.path.isfile(version_file):
        with open(version_file, encoding="utf-8") as stream:
            version = stream.read().strip()
        env["CM_MLPERF_INFERENCE_SOURCE_VERSION"] = version
    conf = os.path.join(folder, "mlperf.conf")
    for path in (conf, os.path.join(folder, "loadgen", "mlperf.conf")):
        if os.path.isfile(path):
            env["CM_MLPERF_INFERENCE_CONF_PATH"] = path
            break
    env["+PYTHONPATH"] = [path for key, path in sorted(env.items()) if key in _PLACES]
    commit = str(env.get("CM_MLPERF_INFERENCE_COMMIT") or "")
    revision = str(env.get("CM_GIT_SHA") or env.get("CM_GIT_CHECKOUT") or "master")
    return {"return": 0, "version": f"{revision.replace('/', '-')}-git-{commit[:12]}"}
