"""The watcher of an index, seen from those who ask: its question, and its start (decision 0005).

It belongs to the fast lane (``franca._boot``) but is imported only where there is a watcher, or should be one. The
watcher itself is ``franca.catalog.watcher``.
"""

from __future__ import annotations

import os
import sys

from franca._packed import LARGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PATIENCE_S = 1.0  #: for a watcher that does not answer; looking for oneself takes about as long in a large store
AGAIN_S = 60  #: after a start, before the next one, whatever has become of it
REFUSED_S = 3600  #: the same after a watcher that found that it cannot be certain
NEVER = "never"  #: in the place of the time: the user has stopped it
NICE = 10  #: so much lower than others is its priority
#: Variables that a watcher is given: what the identity of an index is made of, and what its interpreter needs.
VARIABLES = ("HOME", "USERPROFILE", "CM_HOME", "CM_CORE_SKIP_INTERNAL_REPOS", "PATH", "LANG", "LC_ALL", "LC_CTYPE")
OF_PYTHON = ("PYTHON", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
_NO, _YES = ("0", "no", "off", "false", "never"), ("1", "yes", "on", "true", "always")


# Places, beside the index at ``path``


def socket_path(path: str) -> str:
    """Where a watcher listens while it is certain."""
    return path + ".watch"


def lock_path(path: str) -> str:
    """What a watcher holds as long as it lives."""
    return path + ".watch.lock"


def state_path(path: str) -> str:
    """Lines of text: when the next one may be started (seconds since the epoch, or NEVER), state, reason."""
    return path + ".watch.state"


def address(folder: int, path: str) -> str:
    """The socket at ``path`` by its opened directory: the name of a socket has room for 107 bytes only."""
    return f"/proc/self/fd/{folder}/{os.path.basename(path)}"


# Asking

STATUS = b"status"


def here() -> bytes:
    """What two processes must share to see the same files under the same paths."""
    root = os.stat("/")
    return f"{root.st_dev}:{root.st_ino} {os.readlink('/proc/self/ns/mnt')}".encode()


def vouched(path: str, digest: bytes) -> bytes:
    """The digest of the index at ``path`` that a watcher vouches for; empty for whatever reason.

    When it is another than ``digest``, the files of the index are new, and are to be read again.
    """
    try:
        answer = ask(path, digest + here())
    except (OSError, ImportError, AttributeError):
        return b""
    return digest if answer == b"y" else answer[1:9] if answer[:1] == b"r" else b""


def ask(path: str, text: bytes) -> bytes:
    """What the watcher of the index at ``path`` answers. Raises OSError, and what a platform without sockets does."""
    place = socket_path(path)
    s = os.lstat(place)
    if s.st_mode & 0o170000 != 0o140000 or s.st_uid != os.geteuid():
        raise OSError("not the socket of a watcher of ours")
    from _socket import AF_UNIX, SOCK_STREAM, socket  # costs less than ``socket``

    asking = socket(AF_UNIX, SOCK_STREAM)
    folder = os.open(os.path.dirname(place), os.O_RDONLY | os.O_CLOEXEC)
    try:
        asking.settimeout(PATIENCE_S)
        asking.connect(address(folder, place))
        asking.send(text)
        return asking.recv(4096)
    finally:
        asking.close()
        os.close(folder)


# Starting


def unwanted(environ: Mapping[str, str]) -> bool:
    """Whether the user wants no watcher, neither started nor asked (``FRANCA_WATCH=no``)."""
    return sys.platform != "linux" or _word(environ) in _NO


def wanted(environ: Mapping[str, str], artifacts: int) -> bool:
    """Whether a question about so many artifacts should start a watcher (``FRANCA_WATCH=yes``: always)."""
    return not unwanted(environ) and (artifacts >= LARGE or _word(environ) in _YES)


def _word(environ: Mapping[str, str]) -> str:
    return environ.get("FRANCA_WATCH", "").strip().lower()


def start_if_wanted(path: str, who: tuple[Any, ...], environ: Mapping[str, str], artifacts: int) -> bool:
    """Start a watcher in the background where one is wanted and may be; never raises, never waits for it."""
    try:
        if not wanted(environ, artifacts) or not _due(path):
            return False
        threading = sys.modules.get("threading")
        if threading is not None and threading.active_count() > 1:
            return False  # a fork of a process with threads is not safe; the next command line will do it
        return start(path, who, environ)
    except Exception:  # a courtesy: the answer has been given
        return False


def _due(path: str) -> bool:
    """Whether a start may be tried now: none runs, and none was just started or has refused. Notes the start."""
    import fcntl
    import time

    now = time.time()
    word = again(path)
    if word == NEVER or (word.isdigit() and 0 < int(word) - now <= REFUSED_S + AGAIN_S):
        return False  # a time further ahead is from before the clock was set back
    handle = os.open(lock_path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        note(path, f"{now + AGAIN_S:.0f}", "starting")
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def again(path: str) -> str:
    """When the next one may be started: seconds since the epoch, NEVER, or nothing."""
    try:
        with open(state_path(path), encoding="utf-8", errors="replace") as stream:
            return stream.readline().strip()
    except OSError:
        return ""


def note(path: str, again: str, state: str, why: str = "") -> None:
    """Write down how it is with the watcher. Raises OSError."""
    place = state_path(path)
    new = f"{place}.{os.getpid()}"
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.write(handle, f"{again}\n{state}\n{why}\n".encode("utf-8", "replace"))
    finally:
        os.close(handle)
    os.replace(new, place)


def start(path: str, who: tuple[Any, ...], environ: Mapping[str, str]) -> bool:
    """Start a watcher of the index at ``path``, which belongs to nobody's session and holds nothing of this process.

    Its standard streams are the null device, and it is no child of this process, so nobody waits for it. False where
    this interpreter cannot be started again in the same way. Raises OSError.
    """
    program = sys.executable or ""
    if not os.path.isabs(program) or not os.path.basename(program).startswith(("python", "pypy")):
        return False
    if who[5] and not os.path.isabs(who[5]):
        return False
    _detached([program, "-m", "franca.catalog.watcher", who[-1], path], _environment(who, environ))
    return True


def _environment(who: tuple[Any, ...], environ: Mapping[str, str]) -> dict[str, str]:
    """No more than needed: a process that stays should not hold what was meant for another."""
    kept = {name: environ[name] for name in VARIABLES if name in environ}
    kept.update((name, value) for name, value in os.environ.items() if name.startswith(OF_PYTHON))
    return {**kept, "CM_REPOS": who[3], "MLC_REPOS": who[4]}


def _detached(argv: list[str], environ: dict[str, str]) -> None:
    """Run a program as the child of a child that has ended."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.chdir("/")
        null = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(null, stream)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # pipes of the caller among them
        os.nice(NICE)
        os.execve(argv[0], argv, environ)  # noqa: S606 - the words are ours
    finally:
        os._exit(1)
