"""Served as ``mlc.utils`` to content of the new dialect: the classic functions with its return codes.

A missing file is always a result with code 1 here, and nested merges keep all options
(script engine, section 12.8; CM core, section 11).
"""

from __future__ import annotations

from franca.compat.cmind_shim import utils as _classic
from franca.compat.content_data import is_false, is_true, merge_dicts_deep
from franca.compat.results import Result
from franca.model.light import Any

MISSING = 1

merge_dicts = merge_dicts_deep


def load_txt(
    file_name: str,
    encoding: str = "utf8",
    remove_after_read: bool = False,
    check_if_exists: bool = False,
    split: bool = False,
    match_text: str = "",
    fail_if_no_match: str = "",
    debug: bool = False,
) -> Result:
    from franca.compat import content_files

    return content_files.load_txt(
        file_name,
        encoding,
        remove_after_read,
        True,
        split,
        match_text,
        fail_if_no_match,
        debug,
        missing=MISSING,
    )


def load_json(file_name: str, check_if_exists: bool = False, encoding: str = "utf8") -> Result:
    from franca.compat import content_files

    return content_files.load_json(file_name, True, encoding, missing=MISSING)


def load_yaml(file_name: str, check_if_exists: bool = False, encoding: str = "utf8") -> Result:
    from franca.compat import content_files

    return content_files.load_yaml(file_name, True, encoding, missing=MISSING)


def save_json(
    file_name: str, meta: Any = None, indent: int = 2, sort_keys: bool = True, encoding: str = "utf8"
) -> Result:
    from franca.compat import content_files

    return content_files.save_json(file_name, meta, indent, sort_keys, encoding)


def __getattr__(name: str) -> Any:
    return getattr(_classic, name)


__all__ = ["MISSING", "is_false", "is_true", "load_json", "load_txt", "load_yaml", "merge_dicts", "save_json"]
