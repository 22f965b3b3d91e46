"""3D-UNet for KiTS19 of MLPerf inference, from its published place."""

from __future__ import annotations

from franca.hooks.model import export_fetched_file, fetch_published


def preprocess(i):
    """Refuse combinations for which nothing is published."""
    return fetch_published(i["env"], "3D-UNet")


def postprocess(i):
    """Export the checked file."""
    return export_fetched_file(i["env"])
