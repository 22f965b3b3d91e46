"""The fast lane: answers from the index snapshot before anything heavy is imported.

The launchers call :func:`main`. It imports nothing beyond what a bare interpreter has loaded (``sys``, ``os``,
``_imp``) and the built-in ``marshal``. A question that it cannot answer with certainty goes to the ordinary
command line, which prints the same bytes, only later. What is certain: the snapshot is whole (checksum), was
made for the same roots by the same version, and every directory and file that it was made from still has the
time stamps, size and inode that it had then.

Layout of a snapshot file (written by ``franca.catalog.snapshot``; integers little-endian, 8 bytes):

    MAGIC (16 bytes) · checksum of sizes, sections 1 and 2 (8) · checksum of all after section 2 (8)
    lengths of sections 1, 2, 3 (24)
    section 1  marshal (identity, groups): what must hold for the rest to be true
    section 2  marshal (repos, rows, warnings, broken): what questions are answered from
    section 3  marshal (listings, shelves, spots, warnings): what the next scan takes over where groups hold
    the rest   packed metas, addressed by offset and length from its start

    group   (exact, absent, loose)
    exact   ((path, mtime_ns, ctime_ns, size, inode), ...)          must be equal
    absent  (path, ...)                                             must not exist
    loose   ((path, mtime_ns, ctime_ns, size, inode, names), ...)   equal, or at least exactly these META_NAMES
    repos   ((alias, uid, path, prefix, dialect, writable, trusted, meta), ...)
    rows    ((path, alias, uid, kind alias, kind uid, tags, repo number, offset, length, checksum, spot number,
              inherits), ...)
"""

from __future__ import annotations

import _imp
import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing costs more than the whole lane
    from collections.abc import Mapping
    from typing import Any

MAGIC = b"franca-index-01\n"
FORMAT = 1
START = 56  # of section 1
META_NAMES = ("_cm.yaml", "_cm.json", "meta.yaml", "meta.json")
#: A stamp that no file has: "look again, the file was too young to tell".
UNSURE = (0, 0, 0, 0)

# Fields of a row.
PATH, ALIAS, UID, KIND_ALIAS, KIND_UID, TAGS, REPO, OFFSET, LENGTH, CHECK, SPOT, INHERITS = range(12)

_TRUE = ("1", "true", "yes")


def checksum(data: bytes) -> bytes:
    """Eight bytes that change with the data (SipHash, the interpreter's own, the same in every process)."""
    return _imp.source_hash(0x46524E43, data)


def classic_root(environ: Mapping[str, str]) -> str:
    return environ.get("CM_REPOS", "").strip() or os.path.join(_home(environ), "CM")


def new_root(environ: Mapping[str, str]) -> str:
    return environ.get("MLC_REPOS", "").strip() or os.path.join(_home(environ), "MLC", "repos")


def _home(environ: Mapping[str, str]) -> str:
    return environ.get("HOME") or environ.get("USERPROFILE") or os.path.expanduser("~")


def identity(environ: Mapping[str, str]) -> tuple[Any, ...]:
    """All that decides which directories are looked at, apart from their content."""
    package = os.path.dirname(os.path.abspath(__file__))
    sites: tuple[str, ...] = ()
    if environ.get("CM_CORE_SKIP_INTERNAL_REPOS", "").strip().lower() not in _TRUE:
        sites = tuple(p for p in sys.path if p.endswith(("site-packages", "dist-packages")))
    version = getattr(sys.modules.get("franca"), "__version__", "")
    return (
        f"{FORMAT} {version}", sys.hexversion, package,
        os.path.abspath(classic_root(environ)), os.path.abspath(new_root(environ)),
        environ.get("CM_HOME", "").strip(), sites,
    )  # fmt: skip


def snapshot_path(who: tuple[Any, ...]) -> str:
    return os.path.join(str(who[3]), ".franca", f"index-{checksum(repr(who).encode()).hex()}.bin")


def stamp(path: str) -> tuple[int, int, int, int]:
    """What changes when a file or directory changes. Raises OSError."""
    s = os.stat(path)
    return s.st_mtime_ns, s.st_ctime_ns, s.st_size, s.st_ino


class Snapshot:
    """A snapshot file that was opened, checked for wholeness, but not yet compared with the file system."""

    __slots__ = ("_content", "_stream", "_tail", "_tail_check", "digest", "groups", "sizes")

    def __init__(self, stream: Any, who: tuple[Any, ...]) -> None:
        """Raises ValueError (or EOFError, TypeError: what marshal raises) when the file is not usable."""
        head = stream.read(START)
        if head[:16] != MAGIC or len(head) < START:
            raise ValueError("not a snapshot")
        self.sizes = tuple(int.from_bytes(head[at : at + 8], "little") for at in (32, 40, 48))
        one, two, _three = self.sizes
        body = stream.read(one + two)
        self.digest = head[16:24]
        if len(body) != one + two or checksum(head[32:] + body) != self.digest:
            raise ValueError("damaged")
        made_for, self.groups = marshal.loads(body)  # noqa: S302 - our own, owner-only file
        if made_for != who:
            raise ValueError("made for other roots")
        self._content = body[one:]
        self._stream = stream
        self._tail_check = head[24:32]
        self._tail = b""

    def content(self) -> Any:
        """Section 2: (repos, rows, warnings, broken)."""
        return marshal.loads(self._content)  # noqa: S302

    def known(self) -> Any:
        """Section 3: what the next scan takes over. Raises ValueError when it, or a meta, is damaged."""
        self._tail = self._stream.read()
        if checksum(self._tail) != self._tail_check:
            raise ValueError("damaged")
        return marshal.loads(self._tail)  # noqa: S302

    def slice(self, offset: int, length: int) -> bytes:
        """A packed meta; after :meth:`known`."""
        start = self.sizes[2] + offset
        return self._tail[start : start + length]

    def holds(self) -> bool:
        """Whether the file system still is as it was when the snapshot was made."""
        return all(group_holds(*group) for group in self.groups)

    def close(self) -> None:
        self._stream.close()


def assemble(one: bytes, two: bytes, three: bytes, blobs: bytes) -> bytes:
    """The bytes of a snapshot file from its parts."""
    sizes = b"".join(len(part).to_bytes(8, "little") for part in (one, two, three))
    return b"".join((MAGIC, checksum(sizes + one + two), checksum(three + blobs), sizes, one, two, three, blobs))


def group_holds(exact: Any, absent: Any, loose: Any) -> bool:
    """Whether everything in a group still is as it was."""
    stat = os.stat
    try:
        for path, mtime, ctime, size, inode in exact:
            s = stat(path)
            if s.st_mtime_ns != mtime or s.st_ctime_ns != ctime or s.st_size != size or s.st_ino != inode:
                return False
        for path, mtime, ctime, size, inode, names in loose:
            s = stat(path)
            if (
                s.st_mtime_ns != mtime or s.st_ctime_ns != ctime or s.st_size != size or s.st_ino != inode
            ) and names != meta_names_in(path):
                return False
    except OSError:
        return False
    return not any(map(os.path.lexists, absent))


def meta_names_in(path: str) -> tuple[str, ...]:
    """Which of META_NAMES the directory has."""
    return tuple(name for name in META_NAMES if os.path.lexists(path + "/" + name))


def read_snapshot(path: str, who: tuple[Any, ...]) -> Snapshot:
    """The snapshot in a file of our own that nobody else may touch. Raises OSError, ValueError and friends."""
    stream = open_own(path)
    try:
        return Snapshot(stream, who)
    except BaseException:
        stream.close()
        raise


def open_own(path: str) -> Any:
    """A file that only this user can read and write, opened. Raises OSError, ValueError."""
    stream = open(path, "rb", buffering=0)  # noqa: SIM115 - the caller closes it
    s = os.fstat(stream.fileno())
    if os.name == "posix" and (s.st_uid != os.geteuid() or s.st_mode & 0o077):
        stream.close()
        raise ValueError("not ours alone")
    return stream


# Questions about names and tags


def selects(alias: str, uid: str, stored_alias: str, stored_uid: str) -> bool:
    """Whether a request names a stored object: ``ObjectRef.selects`` without its imports."""
    if uid and stored_uid:
        return uid.lower() == stored_uid.lower()
    if uid and not alias:
        return False
    wanted = alias.lower()
    if not wanted:
        return True
    if "*" in wanted or "?" in wanted:
        return matches(stored_alias.lower(), wanted)
    return stored_alias.lower() == wanted


def matches(text: str, pattern: str) -> bool:
    """Shell-style matching with ``*`` and ``?`` only (callers keep ``[`` away)."""
    at = star = 0
    back = -1
    where = 0
    while where < len(text):
        if at < len(pattern) and (pattern[at] == "?" or (pattern[at] != "*" and pattern[at] == text[where])):
            at += 1
            where += 1
        elif at < len(pattern) and pattern[at] == "*":
            back, star = at, where
            at += 1
        elif back >= 0:
            star += 1
            at, where = back + 1, star
        else:
            return False
    return all(char == "*" for char in pattern[at:])


def is_uid(text: str) -> bool:
    return len(text) == 16 and not text.strip("0123456789abcdefABCDEF")


# The two lanes

#: Kinds that are asked for by a name which no artifact can change.
KINDS = {"script": "5b4e0237da074764", "cache": "541d6f712a6b464e"}
FINDING = ("find", "ls", "list", "search")
#: Who answers when the fast lane does not: module and function, by the name of the program.
FRONTS = {"franca": ("franca.cli.main", "main")}
OTHER_FRONT = ("franca.compat.cm_front", "main")
#: Variables that an answer may depend on, besides those of the three families.
VARIABLES = (
    "COLUMNS", "FORCE_COLOR", "HOME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "NO_COLOR", "PATH", "PYTHONIOENCODING",
    "PYTHONPATH", "PYTHONUTF8", "SHELL", "TERM", "USER", "VIRTUAL_ENV",
)  # fmt: skip
FAMILIES = ("CM_", "FRANCA_", "MLC_")


def home_dialect(name: str) -> str:
    """The dialect whose rules a program follows, by its name."""
    return "new" if name[:3] == "mlc" and name != "mlcube" else "classic"


class Answer:
    """What a command printed, and its exit status."""

    __slots__ = ("err", "out", "status")

    def __init__(self, out: str = "", err: str = "", status: int = 0) -> None:
        self.out = out
        self.err = err
        self.status = status


def question(name: str, argv: list[str], environ: Mapping[str, str]) -> bytes:
    """All that the answer to a command line may depend on, apart from files."""
    parts = [name, *argv, "", os.getcwd(), str(_terminal(1)), str(_terminal(2))]
    for key in sorted(environ):
        if key in VARIABLES or key.startswith(FAMILIES):
            parts += key, environ[key]
    return "\0".join(parts).encode("utf-8", "surrogateescape")


def _terminal(descriptor: int) -> object:
    """False, or the size of the terminal."""
    try:
        return os.isatty(descriptor) and tuple(os.get_terminal_size(descriptor))
    except OSError:
        return False


def memo_path(root: str, asked: bytes) -> str:
    return os.path.join(root, ".franca", "memo", checksum(asked).hex() + ".bin")


def fast(name: str, argv: list[str], environ: Mapping[str, str]) -> Answer | None:
    """The answer, if it is certain. Raises anything when there is a doubt."""
    if not _eligible(argv, environ):
        return None
    who = (*identity(environ), home_dialect(name))
    kept = read_snapshot(snapshot_path(who), who)
    asked = question(name, argv, environ)
    answer = _remembered(memo_path(who[3], asked), asked, kept.digest)
    request = None if answer else _find_request(name, argv)
    if (answer or request) and kept.holds():
        return answer or _find(kept, *request)  # type: ignore[misc]
    return None


def _eligible(argv: list[str], environ: Mapping[str, str]) -> bool:
    if not argv or environ.get("CM_INDEX", "").strip().lower() in ("no", "off", "false"):
        return False
    return not environ.get("CM_CONFIG") and sys.stdout.encoding.lower() in ("utf-8", "utf8")


def _remembered(path: str, asked: bytes, digest: bytes) -> Answer | None:
    """The answer that was given before, if nothing that it depends on has changed."""
    try:
        with open_own(path) as stream:
            data = stream.read()
    except OSError:
        return None
    if data[:8] != checksum(data[8:]):
        return None
    asked_before, seen, expires, group, out, err, status = marshal.loads(data[8:])  # noqa: S302
    if asked_before != asked or seen != digest or not group_holds(group, (), ()):
        return None
    if expires:
        import time

        if time.time() >= expires:
            return None
    return Answer(out, err, status)


def _find_request(name: str, argv: list[str]) -> tuple[str, str, list[str], list[str]] | None:
    """(kind, name, tags to have, tags not to have) of a plain search; None for anything else."""
    if name not in ("franca", "cm") or len(argv) < 2 or argv[0] not in FINDING or argv[1] not in KINDS:
        return None
    word, tags = "", ""
    for arg in argv[2:]:
        if arg.startswith("--tags=") and not tags:
            tags = arg[7:]
        elif arg[:1] not in ("-", "@", "") and not word and not _unusual(arg):
            word = arg
        else:
            return None
    wanted = [tag for tag in map(str.strip, tags.split(",")) if tag]
    if any(tag.startswith(("_", "-_")) for tag in wanted):
        return None
    without = [tag[1:] for tag in wanted if tag[0] == "-" and len(tag) > 1]
    return argv[1], word, [tag for tag in wanted if tag[0] != "-"], without


def _unusual(word: str) -> bool:
    """Whether a word is more than a name or a plain pattern."""
    return word == "." or not word.isascii() or any(char in word for char in " ,:[=")


def _find(kept: Snapshot, kind: str, word: str, having: list[str], without: list[str]) -> Answer | None:
    """Paths of what matches, one a line; None when a person should be told more."""
    _repos, rows, warnings, _broken = kept.content()
    alias, uid = ("", word) if is_uid(word) else (word, "")
    lines = []
    for row in rows:
        if (
            selects(alias, uid, row[ALIAS], row[UID])
            and selects(kind, KINDS[kind], row[KIND_ALIAS], row[KIND_UID])
            and all(tag in row[TAGS] for tag in having)
            and not any(tag in row[TAGS] for tag in without)
        ):
            lines.append(row[PATH] + "\n")
    if warnings or (not lines and os.isatty(2)):
        return None
    return Answer("".join(lines))


def write(descriptor: int, text: str) -> None:
    data = text.encode("utf-8", "surrogateescape")
    while data:
        data = data[os.write(descriptor, data) :]


def main(name: str) -> None:
    """Answer the command line of this process as the program ``name``; does not return."""
    argv = sys.argv[1:]
    try:
        answer = fast(name, argv, os.environ)
    except Exception:  # any doubt at all: the ordinary way knows better, and says so
        answer = None
    if answer is None:
        sys.exit(slow(name, argv))
    try:
        write(1, answer.out)
        write(2, answer.err)
    except OSError:  # nobody reads any more
        os._exit(1)
    os._exit(answer.status)


def load_msgspec() -> None:
    """Import msgspec without ``typing_extensions``.

    msgspec takes it when it is there and does without it otherwise, for names that nothing here uses. With it come
    ``inspect``, ``ast`` and ``dis``, which together cost more than everything of Franca that a short command needs.
    """
    if "msgspec" in sys.modules or "typing_extensions" in sys.modules:
        return
    modules: Any = sys.modules
    modules["typing_extensions"] = None  # the import system's own way to say: not to be had
    try:
        __import__("msgspec")
    finally:
        del modules["typing_extensions"]


def slow(name: str, argv: list[str]) -> int:
    """The ordinary command line; its answer is remembered where ``franca.catalog.memo`` says that it may be."""
    module, function = FRONTS.get(name, OTHER_FRONT)
    load_msgspec()
    memo = __import__("franca.catalog.memo", fromlist=["Recorder"])  # by name: the lane lies below every layer
    with memo.Recorder(name, argv, os.environ) as recorder:
        front = getattr(__import__(module, fromlist=[function]), function)
        recorder.status = front(argv) if name in FRONTS else front(name, argv)
    return int(recorder.status or 0)
