"""Unpack an archive that nobody vouches for. Standard library only.

Refused: names that leave the folder, links that point out of it, devices, encrypted entries, more bytes than allowed,
more entries than allowed. Everything is written into a staging folder first and moved into place at the end, so a
refused archive leaves nothing.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib

CHUNK = 1 << 20
MOST_ENTRIES = 5_000_000
FREE_SIZE = 1 << 30
MOST_GROWTH = 200
_COMPRESSED = ((b"\x1f\x8b", gzip.open, ".gz"), (b"BZh", bz2.open, ".bz2"), (b"\xfd7zXZ\x00", lzma.open, ".xz"))


class UnpackError(Exception):
    """The archive is refused or broken; the message says which entry and why."""


class Budget:
    """How many bytes and entries may still come out of an archive."""

    def __init__(self, archive_size, most):
        self.most = most if most is not None else max(FREE_SIZE, MOST_GROWTH * archive_size)
        self.bytes, self.entries = 0, 0

    def entry(self):
        """Count an entry; raises UnpackError over the limit."""
        self.entries += 1
        if self.entries > MOST_ENTRIES:
            raise UnpackError(f"more than {MOST_ENTRIES} entries")

    def take(self, count):
        """Count bytes; raises UnpackError over the limit."""
        self.bytes += count
        if self.bytes > self.most:
            raise UnpackError(
                f"the content is larger than {self.most} bytes, so this may be a bomb (allow more with --max_size=BYTES)"
            )


def unpack(archive, folder, *, strip=0, most=None, name=""):
    """Unpack ``archive`` into ``folder`` (made when absent); returns the names at the top, sorted.

    ``strip`` leading folders are taken off every name; ``most`` limits the bytes; ``name`` is the file name for a
    compressed single file. Raises UnpackError, OSError.
    """
    if not os.path.isfile(archive):
        raise UnpackError(f"{archive}: there is no such file")
    os.makedirs(folder, exist_ok=True)
    staging = tempfile.mkdtemp(prefix=".unpack-", dir=folder)
    try:
        budget = Budget(os.path.getsize(archive), most)
        fill(archive, staging, strip, budget, name)
        top = sorted(os.listdir(staging))
        merge(staging, folder)
        return top
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, NotImplementedError) as error:
        raise UnpackError(f"{archive}: broken or unknown archive: {error}") from None
    except UnpackError as error:
        raise UnpackError(f"{archive}: {error}") from None
    except OSError as error:
        if error.errno is None:  # decompressors report broken data so
            raise UnpackError(f"{archive}: broken archive: {error}") from None
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def fill(archive, staging, strip, budget, name):
    """Write the content of an archive of any kind into the staging folder."""
    if is_tar(archive):
        return from_tar(archive, staging, strip, budget)
    if zipfile.is_zipfile(archive):
        return from_zip(archive, staging, strip, budget)
    with open(archive, "rb") as stream:
        head = stream.read(8)
    for magic, opener, suffix in _COMPRESSED:
        if head.startswith(magic):
            base = os.path.basename(archive)
            plain = name or (base[: -len(suffix)] if base.endswith(suffix) else base + ".out")
            with opener(archive, "rb") as source:
                return write(source, inside(staging, plain, 0), 0o644, budget)
    raise UnpackError("not a tar, zip, gz, bz2 or xz file")


def is_tar(archive):
    """Whether a file holds a tar with something in it (plain zeros, also compressed, pass as an empty tar)."""
    try:
        with tarfile.open(archive, "r:*") as tar:
            return tar.next() is not None
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError):
        return False


def from_tar(archive, staging, strip, budget):
    """Unpack a tar file of any compression, entry by entry as they come."""
    with tarfile.open(archive, "r:*") as tar:
        for member in tar:
            budget.entry()
            target = inside(staging, member.name, strip)
            if target is None:
                continue
            if member.isdir():
                make_folder(staging, target)
            elif member.issym():
                make_link(staging, target, member.name, member.linkname)
            elif member.islnk():
                copy_link(staging, target, member, strip, budget)
            elif member.isreg():
                make_folder(staging, os.path.dirname(target))
                write(tar.extractfile(member), target, member.mode, budget, member.mtime)
            else:
                raise UnpackError(f"entry {member.name!r} is a device or pipe")


def from_zip(archive, staging, strip, budget):
    """Unpack a zip file."""
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            budget.entry()
            target = inside(staging, member.filename, strip)
            mode = member.external_attr >> 16
            if member.flag_bits & 1:
                raise UnpackError(f"entry {member.filename!r} is encrypted")
            if target is None:
                continue
            if member.is_dir():
                make_folder(staging, target)
            elif stat.S_ISLNK(mode):
                budget.take(member.file_size)
                make_link(staging, target, member.filename, packed.read(member).decode("utf-8", "surrogateescape"))
            else:
                make_folder(staging, os.path.dirname(target))
                with packed.open(member) as source:
                    write(source, target, mode or 0o644, budget)


def inside(staging, name, strip):
    """Path in the staging folder for an entry; None when stripping leaves nothing. Raises UnpackError."""
    clean = name.replace("\\", "/") if os.name == "nt" else name
    parts = [part for part in clean.split("/") if part not in ("", ".")]
    if clean.startswith("/") or ".." in parts or "\0" in clean or (os.name == "nt" and ":" in clean):
        raise UnpackError(f"entry {name!r} leaves the folder")
    return os.path.join(staging, *parts[strip:]) if len(parts) > strip else None


def within(staging, path):
    """Whether a path, its links followed, is in the staging folder."""
    root = os.path.realpath(staging)
    return os.path.realpath(path) == root or os.path.realpath(path).startswith(root + os.sep)


def make_folder(staging, path):
    """Make a folder, never through a link that leaves the staging folder."""
    if not within(staging, path):
        raise UnpackError(f"folder {os.path.relpath(path, staging)!r} leads out through a link")
    os.makedirs(path, exist_ok=True)


def make_link(staging, target, name, destination):
    """Make a symbolic link that points into the folder."""
    make_folder(staging, os.path.dirname(target))
    goal = os.path.join(os.path.dirname(target), destination)
    if os.path.isabs(destination) or "\0" in destination or not within(staging, goal):
        raise UnpackError(f"entry {name!r} is a link that leaves the folder (to {destination!r})")
    clear(target)
    os.symlink(destination, target)


def copy_link(staging, target, member, strip, budget):
    """Make a hard link of a tar file as a copy, so that later changes stay apart."""
    source = inside(staging, member.linkname, strip)
    if source is None or not within(staging, source) or not os.path.isfile(source):
        raise UnpackError(
            f"entry {member.name!r} is a link to {member.linkname!r}, which is not in the archive before it"
        )
    make_folder(staging, os.path.dirname(target))
    with open(source, "rb") as stream:
        if os.path.realpath(source) != os.path.realpath(target):
            write(stream, target, os.stat(source).st_mode, budget)


def write(source, target, mode, budget, modified=None):
    """Write one file, counting every byte; only plain permissions survive."""
    clear(target)
    with open(target, "xb") as stream:
        while block := source.read(CHUNK):
            budget.take(len(block))
            stream.write(block)
    os.chmod(target, (mode & 0o755) | 0o600)
    if modified is not None:
        os.utime(target, (modified, modified))


def clear(target):
    """Remove what an earlier entry of the same name left."""
    if os.path.islink(target) or os.path.isfile(target):
        os.remove(target)
    elif os.path.isdir(target):
        raise UnpackError(f"entry {os.path.basename(target)!r} is both a folder and a file")


def merge(source, folder):
    """Move everything from one folder into another; folders that exist are joined, files replaced."""
    for name in os.listdir(source):
        old, new = os.path.join(source, name), os.path.join(folder, name)
        old_is_folder = os.path.isdir(old) and not os.path.islink(old)
        if old_is_folder and os.path.isdir(new) and not os.path.islink(new):
            merge(old, new)
        elif old_is_folder and os.path.lexists(new):
            raise UnpackError(f"{new} is in the way of a folder")
        else:
            os.replace(old, new)
