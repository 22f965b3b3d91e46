"""Served as ``cmind.repos``."""

from __future__ import annotations

from franca.compat.access import ReposView as Repos

__all__ = ["Repos"]
