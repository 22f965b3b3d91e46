"""Served as ``mlc`` to content of the new dialect (CM core, section 15.6)."""

from __future__ import annotations

from franca.compat import session
from franca.compat.artifacts import ArtifactView as Item
from franca.compat.results import Result
from franca.model.light import Any


def access(i: Any = None) -> Result:
    """Run one action: ``{'action': 'find', 'target' or 'automation': 'script', 'tags': ...}``."""
    return session.current().access(i)


def __getattr__(name: str) -> Any:
    if name == "utils":
        import importlib

        return importlib.import_module(f"{__name__}.utils")
    if name == "logger":
        from franca.compat.content_log import content_logger

        return content_logger(silent=False, verbose=False)
    raise AttributeError(f"module 'mlc' has no attribute {name!r}")


__all__ = ["Item", "access"]
