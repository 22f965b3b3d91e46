"""Served as ``cmind.core``."""

from __future__ import annotations

from typing import Any

from franca.compat.access import CM
from franca.compat.cmind_shim import access, error, errorx, halt, x
from franca.compat.config import CM_VERSION
from franca.compat.results import Result


def get_version() -> str:
    """The release of CM whose interface this is."""
    return CM_VERSION


def debug(path: str) -> CM:
    """A CM object over another root that raises errors instead of returning them."""
    return CM(path, True)


def init(*args: Any, **kwargs: Any) -> Result:
    """Kept for callers of old releases: initialisation happens by itself."""
    return {"return": 0}


__all__ = ["CM", "access", "debug", "error", "errorx", "get_version", "halt", "init", "x"]
