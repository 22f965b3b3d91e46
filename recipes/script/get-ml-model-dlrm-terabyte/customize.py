"""DLRM v2 for the Criteo click logs of MLPerf inference, from the storage of MLCommons: a folder of weights."""

from __future__ import annotations

from franca.hooks.model import export_fetched_folder, use_given_folder


def preprocess(i):
    """Use a folder of the user's where there is one."""
    return use_given_folder(i["env"])


def postprocess(i):
    """Export the folder that holds the model."""
    return export_fetched_folder(i["env"], ".snapshot_metadata")
