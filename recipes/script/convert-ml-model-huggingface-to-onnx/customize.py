"""Convert a Hugging Face model to ONNX with the exporter of the optimum package."""

from __future__ import annotations

import os
import re


def preprocess(i):
    """Check the name before it reaches a command line."""
    env = i["env"]
    given = str(env.get("CM_MODEL_HUGG_PATH") or "")
    if os.path.isdir(given):
        env["CM_MODEL_HUGG_PATH"] = os.path.abspath(given)
    elif not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?", given):
        return {"return": 1, "error": f"model {given!r}: expected a name such as bert-base-uncased or a folder"}
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", str(env["CM_MODEL_HUGG_TASK"])):
        return {
            "return": 1,
            "error": f"task {env['CM_MODEL_HUGG_TASK']!r}: expected a name such as text-classification",
        }
    return {"return": 0}


def postprocess(i):
    """Export the model file."""
    env, folder = i["env"], os.path.join(os.getcwd(), "onnx")
    files = sorted(name for name in os.listdir(folder) if name.endswith(".onnx"))
    if not files:
        return {"return": 1, "error": f"the exporter wrote no ONNX file into {folder}"}
    chosen = "model.onnx" if "model.onnx" in files else files[0]
    path = os.path.join(folder, chosen)
    env["CM_ML_MODEL"] = os.path.basename(env["CM_MODEL_HUGG_PATH"])
    env["CM_ML_MODEL_PATH"], env["CM_ML_MODEL_FILE"] = folder, chosen
    env["CM_ML_MODEL_FILE_WITH_PATH"] = env["HUGGINGFACE_ONNX_FILE_PATH"] = path
    env["CM_GET_DEPENDENT_CACHED_PATH"] = path
    return {"return": 0}
