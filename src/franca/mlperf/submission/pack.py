"""Packing a checked tree into one archive that is the same for the same tree."""

from __future__ import annotations

import gzip
import os
import tarfile
import tempfile

import msgspec

from franca.errors import AlreadyExists, FrancaError, Location, Refused
from franca.mlperf.submission.checker import Options, Verdict, check_tree
from franca.mlperf.submission.documents import file_digest, join
from franca.mlperf.submission.index import DIRECTORY, FILE, Node, index_tree
from franca.mlperf.submission.repair import copy_tree
from franca.mlperf.submission.truncate import plan_truncation, truncate


class Packed(msgspec.Struct, frozen=True):
    """An archive that was written: its path, SHA-256, bytes, files in it, logs truncated on the way."""

    path: str
    sha256: str
    size: int
    files: int
    truncated: int
    verdict: Verdict


def pack_tree(
    root: str, output: str, options: Options | None = None, *, force: bool = False, check: bool = True
) -> Packed:
    """Truncate accuracy logs in a copy, check it, and write it as tar.gz below one top directory.

    The tree itself is not changed. Entries are sorted and carry no owner and no time, so that the archive
    depends on the content only. `check` False packs a refused tree too.

    Raises:
        AlreadyExists: the output is there and `force` is not given.
        Refused: the tree is refused by the rules.
        FrancaError: something cannot be read or written.
    """
    if os.path.lexists(output) and not force:
        raise AlreadyExists(f"{output!r} exists", hint="add --force to replace it")
    if options is not None and options.short and index_tree(root).directory("closed"):
        raise Refused("short runs are no submission to the closed division", hint="run with the official durations")
    pending = plan_truncation(root, index_tree(root))
    with tempfile.TemporaryDirectory(prefix="franca-pack-") as scratch:
        source = root
        if pending:
            source = os.path.join(scratch, "tree")
            copy_tree(root, source)
            for item in pending:
                truncate(source, item)
        verdict = check_tree(source, options)
        if check and not verdict.ok:
            first = next((f.line() for f in verdict.findings if f.severity == "error"), verdict.summary)
            raise Refused(f"the tree is refused: {first}", hint=f"franca submission check {root}")
        files = _write(source, output)
    size = os.path.getsize(output)
    return Packed(output, file_digest(output, "sha256"), size, files, len(pending), verdict)


def _write(source: str, output: str) -> int:
    prefix = os.path.basename(output)
    for ending in (".tar.gz", ".tgz", ".gz", ".tar"):
        prefix = prefix.removesuffix(ending)
    directory = os.path.dirname(os.path.abspath(output))
    try:
        os.makedirs(directory, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".franca-", dir=directory)
        try:
            with (
                os.fdopen(handle, "wb") as raw,
                gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
                tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
            ):
                count = _add_all(archive, source, prefix or "submission")
            os.chmod(temporary, 0o644)
            os.replace(temporary, output)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise FrancaError(f"cannot be written: {error.strerror or error}", where=Location(output)) from None
    return count


def _add_all(archive: tarfile.TarFile, source: str, prefix: str) -> int:
    count = 0
    for node in index_tree(source).walk():
        if node.path == ".git":
            continue
        if node.kind == DIRECTORY:
            archive.addfile(_member(node, prefix))
        elif node.kind == FILE:
            with open(join(source, node.path), "rb") as stream:
                archive.addfile(_member(node, prefix), stream)
            count += 1
    return count


def _member(node: Node, prefix: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(f"{prefix}/{node.path}")
    if node.kind == DIRECTORY:
        member.type, member.mode = tarfile.DIRTYPE, 0o755
    else:
        member.size, member.mode = node.size, 0o644
    return member
