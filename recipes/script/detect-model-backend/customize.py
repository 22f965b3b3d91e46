"""What runs a model file, from the end of its name: a step of its own, so that a plan can say that it is decided here."""

from __future__ import annotations

from franca.hooks.model import backend_of


def preprocess(i):
    """PyTorch for its usual endings, else ONNX Runtime, which refuses what is no ONNX file."""
    env = i["env"]
    name = str(env.get("CM_ML_MODEL_FILE_WITH_PATH") or "").strip()
    if not name:
        return {"return": 1, "error": "no model: give one with --model_file=FILE"}
    env["CM_MLPERF_BACKEND"] = backend_of(name)
    return {"return": 0}
