"""Small file operations of the cube layer; texts are UTF-8, bounded, and written atomically."""

from __future__ import annotations

import os

from franca.errors import Location, MalformedFile, NotFound, Unavailable

MAX_TEXT = 4 << 20  # bytes; definitions are a few kilobytes


def read_text(path: str) -> str:
    """The text of ``path``. Raises NotFound, MalformedFile (encoding, size) or Unavailable."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_TEXT + 1)
    except FileNotFoundError:
        raise NotFound(f"no such file: {path}") from None
    except OSError as error:
        raise Unavailable(f"cannot read {path}: {error.strerror}") from None
    if len(data) > MAX_TEXT:
        raise MalformedFile(f"the file has more than {MAX_TEXT >> 20} MiB", where=Location(path))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise MalformedFile("not UTF-8 text", where=Location(path, line), hint="save the file as UTF-8") from None


def write_atomic(path: str, text: str) -> None:
    """Write beside ``path`` and rename over it; a reader sees the old or the new file, never a part."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise Unavailable(f"cannot write {path}: {error.strerror}") from None
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def sha256(path: str) -> str:
    """Hex digest of a file's bytes."""
    from hashlib import sha256 as digest

    state = digest()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()
