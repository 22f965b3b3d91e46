"""Served as the top-level module ``utils`` to content of the new dialect (script engine, section 12.8)."""

from __future__ import annotations

from franca.compat.cmind_shim.utils import *  # noqa: F403
from franca.compat.cmind_shim.utils import __all__ as _classic
from franca.compat.content_data import is_false, is_true
from franca.compat.transfer import download_file, unzip_file
from franca.compat.utils_actions import get_host_os_info, system

__all__ = [*_classic, "download_file", "get_host_os_info", "is_false", "is_true", "system", "unzip_file"]
