"""Directories of the user that the cube layer keeps things in."""

from __future__ import annotations

import os

from franca.model.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def key_of(text: str) -> str:
    """Sixteen digits for a file name (the interpreter's own hash, the same in every process)."""
    import _imp

    return _imp.source_hash(0x63756265, text.encode("utf-8", "surrogateescape")).hex()


def cache_directory(environ: Mapping[str, str]) -> str:
    """Environments, fetched cubes, parsed definitions: ``$FRANCA_CACHE``, else below the user's cache."""
    base = environ.get("FRANCA_CACHE")
    if not base:
        home = environ.get("XDG_CACHE_HOME") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".cache")
        base = os.path.join(home, "franca")
    return os.path.join(base, "cube")
