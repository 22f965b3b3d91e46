"""What recipes of models repeat: refusing what is not published, and exporting what was fetched, given or trained."""

from __future__ import annotations

import os
from typing import Any

from franca.hooks.answers import Hook, refuse
from franca.hooks.given import from_user, use_given_file
from franca.hooks.made import read_here

CARD = "model-card.json"
#: How the names of PyTorch's model files end, code that builds one among them.
TORCH_SUFFIXES = (".pt", ".pth", ".ts", ".torchscript", ".py")


def backend_of(path: str) -> str:
    """The backend that the name of a model file asks for."""
    return "pytorch" if path.lower().endswith(TORCH_SUFFIXES) else "onnxruntime"


def fetch_published(env: dict[str, Any], name: str) -> Hook:
    """Take the user's file, or let the download step fetch the one that ``CM_ML_MODEL_URL`` names; refuse without."""
    if not env.get("CM_ML_MODEL_URL"):
        what = f"{env.get('CM_ML_MODEL_FRAMEWORK')} with {env.get('CM_ML_MODEL_PRECISION')}"
        return refuse(f"no published {name} file is known for {what}")
    use_given_file(env, "CM_ML_MODEL_GIVEN_FILE")
    return {"return": 0}


def export_file(env: dict[str, Any], path: str) -> None:
    """Export a checked model file."""
    env["CM_ML_MODEL_FILE_WITH_PATH"] = env["CM_GET_DEPENDENT_CACHED_PATH"] = path
    env["CM_ML_MODEL_PATH"], env["CM_ML_MODEL_FILE"] = os.path.split(path)


def export_fetched_file(env: dict[str, Any]) -> Hook:
    """Export the file that the download step fetched, or took from the user."""
    export_file(env, env["CM_DOWNLOAD_DOWNLOADED_PATH"])
    return {"return": 0}


def use_given_folder(env: dict[str, Any]) -> Hook:
    """Take the folder that the user has; refuse one that is not there."""
    given = str(env.get("CM_ML_MODEL_GIVEN_FOLDER") or "")
    if given:
        env["CM_ML_MODEL_GIVEN_FOLDER"] = given = from_user(env, given)
        if not os.path.isdir(given):
            return refuse(f"folder {given} does not exist")
    return {"return": 0}


def export_fetched_folder(env: dict[str, Any], mark: str) -> Hook:
    """Export the first folder that has a file or folder called ``mark``, in what was given or fetched."""
    root = str(env.get("CM_ML_MODEL_GIVEN_FOLDER") or env["CM_MLPERF_STORAGE_PATH"])
    for folder, folders, files in os.walk(root):
        folders.sort()
        if mark in files or mark in folders:
            export_file(env, folder)
            return {"return": 0}
    return refuse(f"{root} holds no {mark}")


def check_target(env: dict[str, Any], example: str) -> Hook:
    """Refuse an accuracy target that is no percentage, before anything is trained."""
    given = str(env.get("CM_ML_MODEL_ACCURACY_TARGET", ""))
    try:
        right = 0.0 <= float(given) <= 100.0
    except ValueError:
        right = False
    return {"return": 0} if right else refuse(f"target {given!r}: expected a percentage such as {example}")


def export_card(env: dict[str, Any]) -> dict[str, Any]:
    """Export the model in the current folder that its card describes; the card."""
    path, card = read_here(CARD)
    export_file(env, os.path.join(os.path.dirname(path), card["file"]))
    env["CM_ML_MODEL"] = card["name"]
    env["CM_ML_MODEL_CARD_WITH_PATH"] = path
    env["CM_ML_MODEL_ACCURACY"] = f"{card['holdout_accuracy']:.4f}"
    env["CM_ML_MODEL_SHA256"] = card["sha256"]
    return card
