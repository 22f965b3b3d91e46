"""Served as ``cmind.index``. Franca's index needs no care; the class is there for ``isinstance``."""

from __future__ import annotations


class Index:
    """Stands for the index of a CM object; answers always equal a scan of the files."""


__all__ = ["Index"]
