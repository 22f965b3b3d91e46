"""Unpacking of archives that strangers made: zip, tar (plain, gz, bz2, xz), and single compressed files.

Everything goes to a hidden sibling of the target first. There, regular files are written before any link exists,
so no write can follow one; then links are made, and the whole is refused if one of them leads outside. Only what
passed appears in the target.
"""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from typing import IO, Any

import msgspec

from franca.catalog.names import new_uid
from franca.errors import FrancaError, Location, MalformedFile, NotFound, Refused, Unavailable


class Limits(msgspec.Struct, frozen=True):
    """How much an archive may grow. A bomb is told by its ratio, once it is big enough to hurt."""

    ratio: int = 200  #: unpacked bytes per byte of the archive ...
    free_bytes: int = 512 << 20  #: ... counted above this many
    total_bytes: int = 1 << 41
    members: int = 2_000_000


class _Member(msgspec.Struct):
    name: str
    kind: str  #: "file", "dir", "link" (symbolic) or "same" (hard link)
    mode: int = 0o644
    time: float = 0.0
    target: str = ""  #: of a link
    open: Any = None  #: opens the content of a file


_SINGLE = {".gz": "gzip", ".bz2": "bz2", ".xz": "lzma"}
_CHUNK = 1 << 20
_CONTROLS = dict.fromkeys((*range(32), 127))
_LONGEST = 1000  #: letters in a name with its folders; systems end at 4,096 bytes, Python's makedirs before


def extract(path: str, target: str, *, strip: int = 0, limits: Limits = Limits()) -> tuple[str, ...]:  # noqa: B008
    """Unpack an archive into the directory ``target`` (made when absent); returns relative paths of files.

    Args:
        strip: leading components to drop from each name; members with fewer are left out.

    Raises:
        Refused: a member leaves the target, is a device, or the archive grows beyond its limits.
        MalformedFile: not an archive, or a damaged or encrypted one.
        Unavailable: the disk is full, or the archive cannot be read.
    """
    target = os.path.abspath(target)
    staging = os.path.join(os.path.dirname(target), f".unpack-{new_uid()}")
    try:
        os.makedirs(staging)
        writer = _Writer(path, staging, strip, limits)
        for member in _members(path):
            writer.take(member)
        files = writer.finish()
        _place(staging, target)
    except FrancaError:
        raise
    except FileNotFoundError:
        raise NotFound(f"file not found: {path}") from None
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise MalformedFile(f"cannot be unpacked: {error}", where=Location(path)) from None
    except OSError as error:
        raise _os_error(path, error) from None
    except Exception as error:  # zlib.error, lzma.LZMAError: damaged data
        raise MalformedFile(f"cannot be unpacked: {error}", where=Location(path)) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return tuple(files)


def _os_error(path: str, error: OSError) -> FrancaError:
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Unavailable(f"no space left to unpack {path}", hint="free some disk space and run the command again")
    if error.errno is None:  # how gzip and bz2 say that data is damaged
        return MalformedFile(f"cannot be unpacked: {error}", where=Location(path))
    return Unavailable(f"cannot unpack {path}: {error.strerror}")


def _members(path: str) -> Iterator[_Member]:
    if zipfile.is_zipfile(path):
        return _zip_members(path)
    extension = os.path.splitext(path)[1].lower()
    if tarfile.is_tarfile(path) and not (extension in _SINGLE and _is_empty_tar(path)):
        return _tar_members(path)
    if extension in _SINGLE:
        return _single_member(path, extension)
    raise MalformedFile("not a zip, tar, gz, bz2 or xz archive", where=Location(path))


def _is_empty_tar(path: str) -> bool:
    """Whether it is one only because compressed zeros look like the end of a tar."""
    with tarfile.open(path) as archive:
        return archive.next() is None


def _zip_members(path: str) -> Iterator[_Member]:
    import time

    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            mode = info.external_attr >> 16
            when = time.mktime((*info.date_time, 0, 0, -1)) if info.date_time[0] >= 1980 else 0.0
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
                raise Refused(f"{path}: the member {info.filename!r} is a device or a pipe")
            if stat.S_ISLNK(mode):
                if info.file_size > 4096:
                    raise Refused(f"{info.filename!r} is a link with a target of {info.file_size} bytes")
                yield _Member(info.filename, "link", target=archive.read(info).decode("utf-8", "surrogateescape"))
            elif info.is_dir():
                yield _Member(info.filename, "dir")
            else:
                permissions = (mode & 0o777) or 0o644
                yield _Member(info.filename, "file", permissions, when, open=lambda info=info: archive.open(info))


def _tar_members(path: str) -> Iterator[_Member]:
    with tarfile.open(path) as archive:
        for info in archive:
            if info.isreg():
                content = archive.extractfile(info)
                yield _Member(info.name, "file", info.mode & 0o777, info.mtime, open=lambda content=content: content)
            elif info.isdir():
                yield _Member(info.name, "dir")
            elif info.issym():
                yield _Member(info.name, "link", target=info.linkname)
            elif info.islnk():
                yield _Member(info.name, "same", target=info.linkname)
            else:
                raise Refused(f"{path}: the member {info.name!r} is a device or a pipe")


def _single_member(path: str, extension: str) -> Iterator[_Member]:
    import importlib

    module = importlib.import_module(_SINGLE[extension])
    name = os.path.splitext(os.path.basename(path))[0] or "data"
    yield _Member(name, "file", 0o644, os.stat(path).st_mtime, open=lambda: module.open(path, "rb"))


class _Writer:
    """Writes members into an empty directory, within limits."""

    def __init__(self, path: str, root: str, strip: int, limits: Limits) -> None:
        self.path = path
        self.root = root
        self.strip = strip
        self.limits = limits
        self.allowed = min(limits.total_bytes, max(limits.free_bytes, os.path.getsize(path) * limits.ratio))
        self.written = 0
        self.count = 0
        self.files: list[str] = []
        self.links: list[tuple[str, str]] = []

    def refuse(self, name: str, reason: str) -> Refused:
        return Refused(f"{self.path}: the member {name!r} {reason}", hint="nothing was unpacked")

    def inside(self, name: str) -> str:
        """The relative path that a member's name means, without the stripped components; "" for none."""
        if "\\" in name or not name.translate(_CONTROLS) == name or len(name) > _LONGEST:
            raise self.refuse(name[:80], "has a name that is no path")
        if name.startswith("/") or name[1:2] == ":":
            raise self.refuse(name, "has an absolute path")
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise self.refuse(name, "leaves the target directory")
        return "/".join(parts[self.strip :])

    def take(self, member: _Member) -> None:
        self.count += 1
        if self.count > self.limits.members:
            raise Refused(f"{self.path}: more than {self.limits.members} members", hint="nothing was unpacked")
        name = self.inside(member.name)
        if not name:
            return
        place = os.path.join(self.root, name)
        if member.kind == "dir":
            os.makedirs(place, exist_ok=True)
            return
        try:
            os.makedirs(os.path.dirname(place), exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise self.refuse(member.name, "lies below another member that is a file") from None
        if member.kind == "link":
            self.links.append((name, member.target))
            return
        if os.path.isdir(place):
            raise self.refuse(member.name, "is a file and a directory")
        if member.kind == "same":
            self._same(member, place)
        else:
            with member.open() as content:
                self._write(member, content, place)
        self.files.append(name)

    def _same(self, member: _Member, place: str) -> None:
        source = os.path.join(self.root, self.inside(member.target))
        if not os.path.isfile(source) or os.path.islink(source):
            raise self.refuse(member.name, f"is a link to {member.target!r}, which is not in the archive")
        self._count(os.path.getsize(source))
        shutil.copy2(source, place)

    def _write(self, member: _Member, content: IO[bytes], place: str) -> None:
        with open(place, "wb") as stream:
            while chunk := content.read(_CHUNK):
                self._count(len(chunk))
                stream.write(chunk)
        os.chmod(place, (member.mode & 0o777) | 0o600)
        if member.time > 0:
            os.utime(place, (member.time, member.time))

    def _count(self, size: int) -> None:
        self.written += size
        if self.written > self.allowed:
            raise Refused(
                f"{self.path}: unpacks to more than {self.allowed} bytes, which its size does not explain",
                hint="nothing was unpacked",
            )

    def finish(self) -> list[str]:
        """Make the links, now that all files are written, and see that none leads outside."""
        root = os.path.realpath(self.root)
        for name, target in self.links:
            place = os.path.join(self.root, name)
            if os.path.isabs(target) or os.path.lexists(place):
                raise self.refuse(name, f"is a link to {target!r}")
            os.symlink(target, place)
        for name, target in self.links:
            real = os.path.realpath(os.path.join(self.root, name))
            if real != root and not real.startswith(root + os.sep):
                raise self.refuse(name, f"is a link to {target!r}, outside the target directory")
        return self.files + [name for name, _ in self.links]


def _place(staging: str, target: str) -> None:
    """Move what was unpacked to its place: by one rename when the target is new, else file by file."""
    if not os.path.lexists(target):
        os.rename(staging, target)
        return
    real = os.path.realpath(target)
    for folder, folders, files in os.walk(staging):
        relative = os.path.relpath(folder, staging)
        goal = os.path.normpath(os.path.join(target, relative))
        here = os.path.realpath(goal)
        if here != real and not here.startswith(real + os.sep):
            raise Refused(f"{goal} is a link that leads outside {target}", hint="nothing was written through it")
        os.makedirs(goal, exist_ok=True)
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in files + links:
            os.replace(os.path.join(folder, name), os.path.join(goal, name))


def pack(folder: str, path: str, *, leave_out: tuple[str, ...] = (".git",)) -> int:
    """A zip of all files below a folder, sorted, without the directories named in ``leave_out``; their number."""
    count = 0
    temporary = path + f".{new_uid()}.tmp"
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for full in _files_below(folder, leave_out):
                if os.path.realpath(full) in (os.path.realpath(temporary), os.path.realpath(path)):
                    continue
                count += 1
                _add(archive, full, os.path.relpath(full, folder))
        os.replace(temporary, path)
    except OSError as error:
        raise Unavailable(f"cannot pack {folder} into {path}: {error.strerror}") from None
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)
    return count


def _files_below(folder: str, leave_out: tuple[str, ...]) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(here, name))]
        folders[:] = sorted(name for name in folders if name not in leave_out and name not in links)
        for name in sorted(files + links):
            yield os.path.join(here, name)


def _add(archive: zipfile.ZipFile, full: str, name: str) -> None:
    if not os.path.islink(full):
        archive.write(full, name)
        return
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, os.fsencode(os.readlink(full)))
