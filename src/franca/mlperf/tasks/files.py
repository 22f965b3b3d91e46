"""Reading what data sets are made of: bounded JSON and text, numpy arrays, optional libraries."""

from __future__ import annotations

import importlib
import json
import os
from typing import Any

from franca.errors import Location, MalformedFile, NotFound, Unavailable

MAX_JSON = 4 << 30  #: annotation files of whole data sets have hundreds of megabytes


def need(module: str, purpose: str, package: str = "") -> Any:
    """An optional library, imported now.

    Raises:
        Unavailable: it is not installed; the message says what it is for, the hint how to get it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = package or module.partition(".")[0]
        raise Unavailable(
            f"{purpose} needs the Python package {name}, which cannot be imported: {error}",
            hint=f"pip install 'franca[accuracy]'   (or: pip install {name})",
        ) from error


def existing(path: str, what: str, hint: str = "") -> str:
    """``path``, when it is there. Raises NotFound."""
    if not os.path.exists(path):
        raise NotFound(f"{what} {path} does not exist", hint=hint)
    return path


def read_text(path: str, what: str, limit: int = MAX_JSON) -> str:
    """A UTF-8 file of at most ``limit`` bytes. Raises NotFound, MalformedFile."""
    existing(path, what)
    try:
        with open(path, "rb") as source:
            raw = source.read(limit + 1)
        if len(raw) > limit:
            raise MalformedFile(f"is longer than {limit} bytes", where=Location(path))
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise MalformedFile(f"cannot be read: {error.strerror}", where=Location(path)) from error
    except UnicodeDecodeError as error:
        raise MalformedFile(f"is not UTF-8 text: {error.reason}", where=Location(path)) from error


def read_json(path: str, what: str) -> Any:
    """Content of a JSON file. Raises NotFound, MalformedFile."""
    return parse_json(read_text(path, what), path, 0)


def parse_json(text: str, path: str, line: int) -> Any:
    """``text`` as JSON; ``line`` is where it starts in ``path`` (0 = it is all of it)."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = Location(path, line or error.lineno, error.colno)
        raise MalformedFile(f"is not JSON: {error.msg}", where=where) from error
    except RecursionError as error:
        raise MalformedFile("is nested too deeply", where=Location(path, line)) from error


def field(record: Any, key: str, kind: type | tuple[type, ...], path: str, what: str) -> Any:
    """``record[key]``, of the type that it must have. Raises MalformedFile with the name of the record."""
    found = record.get(key) if isinstance(record, dict) else None
    if isinstance(found, bool) or not isinstance(found, kind):
        names = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
        raise MalformedFile(f"{what}: {key} must be {names}, found {found!r:.60}", where=Location(path, key=key))
    return found


def load_array(path: str, what: str, *, mapped: bool = False) -> Any:
    """A numpy file; ``mapped`` leaves it on disk until it is used. Never unpickles. Raises NotFound, MalformedFile."""
    import numpy as np

    existing(path, what)
    try:
        return np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise MalformedFile(f"{what} is no numpy array: {error}", where=Location(path)) from error


def inside(root: str, name: str, path: str) -> str:
    """``root/name``; a name that leads out of ``root`` is refused, ``path`` is the file that has it."""
    joined = os.path.normpath(os.path.join(root, name))
    if os.path.isabs(name) or not (joined + os.sep).startswith(os.path.normpath(root) + os.sep):
        raise MalformedFile(f"the file name {name!r:.80} leads out of the data set", where=Location(path))
    return joined
