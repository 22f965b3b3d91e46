"""Served as ``cmind.artifact``."""

from __future__ import annotations

from franca.compat.artifacts import ArtifactView as Artifact

__all__ = ["Artifact"]
