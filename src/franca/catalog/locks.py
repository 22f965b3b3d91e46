"""Locks between processes, held by the kernel: a holder that is killed lets go at once.

A lock is a file that is never deleted (deleting it would let two processes hold "the" lock). Its text is the
process id of the last holder, for the message to those who wait. ``flock`` is used directly: the waiters of
the ``filelock`` package empty the file when they open it, and its import is paid by every command.
"""

from __future__ import annotations

import errno
import os
import time
from _thread import get_ident

from franca.errors import Busy, Unavailable
from franca.model.light import TYPE_CHECKING, contextmanager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_held: dict[tuple[int, int, str], int] = {}


@contextmanager
def locked(path: str, *, timeout: float | None = None, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the lock file ``path`` for the body; re-entrant within one thread.

    Args:
        path: the lock file, made with its parents when absent.
        timeout: seconds to wait; None waits for ever, 0 does not wait.
        on_wait: called once with a message naming the holder, before waiting begins.

    Raises:
        Busy: the time has passed.
        Unavailable: the lock file cannot be made.
    """
    mine = (os.getpid(), get_ident(), os.path.abspath(path))
    if mine in _held:
        _held[mine] += 1
        try:
            yield
        finally:
            _held[mine] -= 1
        return
    handle = _acquire(path, timeout, on_wait)
    _held[mine] = 1
    try:
        yield
    finally:
        del _held[mine]
        os.close(handle)  # closing lets the lock go


def _acquire(path: str, timeout: float | None, on_wait: Callable[[str], None] | None) -> int:
    handle = _open(path)
    try:
        if not _try(handle):
            if on_wait is not None:
                on_wait(f"waiting for {_holder(handle)} to let go of {path}")
            _wait(handle, path, timeout)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        if error.errno not in _FULL:  # a full disk does not weaken the lock
            os.close(handle)
            raise Unavailable(f"cannot lock {path}: {error.strerror}") from None
    except BaseException:
        os.close(handle)
        raise
    return handle


def _open(path: str) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise Unavailable(f"cannot lock {path}: {error.strerror}") from None
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        return os.open(path, flags, 0o600)
    except OSError as error:
        raise Unavailable(f"cannot lock {path}: {error.strerror}") from None


def _try(handle: int) -> bool:
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(handle: int, path: str, timeout: float | None) -> None:
    if timeout is None:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX)
        return
    deadline = time.monotonic() + timeout
    while not _try(handle):
        if time.monotonic() >= deadline:
            raise Busy(
                f"{_holder(handle)} holds {path} and did not let go within {timeout:g} s",
                hint="wait for it to finish, or end it, and run the command again",
            )
        time.sleep(0.01)


def _holder(handle: int) -> str:
    try:
        text = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
    except OSError:
        text = ""
    return f"process {text}" if text.isdigit() else "another process"


def holder(path: str) -> int | None:
    """The process that holds the lock file now, or None when it is free (or does not exist)."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        if _try(handle):
            return None
        text = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
        return int(text) if text.isdigit() else 0
    finally:
        os.close(handle)
