"""Directories of the user that the cube layer keeps things in."""

from __future__ import annotations

import os
from collections.abc import Mapping


def cache_directory(environ: Mapping[str, str]) -> str:
    """Environments, fetched cubes, parsed definitions: ``$FRANCA_CACHE``, else below the user's cache."""
    base = environ.get("FRANCA_CACHE")
    if not base:
        home = environ.get("XDG_CACHE_HOME") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".cache")
        base = os.path.join(home, "franca")
    return os.path.join(base, "cube")
