"""The fast lane: answers from the index snapshot before anything heavy is imported.

The launchers call :func:`main`. It imports nothing beyond what a bare interpreter has loaded (``sys``, ``os``,
``_imp``) and the built-in ``marshal``. A question that it cannot answer with certainty goes to the ordinary
command line, which prints the same bytes, only later. What is certain: the snapshot is whole (checksum), was
made for the same roots by the same version, and every directory and file that it was made from still has the
time stamps, size and inode that it had then.

The index itself, and how it is read, is in ``franca._packed``.
"""

from __future__ import annotations

import marshal
import os
import sys

from franca import _packed
from franca._packed import checksum, group_holds, key

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing costs more than the whole lane
    from collections.abc import Mapping
    from typing import Any, NoReturn

_TRUE = ("1", "true", "yes")


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
        f"{version} {sys.byteorder}", sys.hexversion, package,
        os.path.abspath(classic_root(environ)), os.path.abspath(new_root(environ)),
        environ.get("CM_HOME", "").strip(), sites,
    )  # fmt: skip


def snapshot_path(who: tuple[Any, ...]) -> str:
    return os.path.join(str(who[3]), ".franca", f"index-{checksum(repr(who).encode()).hex()}.bin")


def open_own(path: str) -> Any:
    """A file that only this user can read and write, opened. Raises OSError, ValueError."""
    stream = open(path, "rb", buffering=0)  # noqa: SIM115 - the caller closes it
    s = os.fstat(stream.fileno())
    if os.name == "posix" and (s.st_uid != os.geteuid() or s.st_mode & 0o077):
        stream.close()
        raise ValueError("not ours alone")
    return stream


# The watcher, where one runs (franca.catalog.watcher)


def vouched(path: str, digest: bytes, environ: Mapping[str, str]) -> bytes:
    """The digest that a watcher vouches for; empty where none runs or is wanted: then the files are looked at."""
    if not os.path.lexists(path + ".watch"):
        return b""
    from franca import _watch

    return b"" if _watch.unwanted(environ) else _watch.vouched(path, digest)


def looked(path: str, who: tuple[Any, ...], environ: Mapping[str, str], view: _packed.View) -> None:
    """Every artifact had to be looked at for an answer, which has been given: make it easier for the next question."""
    artifacts = sum(part.count for part in view.parts)
    if artifacts >= _packed.LARGE or "FRANCA_WATCH" in environ:
        from franca import _watch

        _watch.start_if_wanted(path, who, environ, artifacts)


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
#: So many objects more than were given back start a search for cycles among them; a short command makes fewer.
ENOUGH = 50_000


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
    for variable in sorted(environ):
        if variable in VARIABLES or variable.startswith(FAMILIES):
            parts += variable, environ[variable]
    return "\0".join(parts).encode("utf-8", "surrogateescape")


def _terminal(descriptor: int) -> object:
    """False, or the size of the terminal."""
    try:
        return os.isatty(descriptor) and tuple(os.get_terminal_size(descriptor))
    except OSError:
        return False


def memo_path(root: str, asked: bytes) -> str:
    return os.path.join(root, ".franca", "memo", checksum(asked).hex() + ".bin")


class Lane:
    """One question in the fast lane."""

    __slots__ = ("asked", "environ", "looked", "memo", "path", "request", "view", "who")

    def __init__(self, name: str, argv: list[str], environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.looked = False  #: whether it was necessary to look at all artifacts
        self.who = (*identity(environ), home_dialect(name))
        self.path = snapshot_path(self.who)
        self.asked = question(name, argv, environ)
        self.memo = memo_path(self.who[3], self.asked)
        self.request = _find_request(name, argv)

    def answer(self) -> Answer | None:
        """The answer, if it is certain. Raises anything when there is a doubt."""
        if not self.request and not os.path.exists(self.memo):
            return None
        self.view = _packed.read_view(self.path, self.who)
        answer = _remembered(self.memo, self.asked, self.view.digest)
        if not answer and not self.request:
            return None
        before = self.view.digest
        if not self._certain():
            return None
        if answer is None or self.view.digest != before:
            answer = _remembered(self.memo, self.asked, self.view.digest)
        return answer or (_find(self.view, *self.request) if self.request else None)

    def _certain(self) -> bool:
        """Whether the index holds: by the word of a watcher, who may know a newer one, else by looking."""
        digest = vouched(self.path, self.view.digest, self.environ)
        if digest and digest != self.view.digest:
            self.view.close()
            self.view = _packed.read_view(self.path, self.who)
        if digest == self.view.digest:
            return True
        self.looked = True
        return self.view.holds()


def fast(name: str, argv: list[str], environ: Mapping[str, str]) -> Answer | None:
    """The answer, if it is certain. Raises anything when there is a doubt."""
    return Lane(name, argv, environ).answer() if _eligible(argv, environ) else None


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
    if asked_before != asked or seen != digest or not group_holds(group, ()):
        return None
    if expires:
        import time

        if time.time() >= expires:
            return None
    return Answer(out, err, status)


def _find_request(name: str, argv: list[str]) -> tuple[str, str, list[str], list[str]] | None:
    """(kind, name, tags to have, tags not to have) of a plain search; None for anything else."""
    if name not in ("franca", "cm", "mlc") or len(argv) < 2 or argv[0] not in FINDING or argv[1] not in KINDS:
        return None
    word, tags = "", ""
    for arg in argv[2:]:
        if arg.startswith("--tags=") and not tags:
            tags = arg[7:]
        elif arg[:1] not in ("-", "@", "") and not word and not _unusual(arg):
            word = arg
        else:
            return None
    if name == "mlc" and word and tags:
        return None  # there the name alone counts
    wanted = [tag for tag in map(str.strip, tags.split(",")) if tag]
    if any(tag.startswith(("_", "-_")) for tag in wanted):
        return None
    without = [tag[1:] for tag in wanted if tag[0] == "-" and len(tag) > 1]
    return argv[1], word, [tag for tag in wanted if tag[0] != "-"], without


def _unusual(word: str) -> bool:
    """Whether a word is more than a name or a plain pattern."""
    return word == "." or not word.isascii() or any(char in word for char in " ,:[=")


def _find(kept: _packed.View, kind: str, word: str, having: list[str], without: list[str]) -> Answer | None:
    """Paths of what matches, one a line; None when a person should be told more."""
    alias, uid = ("", word) if is_uid(word) else (word, "")
    found = []
    ours: dict[Any, bool] = {}  # most artifacts name their kind in the same words
    for _spot, number, record in _candidates(kept, alias, uid, having):
        if not record or record[_packed.PROBLEM]:
            continue
        name, its_alias, its_uid, kind_alias, kind_uid, tags = record[:6]
        words = kind_alias, kind_uid, number
        if words not in ours:
            stored = _packed.kind_of(kind_alias, kind_uid, kept.shelves[number], kept.automations)
            ours[words] = selects(kind, KINDS[kind], *stored)
        if (
            ours[words]
            and (not word or selects(alias, uid, its_alias, its_uid))
            and (not having or all(tag in tags for tag in having))
            and (not without or not any(tag in tags for tag in without))
        ):
            found += [(repo, number, name) for repo in kept.shelves[number][_packed.REPOS]]
    if kept.has_warnings() or (not found and os.isatty(2)):
        return None
    found.sort()
    return Answer("".join([f"{kept.shelves[number][_packed.PATH]}/{name}\n" for _repo, number, name in found]))


def _candidates(kept: _packed.View, alias: str, uid: str, having: list[str]) -> Any:
    """Spots, their shelves and records, among which all that match are."""
    wanted = [key("t", tag) for tag in having]
    if uid or (alias and "*" not in alias and "?" not in alias):
        wanted.append(key("u", uid) if uid else key("a", alias))
    if not wanted:
        return kept.records()
    return [(spot, kept.shelf_of(spot), kept.record(spot)) for spot in min(map(kept.spots, wanted), key=len)]


def write(descriptor: int, text: str) -> None:
    data = text.encode("utf-8", "surrogateescape")
    while data:
        data = data[os.write(descriptor, data) :]


def main(name: str) -> NoReturn:
    """Answer the command line of this process as the program ``name``; does not return."""
    argv = sys.argv[1:]
    lane = answer = None
    try:
        if _eligible(argv, os.environ):
            lane = Lane(name, argv, os.environ)
            answer = lane.answer()
    except Exception:  # any doubt at all: the ordinary way knows better, and says so
        answer = None
    if answer is None:
        _end(slow(name, argv))
    try:
        write(1, answer.out)
        write(2, answer.err)
    except OSError:  # nobody reads any more
        os._exit(1)
    if lane is not None and lane.looked:
        looked(lane.path, lane.who, os.environ, lane.view)
    os._exit(answer.status)


_gently = False


def end_gently() -> None:
    """Let Python end this process in its own time: something runs here that may count on it."""
    global _gently
    _gently = True


def _end(status: int) -> NoReturn:
    """End the process with what matters of Python's own end: exit functions, and nothing left in the streams.

    To take every module and object apart would cost half as much as a short command.
    """
    threading = sys.modules.get("threading")
    if not _gently and (threading is None or threading.active_count() == 1):
        import atexit

        atexit._run_exitfuncs()
        try:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        except (OSError, ValueError, AttributeError):
            pass  # Python says it in its own words
    sys.exit(status)


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
    import gc

    gc.set_threshold(ENOUGH)
    module, function = FRONTS.get(name, OTHER_FRONT)
    memo = __import__("franca.catalog.memo", fromlist=["Recorder"])  # by name: the lane lies below every layer
    with memo.Recorder(name, argv, os.environ) as recorder:
        front = getattr(__import__(module, fromlist=[function]), function)
        recorder.status = front(argv) if name in FRONTS else front(name, argv)
    return int(recorder.status or 0)
