"""A small language model in the ONNX format, trained here from the training prompts of the counting data."""

from __future__ import annotations

from franca.hooks.model import check_target, export_card


def preprocess(i):
    """Refuse a target that is no percentage before anything is trained."""
    return check_target(i["env"], "90")


def postprocess(i):
    """Export the model and what its card says."""
    return {"return": 0, "version": export_card(i["env"])["version"]}
