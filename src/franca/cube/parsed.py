"""Parsed definitions, remembered: reading YAML costs more than everything else a short command does.

One file per definition in the user's cache, with the stamp of the definition that it was made from (size,
times, inode). A definition younger than two seconds is not remembered: its next change could carry the
same stamp. Anything unexpected means: parse.
"""

from __future__ import annotations

import marshal
import os
import time

from franca.cube.files import read_text, sha256
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from franca.catalog.marked import Marked

_FORMAT = "franca-parsed-2"
_YOUNG = 2_000_000_000  # nanoseconds


def read_marked(path: str, environ: Mapping[str, str]) -> tuple[Marked, str]:
    """The document at ``path``, and the sha256 of the file. Raises NotFound, MalformedFile or Unavailable."""
    from franca.catalog.marked import Marked, parse_marked

    stamp = _stamp(path)
    store = _store(path, environ)
    known = _load(store, stamp) if stamp else None
    if known is not None:
        return Marked(path, *known[:2]), known[2]
    document, digest = parse_marked(read_text(path), path), sha256(path)
    if stamp and time.time_ns() - max(stamp[1], stamp[2]) > _YOUNG:
        _save(store, stamp, document, digest)
    return document, digest


def _stamp(path: str) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def _store(path: str, environ: Mapping[str, str]) -> str:
    from franca.cube.places import cache_directory, key_of

    return os.path.join(cache_directory(environ), "parsed", key_of(path))


def _load(store: str, stamp: tuple[int, ...]) -> tuple[Any, Any, str] | None:
    try:
        with open(store, "rb") as file:
            if os.fstat(file.fileno()).st_uid != os.getuid():
                return None
            kept = marshal.load(file)  # noqa: S302 - the caller's own file, in a directory of theirs
        if kept[0] == _FORMAT and kept[1] == stamp:
            return kept[2], kept[3], kept[4]
    except (OSError, ValueError, EOFError, TypeError, LookupError):
        return None
    return None


def _save(store: str, stamp: tuple[int, ...], document: Marked, digest: str) -> None:
    temporary = f"{store}.{os.getpid()}.tmp"
    try:
        data = marshal.dumps((_FORMAT, stamp, document.value, document.marks, digest))
        os.makedirs(os.path.dirname(store), mode=0o700, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, store)
    except (OSError, ValueError):
        return
