"""RNN-T for LibriSpeech of MLPerf inference, from its published place."""

from __future__ import annotations

from franca.hooks.model import export_fetched_file, fetch_published


def preprocess(i):
    """Refuse combinations for which nothing is published."""
    return fetch_published(i["env"], "RNN-T")


def postprocess(i):
    """Export the file."""
    return export_fetched_file(i["env"])
