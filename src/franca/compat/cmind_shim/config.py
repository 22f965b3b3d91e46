"""Served as ``cmind.config``."""

from __future__ import annotations

import os

from franca.compat.config import configuration

cfg = configuration({key: os.environ[key] for key in ("CM_CONFIG",) if key in os.environ})

__all__ = ["cfg", "configuration"]
