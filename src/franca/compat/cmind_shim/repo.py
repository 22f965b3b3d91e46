"""Served as ``cmind.repo``."""

from __future__ import annotations

from franca.compat.artifacts import RepoView as Repo

__all__ = ["Repo"]
