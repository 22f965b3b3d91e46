"""Bring one file here: checked, resumable, from one of several places. Standard library only.

An unfinished download lives outside the cache entry (``partial_folder``), named after the place and the expected
checksum, so that a rerun goes on where a killed one stopped. The finished file appears under its name at once
(rename), after size and checksum were found right.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

CHUNK = 1 << 20
TIMEOUT = 60.0
ATTEMPTS = 3
READY = ".ready"  #: end of the name of a whole and checked file that waits for its step
AHEAD_TIMEOUT = 10.0
AHEAD_PIECE = 1 << 16  #: bytes between two looks whether to stop
_LENGTHS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}


class DownloadError(Exception):
    """The file cannot be had as asked; the message says why and from where."""


class WrongContent(DownloadError):
    """What arrived is not what was asked for."""


def checksum_kind(text):
    """``(algorithm, digest)`` of a checksum such as ``sha256:ab...`` or a bare digest; raises DownloadError."""
    prefix, separator, digest = text.strip().lower().rpartition(":")
    digest = digest.strip()
    kind = prefix if separator else _LENGTHS.get(len(digest), "")
    right_length = _LENGTHS.get(len(digest)) == kind
    if not right_length or any(c not in "0123456789abcdef" for c in digest):
        raise DownloadError(f"checksum {text!r}: expected the hexadecimal digits of MD5, SHA-1, SHA-256 or SHA-512")
    return kind, digest


def file_name(url):
    """A safe file name for what a URL or path points to."""
    path = urllib.parse.urlsplit(url).path if "://" in url else url
    name = os.path.basename(urllib.parse.unquote(path).rstrip("/\\")).replace("\\", "_").replace("\0", "")
    return "index.html" if name in ("", ".", "..") else name


def check_name(name):
    """A name given by the caller must stay in its folder; raises DownloadError."""
    if not name or name in (".", "..") or "\0" in name or os.path.basename(name) != name:
        raise DownloadError(f"file name {name!r}: expected a plain name without folders")
    return name


def local_source(url):
    """The path that a ``file:`` URL or a path means; None for other URLs; raises DownloadError."""
    scheme = url.partition(":")[0].lower() if ":" in url else ""
    if scheme == "file":
        parts = urllib.parse.urlsplit(url)
        if parts.netloc not in ("", "localhost"):
            raise DownloadError(f"{url}: a file URL must point to this machine")
        return urllib.request.url2pathname(parts.path)
    if "://" not in url:
        return os.path.expanduser(url)
    if scheme not in ("http", "https"):
        raise DownloadError(f"{url}: expected http, https, file or a path")
    return None


def partial_folder(environ):
    """Folder of unfinished downloads."""
    base = environ.get("XDG_CACHE_HOME") or ""
    if not os.path.isabs(base):
        base = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".cache")
    return os.path.join(base, "franca", "partial")


def digests(path, kinds):
    """Digests of a file by algorithm, read once."""
    hashes = {kind: hashlib.new(kind, usedforsecurity=False) for kind in kinds}
    with open(path, "rb") as stream:
        while block := stream.read(CHUNK):
            for state in hashes.values():
                state.update(block)
    return {kind: state.hexdigest() for kind, state in hashes.items()}


def verify(path, checksums, size, origin):
    """SHA-256 of a file that has the expected size and checksums; raises WrongContent."""
    have = os.path.getsize(path)
    if size is not None and have != size:
        raise WrongContent(f"{origin}: {have} bytes, expected {size}")
    found = digests(path, {"sha256", *(kind for kind, _ in checksums)})
    for kind, digest in checksums:
        if found[kind] != digest:
            raise WrongContent(f"{origin}: {kind} is {found[kind]}, expected {digest}")
    return found["sha256"]


def fetch(urls, target, checksums=(), size=None, *, secure=True, environ=os.environ, progress=None):
    """Bring the file from the first place that has it right to ``target``; its SHA-256. Raises DownloadError.

    ``checksums`` is a sequence of (algorithm, digest). A target that is right already is left as it is.
    """
    if os.path.isfile(target) and (checksums or size is not None):
        try:
            return verify(target, checksums, size, target)
        except WrongContent as error:
            print(f"{error}: fetching it again", file=sys.stderr)
    problems = []
    for url in urls:
        try:
            return fetch_one(url, target, checksums, size, secure, environ, progress)
        except (DownloadError, OSError) as error:
            problems.append(str(error) if isinstance(error, DownloadError) else f"{url}: {error}")
    raise DownloadError("; ".join(problems))


def fetch_one(url, target, checksums, size, secure, environ, progress):
    """Bring the file from one place; its SHA-256."""
    source = local_source(url)
    os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
    if source is None:
        return from_server(url, target, checksums, size, secure, environ, progress)
    if not os.path.isfile(source):
        raise DownloadError(f"{url}: there is no such file")
    if os.path.exists(target) and os.path.samefile(source, target):
        return verify(target, checksums, size, url)
    partial = f"{target}.{os.getpid()}.part"
    copy(source, partial)
    return accept(partial, target, checksums, size, url)


def partial_path(url, checksums, environ):
    """Where the download of a file grows: the same for everybody who wants the same from the same place."""
    identity = "\n".join([url, *(f"{kind}:{digest}" for kind, digest in checksums)])
    return os.path.join(partial_folder(environ), hashlib.sha256(identity.encode()).hexdigest()[:32])


def from_server(url, target, checksums, size, secure, environ, progress):
    """Download, check and place a file; one process at a time works on the same download."""
    partial = partial_path(url, checksums, environ)
    os.makedirs(os.path.dirname(partial), mode=0o700, exist_ok=True)
    with Exclusive(partial + ".lock", waiting=lambda: show_growth(partial, size, progress)):
        sha256 = accept_ready(partial, target, checksums, size, url)
        if not sha256:
            download(url, partial, size, secure, progress)
            sha256 = accept(partial, target, checksums, size, url)
        forget(partial + ".tag")
        return sha256


def accept_ready(partial, target, checksums, size, origin):
    """Take a file that ``fetch_ahead`` has brought; nothing when there is none or it is wrong."""
    ready = partial + READY
    if not checksums or not os.path.isfile(ready):
        return ""
    try:
        return accept(ready, target, checksums, size, origin)
    except WrongContent:
        return ""


def fetch_ahead(url, checksums, size, *, secure, environ, stopped):
    """Bring a file to where ``from_server`` looks first: one attempt, silent. Raises what went wrong.

    Somebody who downloads the same at this moment is left alone.
    """
    partial = partial_path(url, checksums, environ)
    os.makedirs(os.path.dirname(partial), mode=0o700, exist_ok=True)

    def check(got, total):
        if stopped():
            raise DownloadError("stopped")

    with Exclusive(partial + ".lock", wait=False) as held:
        if not held or os.path.isfile(partial + READY):
            return
        receive(url, partial, size, secure, check, timeout=AHEAD_TIMEOUT, piece=AHEAD_PIECE)
        accept(partial, partial + READY, checksums, size, url)
        forget(partial + ".tag")


def show_growth(partial, size, progress):
    """Say how far somebody else is with the same download."""
    if progress and os.path.exists(partial):
        progress(os.path.getsize(partial), size)


def accept(partial, target, checksums, size, origin):
    """Check a complete file and give it its name; a wrong one is removed."""
    try:
        sha256 = verify(partial, checksums, size, origin)
    except WrongContent:
        forget(partial)
        forget(partial + ".tag")
        raise
    place(partial, target)
    return sha256


def forget(path):
    """Remove a file that may be absent."""
    try:
        os.remove(path)
    except FileNotFoundError:
        pass


def copy(source, partial):
    """Copy a local file; leave nothing when it fails."""
    try:
        shutil.copyfile(source, partial)
    except BaseException:
        if os.path.exists(partial):
            os.remove(partial)
        raise


def place(partial, target):
    """Give a finished file its name at once, also from another file system."""
    try:
        os.replace(partial, target)
    except OSError:
        beside = f"{target}.{os.getpid()}.part"
        copy(partial, beside)
        os.replace(beside, target)
        os.remove(partial)


def download(url, path, size, secure, progress):
    """Complete the partial file from a server, still unchecked; goes on with what an earlier try left."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return receive(url, path, size, secure, progress)
        except urllib.error.HTTPError as error:
            if error.code == 416 and os.path.exists(path):
                if is_complete(error.headers.get("Content-Range", ""), path):
                    return None
                forget(path)
            elif error.code < 500 or attempt == ATTEMPTS:
                raise DownloadError(f"{url}: the server answers {error.code} {error.reason}") from None
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            reason = getattr(error, "reason", "") or error
            if attempt == ATTEMPTS or isinstance(reason, ssl.SSLCertVerificationError):
                raise DownloadError(f"{url}: {reason}") from None
        time.sleep(0.5 * attempt)
    raise DownloadError(f"{url}: the download did not complete")


def is_complete(content_range, path):
    """Whether a refused range (``bytes */N``) says that our part is the whole file already."""
    return content_range.rpartition("/")[2].strip() == str(os.path.getsize(path))


class Exclusive:
    """Hold a file lock for a block, so that no two write one partial file; the block's value: whether it is held.

    ``waiting`` is called again and again while somebody else holds it; without ``wait`` there is one try.
    """

    def __init__(self, path, *, waiting=None, wait=True):
        self._stream = open(path, "a+b")  # noqa: SIM115
        self._waiting, self._wait = waiting, wait

    def __enter__(self):
        try:
            import fcntl
        except ImportError:
            return True
        while True:
            try:
                fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if not self._wait:
                    return False
            if self._waiting:
                self._waiting()
            time.sleep(0.05)

    def __exit__(self, *_):
        self._stream.close()


def receive(url, path, size, secure, progress, *, timeout=TIMEOUT, piece=CHUNK):
    """One request that completes ``path``; raises OSError when the server stopped early."""
    have = os.path.getsize(path) if os.path.exists(path) else 0
    validator = read_text(path + ".tag")
    headers = {"User-Agent": "franca", "Accept-Encoding": "identity"}
    if have and validator:
        headers.update({"Range": f"bytes={have}-", "If-Range": validator})
    context = ssl.create_default_context()
    if not secure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
    with opener.open(urllib.request.Request(url, headers=headers), timeout=timeout) as answer:
        resumed = answer.status == 206 and resumes_at(answer.headers.get("Content-Range", ""), have)
        write_text(path + ".tag", strong_validator(answer.headers))
        length = answer.headers.get("Content-Length", "")
        total = (have if resumed else 0) + int(length) if length.isdigit() else None
        if size is not None and total is not None and total != size:
            raise DownloadError(f"{url}: the server offers {total} bytes, expected {size}")
        got = save(answer, path, have if resumed else 0, size, progress, total, piece)
    if total is not None and got < total:
        raise OSError(f"the connection ended after {got} of {total} bytes")


def resumes_at(content_range, have):
    """Whether a Content-Range header says that the answer goes on where our part ends."""
    return content_range.replace("bytes ", "").partition("-")[0].strip() == str(have)


def strong_validator(headers):
    """What tells later whether the file on the server is still the same; empty when nothing does."""
    tag = headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified", "")


def save(answer, path, start, size, progress, total, piece):
    """Write the body after the first ``start`` bytes; the resulting length."""
    with open(path, "r+b" if start else "wb") as stream:
        stream.seek(start)
        stream.truncate()
        got = start
        while block := answer.read(piece):
            got += len(block)
            if size is not None and got > size:
                raise DownloadError(f"{answer.url}: more than the expected {size} bytes")
            stream.write(block)
            if progress:
                progress(got, total)
    return got


def read_text(path):
    """Text of a file, or an empty text."""
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except OSError:
        return ""


def write_text(path, text):
    """Replace a small text file."""
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


class Progress:
    """Says on standard error how far a download is: a line in place on a terminal, else one line every 10 s."""

    def __init__(self, name):
        self._name, self._next = name, time.monotonic() + 1.0
        self._terminal = sys.stderr is not None and sys.stderr.isatty()

    def __call__(self, got, total):
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (0.5 if self._terminal else 10.0)
        share = f" of {total / 1e6:.1f} MB ({100 * got // total} %)" if total else " MB"
        end = "\r" if self._terminal else "\n"
        print(f"  {self._name}: {got / 1e6:.1f}{share}", end=end, file=sys.stderr, flush=True)
