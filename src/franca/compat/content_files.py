"""Reading and writing of files under the names that content imports (CM core, section 11).

The dialects differ in one thing: a missing file is code 16 in the classic one, and only when the caller
asked (``check_if_exists``); in the new one it is always a result with code 1. ``missing`` carries that.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable
from typing import Any

from franca.compat.results import Result, failure, refusal
from franca.errors import FrancaError

ERROR_UNKNOWN_FILE_EXTENSION = 1
ERROR_PATH_NOT_FOUND = 2
ERROR_FILE_NOT_FOUND = 16
_ABSENT = ERROR_FILE_NOT_FOUND


# --- text -----------------------------------------------------------------------------------------


def load_txt(
    file_name: str,
    encoding: str = "utf8",
    remove_after_read: bool = False,
    check_if_exists: bool = False,
    split: bool = False,
    match_text: str = "",
    fail_if_no_match: str = "",
    debug: bool = False,
    *,
    missing: int = ERROR_FILE_NOT_FOUND,
) -> Result:
    """The text of a file as ``string``, its lines as ``list``, a regular expression's match as ``match``.

    Raises:
        OSError: the file is absent and ``check_if_exists`` is false.
    """
    if check_if_exists and not os.path.isfile(file_name):
        return refusal(f"{file_name} was not found", missing)
    with open(file_name, encoding=encoding) as stream:
        text = stream.read()
    if remove_after_read:
        os.remove(file_name)
    result: Result = {"return": 0, "string": text}
    if split:
        result["list"] = text.split("\n")
    if match_text:
        found = re.search(match_text, text)
        if debug:
            print(f"match of {match_text!r} in {file_name}: {found.group(0) if found else None!r}")
        if found is None and fail_if_no_match:
            return refusal(fail_if_no_match, 1, string=text)
        result["match"] = found
    return result


def load_bin(file_name: str) -> Result:
    with open(file_name, "rb") as stream:
        return {"return": 0, "bin": stream.read()}


def save_txt(file_name: str, string: str = "", encoding: str = "utf8") -> Result:
    write_whole(file_name, string, encoding)
    return {"return": 0}


def write_whole(path: str, text: str, encoding: str = "utf8") -> None:
    """Write a text so that a reader sees the old file or the new one, never half of one.

    A path that is no plain file (a device, a pipe, a link) is written through, as content expects.
    """
    data = text.encode(encoding)
    if os.path.islink(path) or (os.path.exists(path) and not os.path.isfile(path)):
        with open(path, "wb") as stream:
            stream.write(data)
        return
    directory = os.path.dirname(os.path.abspath(path))
    handle, sibling = tempfile.mkstemp(prefix=".tmp-", dir=directory)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(sibling, _mode_for(path))
        os.replace(sibling, path)
    except BaseException:
        if os.path.exists(sibling):
            os.remove(sibling)
        raise


def _mode_for(path: str) -> int:
    if os.path.exists(path):
        return stat.S_IMODE(os.stat(path).st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


# --- JSON -----------------------------------------------------------------------------------------


def load_json(
    file_name: str,
    check_if_exists: bool = False,
    encoding: str = "utf8",
    *,
    missing: int = ERROR_FILE_NOT_FOUND,
) -> Result:
    if check_if_exists and not os.path.isfile(file_name):
        return refusal(f"{file_name} was not found", missing)
    with open(file_name, encoding=encoding) as stream:
        text = stream.read()
    try:
        return {"return": 0, "meta": json.loads(text)}
    except ValueError as error:
        return refusal(f"{file_name} is not valid JSON: {error}", 4)


def save_json(
    file_name: str, meta: Any = None, indent: int = 2, sort_keys: bool = True, encoding: str = "utf8"
) -> Result:
    content = {} if meta is None else meta
    write_whole(file_name, json.dumps(content, indent=indent, sort_keys=sort_keys) + "\n", encoding)
    return {"return": 0}


def safe_load_json(path: str, file_name: str = "") -> Result:
    """A JSON file that may be absent or broken: ``meta`` is then an empty dictionary."""
    full = os.path.join(path, file_name) if file_name else path
    result = load_json(full, check_if_exists=True)
    return result if result["return"] == 0 else {"return": 0, "meta": {}}


def dump_safe_json(i: Any) -> str:
    """JSON text of anything: what JSON cannot hold becomes its text."""
    return json.dumps(i, indent=2, sort_keys=True, default=str)


# --- YAML -----------------------------------------------------------------------------------------


def load_yaml(
    file_name: str,
    check_if_exists: bool = False,
    encoding: str = "utf8",
    *,
    missing: int = ERROR_FILE_NOT_FOUND,
) -> Result:
    from franca.catalog.files import parse_yaml

    if check_if_exists and not os.path.isfile(file_name):
        return refusal(f"{file_name} was not found", missing)
    with open(file_name, encoding=encoding) as stream:
        text = stream.read()
    try:
        return {"return": 0, "meta": parse_yaml(text, file_name)}
    except FrancaError as error:
        return failure(error)


def save_yaml(file_name: str, meta: Any = None, sort_keys: bool = True, encoding: str = "utf8") -> Result:
    from franca.catalog.files import write_yaml_atomic

    write_yaml_atomic(file_name, {} if meta is None else meta)
    return {"return": 0}


def load_yaml_and_json(file_name_without_ext: str, check_if_exists: bool = False, encoding: str = "utf8") -> Result:
    """``NAME.yaml`` with the top-level keys of ``NAME.json`` laid over it, as ``meta``."""
    meta: dict[str, Any] = {}
    readers: tuple[tuple[str, Callable[..., Result]], ...] = ((".yaml", load_yaml), (".json", load_json))
    found = False
    for extension, read in readers:
        path = file_name_without_ext + extension
        if os.path.isfile(path):
            result = read(path, encoding=encoding)
            if result["return"] > 0:
                return result
            meta.update(result["meta"] or {})
            found = True
    if not found:
        return refusal(f"{file_name_without_ext}.yaml or .json was not found", ERROR_FILE_NOT_FOUND)
    return {"return": 0, "meta": meta}


def load_json_or_yaml(file_name: str, check_if_exists: bool = False, encoding: str = "utf8") -> Result:
    read = _by_extension(file_name, load_json, load_yaml)
    return read(file_name, check_if_exists, encoding) if read else _unknown_extension(file_name)


def save_json_or_yaml(file_name: str, meta: Any = None, sort_keys: bool = True, encoding: str = "utf8") -> Result:
    write = _by_extension(file_name, save_json, save_yaml)
    if write is None:
        return _unknown_extension(file_name)
    return write(file_name, meta, sort_keys=sort_keys, encoding=encoding)


def _by_extension(
    file_name: str, for_json: Callable[..., Result], for_yaml: Callable[..., Result]
) -> Callable[..., Result] | None:
    extension = os.path.splitext(file_name)[1].lower()
    return for_json if extension == ".json" else for_yaml if extension in (".yaml", ".yml") else None


def _unknown_extension(file_name: str) -> Result:
    return refusal(f"{file_name}: .json or .yaml was expected", ERROR_UNKNOWN_FILE_EXTENSION)


def is_file_json_or_yaml(file_name: str) -> Result:
    """Whether ``NAME.json`` or ``NAME.yaml`` exists; ``path`` is the one found."""
    for extension in (".json", ".yaml"):
        if os.path.isfile(file_name + extension):
            return {"return": 0, "is_file": True, "path": file_name + extension}
    return {"return": 0, "is_file": False}


def update_yaml(file_name: str, meta: Any = None, encoding: str = "utf8") -> Result:
    """Replace the top-level ``key: scalar`` lines that ``meta`` names; the rest of the file stays."""
    with open(file_name, encoding=encoding) as stream:
        lines = stream.read().split("\n")
    for number, line in enumerate(lines):
        key, colon, _ = line.partition(":")
        if colon and key in (meta or {}):
            lines[number] = f"{key}: {json.dumps(meta[key])}"
    write_whole(file_name, "\n".join(lines), encoding)
    return {"return": 0}


# --- directories ----------------------------------------------------------------------------------


def check_and_create_dir(path: str) -> Result:
    os.makedirs(path, exist_ok=True)
    return {"return": 0}


def find_file_in_dir_and_above(filename: str, path_to_start: str = "", reverse: bool = False) -> Result:
    """The nearest directory at or above ``path_to_start`` with this file: ``found``, ``path_to_file``."""
    place = os.path.abspath(path_to_start or os.getcwd())
    while True:
        candidate = os.path.join(place, filename)
        if os.path.isfile(candidate):
            return {"return": 0, "found": True, "path": place, "path_to_file": candidate}
        parent = os.path.dirname(place)
        if parent == place:
            return {"return": 0, "found": False}
        place = parent


def find_file_in_current_directory_or_above(
    file_names: list[str], path_to_start: str | None = None, reverse: bool = False
) -> Result:
    """The nearest directory at or above that holds one of ``file_names``."""
    best: Result = {"return": 0, "found": False}
    for name in file_names:
        result = find_file_in_dir_and_above(name, path_to_start or "", reverse)
        if result["found"] and (not best["found"] or len(result["path"]) > len(best["path"])):
            best = result
    return best


def list_all_files(i: dict[str, Any]) -> Result:
    """Every file below ``i['path']``, relative to it, as keys of ``list`` with their sizes in bytes."""
    top = i.get("path") or "."
    ignored = set(i.get("ignore_names", ()))
    found: dict[str, dict[str, int]] = {}
    for directory, names, files in os.walk(top):
        names[:] = sorted(name for name in names if name not in ignored)
        for name in sorted(files):
            path = os.path.join(directory, name)
            if name not in ignored and os.path.isfile(path):
                found[os.path.relpath(path, top)] = {"size": os.path.getsize(path)}
    return {"return": 0, "list": found}


def rm_read_only(f: Any, p: str, e: object) -> None:
    """Error handler of ``shutil.rmtree``: lift the read-only mark of ``p`` and try ``f`` once more."""
    os.chmod(p, stat.S_IWRITE)
    f(p)


def get_disk_use(path: str = "/") -> Result:
    """Total, used and free bytes of the file system that holds ``path``."""
    total, used, free = shutil.disk_usage(path)
    gigabyte = 1024**3
    return {
        "return": 0,
        "disk": {"total": total, "used": used, "free": free},
        "total_gb": total / gigabyte,
        "used_gb": used / gigabyte,
        "free_gb": free / gigabyte,
    }
