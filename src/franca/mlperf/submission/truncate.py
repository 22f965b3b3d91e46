"""Truncating accuracy logs for submission, with the digest of the whole log recorded first (specification 8.6).

Safe to repeat and to interrupt: the digest is written before the log shrinks, a log that is already truncated
is never hashed, and each file is replaced atomically.
"""

from __future__ import annotations

import os
import shutil
import tempfile

import msgspec

from franca.errors import FrancaError, Location, MalformedFile, Refused
from franca.mlperf.submission.context import ACCURACY_LOG, MAX_TRUNCATED
from franca.mlperf.submission.documents import file_digest, find_hashes, join, read_text
from franca.mlperf.submission.index import Node

KEEP = 4096
"""Bytes kept at each end."""

CUT = b"\n\n...\n\n"
TESTS = ("TEST01", "TEST07", "TEST09")
"""Compliance tests whose accuracy logs are truncated; the hundred answers of TEST06 stay whole."""
UNSCORED = ("TEST07", "TEST09")
"""Those that have no accuracy.txt of a scorer: the digest makes one (official truncation of v6.x)."""


class Truncation(msgspec.Struct, frozen=True):
    """What is to be done to one accuracy directory. `append` and `shrink` may both be needed, or one."""

    directory: str
    append: bool
    shrink: bool

    def describe(self) -> str:
        """The steps in words."""
        steps = ["record the digest"] * self.append + [f"keep the first and last {KEEP} bytes"] * self.shrink
        return " and ".join(steps)


def plan_truncation(root: str, top: Node) -> list[Truncation]:
    """The accuracy directories of a tree that need work, in the order of their names."""
    found = (_plan(root, node) for node in top.walk() if node.name == ACCURACY_LOG and _counts(node))
    return [item for item in found if item is not None]


class Unscored(msgspec.Struct, frozen=True):
    """An accuracy directory whose log cannot be truncated, and why: the digest has no place to go."""

    directory: str
    reason: str

    @property
    def rule(self) -> str:
        """The rule that it breaks."""
        return rule_of(self.directory)


def rule_of(directory: str) -> str:
    """The rule about truncation in an accuracy directory: C5 in compliance tests, A3 elsewhere."""
    return "C5" if "/TEST" in directory else "A3"


def find_unscored(root: str, top: Node) -> list[Unscored]:
    """Accuracy directories with a log and without a readable accuracy.txt (8.6: an error for that directory)."""
    found = []
    for node in top.walk():
        directory = node.path.rpartition("/")[0]
        if node.name != ACCURACY_LOG or not _counts(node) or directory.split("/")[-2] in UNSCORED:
            continue
        try:
            read_text(join(root, f"{directory}/accuracy.txt"))
        except MalformedFile as error:
            found.append(Unscored(directory, f"accuracy.txt {error.message}"))
    return found


def _counts(node: Node) -> bool:
    """True for logs of results and of the tests whose logs are submitted."""
    parts = node.path.split("/")
    if node.kind != "file" or len(parts) < 5 or parts[-2] != "accuracy":
        return False
    test = parts[-3]
    if test.startswith("TEST"):
        return test in TESTS and parts[2] in ("compliance", "results")
    return parts[2] == "results"


def _plan(root: str, node: Node) -> Truncation | None:
    directory = node.path.rpartition("/")[0]
    path, text = join(root, node.path), join(root, f"{directory}/accuracy.txt")
    try:
        first = directory.split("/")[-2] in UNSCORED and not os.path.lexists(text)
        hashes = [] if first else find_hashes(read_text(text))
    except MalformedFile:
        return None  # find_unscored tells of it
    if _is_cut(path, node.size) or (hashes and node.size < MAX_TRUNCATED):
        return None
    recorded = bool(hashes) and file_digest(path, "sha256") in hashes
    return Truncation(directory, not recorded, node.size >= KEEP)


def _is_cut(path: str, size: int) -> bool:
    if size != 2 * KEEP + len(CUT):
        return False
    with open(path, "rb") as stream:
        stream.seek(KEEP)
        return stream.read(len(CUT)) == CUT


def truncate(root: str, item: Truncation, backup: str = "") -> None:
    """Carry out one truncation; `backup` is a directory that gets the whole log at the same relative path.

    Raises:
        MalformedFile: accuracy.txt or the log cannot be read.
        Refused: the backup of this log exists.
    """
    relative = f"{item.directory}/{ACCURACY_LOG}"
    log, text = join(root, relative), join(root, f"{item.directory}/accuracy.txt")
    if backup:
        _back_up(log, os.path.join(backup, relative))
    if item.append:
        content = read_text(text) if os.path.lexists(text) else ""  # of UNSCORED tests
        ending = "" if content.endswith("\n") or not content else "\n"
        line = f"{ending}hash={file_digest(log, 'sha256')}\n"
        write_atomic(text, (content + line).encode("utf-8"))
    if item.shrink:
        write_atomic(log, _ends(log))


def _back_up(log: str, target: str) -> None:
    if os.path.lexists(target):
        raise Refused(f"the backup {target!r} exists", hint="give an empty directory for backups")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(log, target, follow_symlinks=False)


def _ends(path: str) -> bytes:
    with open(path, "rb") as stream:
        head = stream.read(KEEP)
        stream.seek(-KEEP, os.SEEK_END)
        return head + CUT + stream.read(KEEP)


def write_atomic(path: str, content: bytes) -> None:
    """Replace a file in one step; a kill at any moment leaves the old or the new one."""
    try:
        handle, temporary = tempfile.mkstemp(prefix=".franca-", dir=os.path.dirname(path) or ".")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(temporary, os.stat(path).st_mode & 0o777 if os.path.exists(path) else 0o644)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise FrancaError(f"cannot be written: {error.strerror or error}", where=Location(path)) from None
