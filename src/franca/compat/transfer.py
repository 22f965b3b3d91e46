"""Downloading and unpacking for content: ``download_file`` and ``unzip_file`` (script engine, section 12.8).

The two dictionary functions at the end are the names that content calls.
"""

from __future__ import annotations

import os
import re
import shutil
import ssl
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

import msgspec

from franca.catalog.archive import extract
from franca.compat.content_data import is_false
from franca.compat.results import Result, failure, refusal
from franca.errors import FrancaError, Refused, Unavailable, UsageError

_SCHEMES = ("http", "https", "ftp", "file")
_TIMEOUT_S = 60.0


class Download(msgspec.Struct, frozen=True):
    path: str
    name: str
    size: int  #: bytes


# --- download ---------------------------------------------------------------------------------------


def download(
    url: str,
    directory: str,
    name: str = "",
    *,
    chunk: int = 1 << 16,
    verify_ssl: bool = True,
    ca_file: str = "",
) -> Download:
    """Fetch ``url`` into ``directory``; the file appears under its name only when it is whole.

    Raises:
        UsageError: the address has another scheme than http, https, ftp or file.
        Refused: the server's name for the file leads out of the directory.
        Unavailable: no connection, an error status, or less data than announced.
    """
    scheme = urllib.parse.urlsplit(url).scheme
    if scheme not in _SCHEMES:
        raise UsageError(f"cannot download {url!r}: the address must start with one of {', '.join(_SCHEMES)}")
    context = _tls(verify_ssl, ca_file) if scheme == "https" else None
    request = urllib.request.Request(url, headers={"User-Agent": "franca"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=context) as answer:  # noqa: S310
            final = safe_name(name or _announced_name(answer.headers, url))
            target = os.path.join(directory, final)
            announced = answer.headers.get("Content-Length")
            size = _store(answer, target, chunk, int(announced) if announced else None)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise Unavailable(
            f"cannot download {url}: {reason}", hint="check the address and the network connection"
        ) from error
    return Download(target, final, size)


def _tls(verify: bool, ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file or None)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _announced_name(headers: Any, url: str) -> str:
    disposition = headers.get("Content-Disposition") or ""
    found = re.search(r'filename="?([^";]+)"?', disposition)
    if found:
        return found.group(1).strip()
    path = urllib.parse.unquote(urllib.parse.urlsplit(url).path)
    return os.path.basename(path) or "index.html"


def safe_name(name: str) -> str:
    """``name`` if it is a plain file name.

    Raises:
        Refused: it has a directory part, or is one.
    """
    if name in ("", ".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise Refused(f"a plain file name was expected, got {name!r}")
    return name


def _store(source: Any, target: str, chunk: int, announced: int | None) -> int:
    handle, sibling = tempfile.mkstemp(prefix=".tmp-", dir=os.path.dirname(os.path.abspath(target)))
    try:
        with os.fdopen(handle, "wb") as stream:
            shutil.copyfileobj(source, stream, chunk)
            size = stream.tell()
        if announced is not None and size != announced:
            raise Unavailable(f"the connection broke: {size} of {announced} bytes came")
        os.chmod(sibling, 0o644)
        os.replace(sibling, target)
    finally:
        if os.path.exists(sibling):
            os.remove(sibling)
    return size


# --- unpack -----------------------------------------------------------------------------------------


def unpack(archive: str, directory: str, *, overwrite: bool = True, strip: int = 0, skip: tuple[str, ...] = ()) -> None:
    """Unpack an archive, checked as ``catalog.archive.extract`` checks it.

    Args:
        overwrite: whether files that exist are replaced.
        strip: leading path components to drop from every member.
        skip: top directories (after stripping) to leave out.

    Raises:
        NotFound, MalformedFile, Refused, Unavailable: as ``extract``.
    """
    directory = os.path.abspath(directory)
    if overwrite and not skip:
        extract(archive, directory, strip=strip)
        return
    os.makedirs(directory, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=directory) as hidden:
        staging = os.path.join(hidden, "all")
        for name in extract(archive, staging, strip=strip):
            target = os.path.join(directory, name)
            if name.split("/")[0] not in skip and (overwrite or not os.path.lexists(target)):
                _put(os.path.join(staging, name), target, directory)


def _put(source: str, target: str, root: str) -> None:
    folder = os.path.dirname(target)
    os.makedirs(folder, exist_ok=True)
    real, top = os.path.realpath(folder), os.path.realpath(root)
    if real != top and not real.startswith(top + os.sep):
        raise Refused(f"{folder} is a link that leads outside {root}")
    os.replace(source, target)


# --- what content calls -------------------------------------------------------------------------------


def download_file(i: Mapping[str, Any]) -> Result:
    """Fetch ``i['url']``; the result has ``filename``, ``path`` (of the file) and ``size`` in bytes."""
    url = str(i.get("url") or "")
    directory = str(i.get("path") or os.getcwd())
    name = str(i.get("filename") or "")
    if os.path.dirname(name):  # content gives a path here now and then
        directory, name = os.path.join(directory, os.path.dirname(name)), os.path.basename(name)
    text = i.get("text", "Downloading file...")
    if text:
        print(text, file=sys.stderr)
    try:
        os.makedirs(directory, exist_ok=True)
        done = download(
            url,
            directory,
            name,
            chunk=int(i.get("chunk_size") or 1 << 16),
            verify_ssl=_verifies(i),
            ca_file=os.environ.get("MLC_SSL_CA_FILE", ""),
        )
    except FrancaError as error:
        return failure(error)
    return {"return": 0, "filename": done.name, "path": done.path, "size": done.size}


def _verifies(i: Mapping[str, Any]) -> bool:
    for value in (i.get("verify_ssl"), i.get("verify"), os.environ.get("MLC_VERIFY_SSL")):
        if value not in (None, ""):
            return not is_false(value)
    return True


def unzip_file(i: Mapping[str, Any]) -> Result:
    """Unpack the zip file ``i['filename']`` into ``i['path']``, without its first ``strip_folders``."""
    directory = str(i.get("path") or os.getcwd())
    archive = str(i.get("filename") or "")
    if not archive:
        return refusal("unzip_file: 'filename' is missing")
    if not os.path.isabs(archive) and not os.path.isfile(archive):
        archive = os.path.join(directory, archive)
    skip = i.get("skip_directories") or ()
    try:
        unpack(
            archive,
            directory,
            overwrite=not is_false(i.get("overwrite", True)),
            strip=int(i.get("strip_folders") or 0),
            skip=tuple(skip.split(",") if isinstance(skip, str) else skip),
        )
    except FrancaError as error:
        return failure(error)
    return {"return": 0}
