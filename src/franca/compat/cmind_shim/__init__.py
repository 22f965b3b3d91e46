"""Served as ``cmind`` to classic content (CM core, section 10)."""

from __future__ import annotations

from franca.compat import session
from franca.compat.access import CM
from franca.compat.config import CM_VERSION
from franca.compat.results import Result
from franca.model.light import Any

__version__ = CM_VERSION


def access(i: Any = None, out: str | None = None) -> Result:
    return session.current().access(i, out)


def x(i: Any = None, out: str | None = None) -> Result:
    return session.current().x(i, out)


def error(r: Result) -> Result:
    return session.current().error(r)


errorx = error


def halt(r: Result) -> Any:
    return session.current().halt(r)


def __getattr__(name: str) -> Any:
    """``cmind.cfg``, ``cmind.logger`` and the like are those of the CM object in use; modules come late."""
    if name in _MODULES:
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    if name in ("cfg", "logger", "state", "repos_path", "debug", "output"):
        return getattr(session.current(), name)
    raise AttributeError(f"module 'cmind' has no attribute {name!r}")


_MODULES = ("artifact", "automation", "cli", "config", "core", "index", "net", "repo", "repos", "utils")

__all__ = ["CM", "__version__", "access", "error", "errorx", "halt", "x"]
