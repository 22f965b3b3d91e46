"""Reading and writing of YAML and JSON files: bounded, with positions in errors, atomic.

This is the only module (with its helper ``yamltext``) that knows YAML. Formats: CM core, section 1.5.
"""

from __future__ import annotations

import errno
import os

from franca.catalog.jsontext import to_json
from franca.errors import FrancaError, Location, MalformedFile, NotFound, Unavailable
from franca.model.light import Any

#: A configuration file beyond this many bytes is not one (the largest real one is about 0.2 MB).
MAX_BYTES = 64 * 1024 * 1024
#: Meta keys whose scalars are names, never numbers (CM core, section 1.5).
NAME_KEYS = ("uid", "alias", "automation_uid", "automation_alias", "version")

#: What fetched content may have made of a meta file by a link: reading a terminal or a pipe waits for ever.
NO_FILE = "this is no regular file"

_PIECE = 65536
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_counter = 0


def read_bytes(path: str) -> bytes:
    """The content of a file. Raises NotFound, Unavailable (no permission), MalformedFile (no file, too big)."""
    try:
        with open(path, "rb", buffering=0) as stream:  # a buffer, or room for the largest file, would cost more
            parts, left = [], MAX_BYTES + 1
            while left > 0 and (some := stream.read(min(left, _PIECE))):
                parts.append(some)
                left -= len(some)
            data = b"".join(parts)
    except FileNotFoundError:
        raise NotFound(f"file not found: {path}") from None
    except IsADirectoryError:
        raise MalformedFile("this is a directory, a file was expected", where=Location(path)) from None
    except OSError as error:
        raise Unavailable(f"cannot read {path}: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise MalformedFile(f"larger than {MAX_BYTES >> 20} MiB", where=Location(path))
    return data


def decode_text(data: bytes, path: str) -> str:
    """UTF-8 text of ``data``; a byte order mark is dropped. Raises MalformedFile with the line."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MalformedFile(f"byte 0x{data[error.start]:02x} is not UTF-8 text", where=Location(path, line)) from None


def read_text(path: str) -> str:
    return decode_text(read_bytes(path), path)


def parse_yaml(text: str, path: str) -> Any:
    """The value of a YAML document (YAML 1.1 words; names stay text). Raises MalformedFile."""
    from franca.catalog.yamltext import parse

    return parse(text, path)


def parse_json(text: str, path: str) -> Any:
    """The value of a JSON document. Raises MalformedFile with line and column."""
    import json

    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = Location(path, error.lineno, error.colno)
        raise MalformedFile(f"not valid JSON: {error.msg}", where=where) from None
    except (RecursionError, ValueError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise MalformedFile(f"not valid JSON: {reason}", where=Location(path)) from None


def read_yaml(path: str) -> Any:
    return parse_yaml(read_text(path), path)


def read_json(path: str) -> Any:
    return parse_json(read_text(path), path)


def meta_names(stem: str) -> tuple[str, str]:
    return stem + ".yaml", stem + ".json"


def as_mapping(value: Any, path: str) -> dict[str, Any]:
    """``value`` as the mapping that a meta file must be (an empty file is an empty one)."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedFile(
            f"a mapping of keys to values was expected, found {type(value).__name__}", where=Location(path)
        )
    return value


def read_meta_file(path: str) -> dict[str, Any]:
    """The mapping of one meta file, YAML or JSON by its extension, with names as text."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise MalformedFile(NO_FILE, where=Location(path))
    return parse_meta(read_bytes(path), path)


def parse_meta(data: bytes, path: str) -> dict[str, Any]:
    text = decode_text(data, path)
    meta = as_mapping(parse_json(text, path) if path.endswith(".json") else parse_yaml(text, path), path)
    return names_as_text(meta)


def names_as_text(meta: dict[str, Any]) -> dict[str, Any]:
    """``meta`` with its names and tags as text (JSON may hold a uid as a number)."""
    for key in NAME_KEYS:
        value = meta.get(key)
        if value is not None and not isinstance(value, (str, dict, list)):
            meta[key] = str(value)
    tags = meta.get("tags")
    if isinstance(tags, list) and not all(isinstance(tag, str) for tag in tags):
        meta["tags"] = [tag if isinstance(tag, str) else str(tag) for tag in tags if tag is not None]
    return meta


def overlays(stem: str) -> bool:
    """Whether JSON is laid over YAML for this family of files; ``meta`` files do not (script engine, 1.2)."""
    return stem != "meta"


def load_meta(directory: str, stem: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The mapping of ``stem.yaml`` with ``stem.json`` laid over it key by key, and the files read.

    CM core, section 3.2. ``({}, ())`` when there is neither.
    """
    meta: dict[str, Any] = {}
    read: list[str] = []
    for name in meta_names(stem):
        path = os.path.join(directory, name)
        try:
            meta.update(read_meta_file(path))
        except NotFound:
            continue
        read.append(path)
        if not overlays(stem):
            break
    return meta, tuple(read)


def _temporary_name(path: str) -> str:
    global _counter
    _counter += 1
    folder, base = os.path.split(path)
    return os.path.join(folder, f".{base[:80]}.{os.getpid()}.{_counter}.{os.urandom(3).hex()}.tmp")


def _failed_write(path: str, error: OSError) -> FrancaError:
    if error.errno in _FULL:
        return Unavailable(f"no space left to write {path}", hint="free some disk space and run the command again")
    return Unavailable(f"cannot write {path}: {error.strerror}")


def write_bytes_atomic(path: str, data: bytes, *, mode: int | None = None) -> None:
    """Write a file so that readers see the old or the new content, never a part.

    The data goes to a sibling (name with a leading dot) that then takes the place of ``path``. Permissions of
    an existing file are kept unless ``mode`` is given. Raises Unavailable (disk full, no permission).
    """
    temporary = _temporary_name(path)
    try:
        if mode is None:
            mode = _mode_of(path)
        created = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
        with open(created, "wb", buffering=0) as stream:
            view = memoryview(data)
            while view:
                view = view[stream.write(view) or 0 :]
            if mode is not None and os.name == "posix":
                os.fchmod(created, mode)
        os.replace(temporary, path)
    except BaseException as error:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        if isinstance(error, OSError):
            raise _failed_write(path, error) from None
        raise


def _mode_of(path: str) -> int | None:
    try:
        return os.stat(path).st_mode & 0o777
    except OSError:
        return None


def write_text_atomic(path: str, text: str, *, mode: int | None = None) -> None:
    write_bytes_atomic(path, text.encode("utf-8", "surrogateescape"), mode=mode)


def write_json_atomic(path: str, value: Any) -> None:
    """Indent 2, sorted keys, ASCII, final newline: byte for byte what CM writes."""
    write_text_atomic(path, to_json(value) + "\n")


def to_yaml(value: Any) -> str:
    """YAML text of ``value``: block style, sorted keys, final newline."""
    from franca.catalog.yamltext import dump

    return dump(value)


def write_yaml_atomic(path: str, value: Any) -> None:
    """Block style, sorted keys."""
    write_text_atomic(path, to_yaml(value))


def make_directory(path: str) -> None:
    """Make a directory and its parents. Raises Unavailable."""
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise _failed_write(path, error) from None
