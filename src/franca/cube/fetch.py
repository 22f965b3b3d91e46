"""Cubes from Git repositories and archives: fetched, verified, cached, used offline (MLCube spec, section 2).

Nothing of what is fetched is executed: Git runs without hooks, filters or submodules; archives are
unpacked with bounds and without links that leave their root.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile

from franca.cube.files import read_text, write_atomic
from franca.cube.files import sha256 as digest_of
from franca.cube.places import cache_directory
from franca.errors import ChecksumMismatch, NotFound, Refused, Unavailable, UsageError
from franca.model.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ARCHIVE = 2 << 30  # bytes, fetched and unpacked
MAX_MEMBERS = 50_000
_HOSTED = re.compile(r"^(https?://[^/]+/[^/]+/[^/]+?)(?:\.git)?(?:/tree/([^/]+)(?:/(.+))?)?/?$")


class Source(NamedTuple):
    """Where a cube comes from: a repository with branch and sub-folder, or an archive."""

    url: str
    archive: bool = False
    branch: str = ""
    folder: str = ""
    sha256: str = ""


class Fetched(NamedTuple):
    """A fetched cube: its directory, and the commit or the archive's sha256."""

    directory: str
    digest: str


def parse_source(text: str, directory: str) -> Source:
    """A URL or an archive's path as a source. Raises UsageError.

    Forms: ``https://HOST/OWNER/REPO[/tree/BRANCH[/FOLDER]]``, ``git+URL[@REF][#subdirectory=DIR]``,
    ``file://...``, ``git@HOST:REPO``, ``*.zip``, ``*.tar.gz``; ``#sha256=HEX`` on archives.
    """
    url, _, fragment = text.partition("#")
    marks = dict(part.split("=", 1) for part in fragment.split("&") if "=" in part)
    folder = marks.get("subdirectory", "")
    if url.startswith("-") or "\0" in url or "::" in url:
        raise UsageError(f"{text!r} is not the address of a cube")
    if url.endswith((".zip", ".tar.gz", ".tgz", ".tar")):
        local = url if "://" in url else os.path.abspath(os.path.join(directory, os.path.expanduser(url)))
        return Source(local, True, folder=folder, sha256=marks.get("sha256", ""))
    if url.startswith("git+"):
        url = url[4:]
        at = url.rfind("@")
        branch = url[at + 1 :] if at > url.find("://") + 3 and "/" not in url[at:] else ""
        return Source(url[:at] if branch else url, branch=branch, folder=folder)
    match = _HOSTED.match(url)
    if match:
        return Source(match[1], branch=match[2] or "", folder=match[3] or folder)
    return Source(url, folder=folder)


def fetch(text: str, environ: Mapping[str, str], directory: str, *, offline: bool = False, sha256: str = "") -> Fetched:
    """The cube behind an address, from the cache when it is there.

    A branch is asked for again unless ``offline``; when the network does not answer, the cached copy is
    used. A commit or an archive with its digest never changes and is never asked for again.

    Raises:
        Unavailable, NotFound, ChecksumMismatch, Refused.
    """
    source = parse_source(text, directory)
    store = os.path.join(cache_directory(environ), "fetched")
    os.makedirs(store, exist_ok=True)
    found = _archive(source, store, offline, sha256) if source.archive else _repository(source, store, offline, environ)
    inside = os.path.normpath(os.path.join(found.directory, source.folder))
    if inside != found.directory and not inside.startswith(found.directory + os.sep):
        raise Refused(f"the sub-folder {source.folder!r} leaves the repository")
    if not os.path.isdir(inside):
        raise NotFound(f"{source.url} has no folder {source.folder!r}", hint="correct the path after the branch")
    return Fetched(inside, found.digest)


def _key(source: Source) -> str:
    from hashlib import sha256

    name = re.sub(r"[^A-Za-z0-9]+", "-", source.url.rsplit("/", 1)[-1])[:40]
    return f"{name}-{sha256(f'{source.url}@{source.branch}'.encode()).hexdigest()[:12]}"


def _repository(source: Source, store: str, offline: bool, environ: Mapping[str, str]) -> Fetched:
    pointer = os.path.join(store, _key(source) + ".commit")
    known = read_text(pointer).strip() if os.path.exists(pointer) else ""
    target = os.path.join(store, _key(source), known)
    if known and os.path.isdir(target) and (offline or re.fullmatch(r"[0-9a-f]{40}", source.branch)):
        return Fetched(target, known)
    if offline:
        raise Unavailable(f"{source.url} was not fetched before", hint="fetch it once without --offline")
    try:
        commit = _clone(source, store, environ)
    except Unavailable:
        if known and os.path.isdir(target):
            return Fetched(target, known)
        raise
    write_atomic(pointer, commit + "\n")
    return Fetched(os.path.join(store, _key(source), commit), commit)


def _clone(source: Source, store: str, environ: Mapping[str, str]) -> str:
    """Clone into a temporary place and put the work tree, without ``.git``, under its commit."""
    work = tempfile.mkdtemp(prefix=".clone-", dir=store)
    try:
        _git(["init", "--quiet", work], environ)
        wanted = source.branch or "HEAD"
        git = ["-C", work]
        _git([*git, "fetch", "--quiet", "--depth=1", "--no-tags", "--", source.url, wanted], environ, source)
        _git([*git, "checkout", "--quiet", "--detach", "FETCH_HEAD"], environ)
        commit = _git([*git, "rev-parse", "HEAD"], environ).strip()
        shutil.rmtree(os.path.join(work, ".git"))
        _check_links(work)
        target = os.path.join(store, _key(source), commit)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        try:
            os.rename(work, target)
        except OSError:  # another process was faster: equal commits are equal files
            if not os.path.isdir(target):
                raise
        return commit
    finally:
        shutil.rmtree(work, ignore_errors=True)


_SAFE = (
    "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "core.fsmonitor=false",
    "-c", "filter.lfs.smudge=", "-c", "filter.lfs.required=false", "-c", "init.defaultBranch=main",
)  # fmt: skip


def _git(words: list[str], environ: Mapping[str, str], source: Source | None = None) -> str:
    env = {**environ, "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1"}
    try:
        done = subprocess.run(
            ["git", *_SAFE, *words], capture_output=True, text=True, env=env, timeout=600, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError:
        raise Unavailable("git was not found", hint="install git") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"git did not answer: {source.url if source else words[0]}") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        what = f"cannot fetch {source.url}" if source else f"git {words[0]} failed"
        raise Unavailable(f"{what}: {last}", hint="check the address, the branch and the network")
    return done.stdout


def _archive(source: Source, store: str, offline: bool, wanted: str) -> Fetched:
    wanted = (wanted or source.sha256).lower()
    if wanted and re.fullmatch(r"[0-9a-f]{64}", wanted) and os.path.isdir(os.path.join(store, wanted)):
        return Fetched(_single(os.path.join(store, wanted)), wanted)
    if "://" not in source.url:
        return _unpacked(source.url, store, wanted)
    pointer = os.path.join(store, _key(source) + ".sha256")
    known = read_text(pointer).strip() if os.path.exists(pointer) else ""
    if known and not wanted and os.path.isdir(os.path.join(store, known)):
        return Fetched(_single(os.path.join(store, known)), known)
    if offline:
        raise Unavailable(f"{source.url} was not fetched before", hint="fetch it once without --offline")
    with tempfile.TemporaryDirectory(prefix=".get-", dir=store) as work:
        path = os.path.join(work, os.path.basename(source.url))
        _download(source.url, path)
        found = _unpacked(path, store, wanted)
    write_atomic(pointer, found.digest + "\n")
    return found


def _download(url: str, path: str) -> None:
    from urllib.error import URLError
    from urllib.request import urlopen

    if not url.startswith(("http://", "https://", "file://")):
        raise UsageError(f"{url}: only http, https and file addresses of archives are fetched")
    try:
        with urlopen(url, timeout=60) as answer, open(path, "wb") as file:  # noqa: S310
            size = 0
            while block := answer.read(1 << 20):
                size += len(block)
                if size > MAX_ARCHIVE:
                    raise Refused(f"{url} is larger than {MAX_ARCHIVE >> 30} GiB")
                file.write(block)
    except (URLError, OSError) as error:
        raise Unavailable(
            f"cannot fetch {url}: {getattr(error, 'reason', error)}", hint="check address and network"
        ) from None


def _unpacked(path: str, store: str, wanted: str) -> Fetched:
    if not os.path.isfile(path):
        raise NotFound(f"no such archive: {path}")
    digest = digest_of(path)
    if wanted and digest != wanted:
        raise ChecksumMismatch(f"{os.path.basename(path)} has sha256 {digest}, expected {wanted}",
                               hint="the archive was changed or the fetch was cut off; fetch it again")  # fmt: skip
    target = os.path.join(store, digest)
    if not os.path.isdir(target):
        work = tempfile.mkdtemp(prefix=".unpack-", dir=store)
        try:
            _extract(path, work)
            _check_links(work)
            os.rename(work, target)
        except OSError as error:
            if not os.path.isdir(target):
                raise Unavailable(f"cannot unpack {path}: {error}") from None
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return Fetched(_single(target), digest)


def _extract(path: str, target: str) -> None:
    import tarfile
    import zipfile

    try:
        if path.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                _extract_zip(archive, target)
        else:
            with tarfile.open(path) as archive:
                _extract_tar(archive, target)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise Refused(f"{os.path.basename(path)} is not a sound archive: {error}") from None


def _extract_zip(archive, target: str) -> None:  # type: ignore[no-untyped-def]
    members = archive.infolist()
    _check_size(len(members), sum(member.file_size for member in members))
    for member in members:
        if (member.external_attr >> 28) == 0xA:
            raise Refused(f"the archive holds a link: {member.filename}")
        place = _inside(target, member.filename)
        if member.is_dir():
            os.makedirs(place, exist_ok=True)
            continue
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with archive.open(member) as source, open(place, "wb") as file:
            shutil.copyfileobj(source, file)
        if (member.external_attr >> 16) & 0o111:
            os.chmod(place, 0o755)  # noqa: S103


def _extract_tar(archive, target: str) -> None:  # type: ignore[no-untyped-def]
    count = size = 0
    for member in archive:
        count, size = count + 1, size + member.size
        _check_size(count, size)
        place = _inside(target, member.name)
        if member.isdir():
            os.makedirs(place, exist_ok=True)
        elif member.isfile():
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with archive.extractfile(member) as source, open(place, "wb") as file:
                shutil.copyfileobj(source, file)
            if member.mode & 0o111:
                os.chmod(place, 0o755)  # noqa: S103
        else:
            raise Refused(f"the archive holds something that is no file or directory: {member.name}")


def _inside(root: str, name: str) -> str:
    place = os.path.normpath(os.path.join(root, name))
    if os.path.isabs(name) or not (place + os.sep).startswith(root + os.sep) or "\0" in name:
        raise Refused(f"the archive holds a path that leaves it: {name!r}")
    return place


def _check_size(count: int, size: int) -> None:
    if count > MAX_MEMBERS or size > MAX_ARCHIVE:
        raise Refused(f"the archive holds more than {MAX_MEMBERS} files or {MAX_ARCHIVE >> 30} GiB")


def _check_links(root: str) -> None:
    """Refuse links that lead out of the tree."""
    real = os.path.realpath(root)
    for base, directories, files in os.walk(root):
        for name in (*directories, *files):
            path = os.path.join(base, name)
            if os.path.islink(path) and not (os.path.realpath(path) + os.sep).startswith(real + os.sep):
                raise Refused(f"the cube holds a link that leaves it: {os.path.relpath(path, root)}")


def _single(directory: str) -> str:
    """An archive's only top directory in its place, as archives of repositories have one."""
    names = os.listdir(directory)
    only = os.path.join(directory, names[0]) if len(names) == 1 else ""
    return only if only and os.path.isdir(only) else directory
