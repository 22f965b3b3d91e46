"""Being told to end: SIGTERM, and SIGHUP when the terminal goes away, unwind as Ctrl-C does.

What runs is then stopped, locks go and half-made things are cleared; the exit status is 128 and the signal's number, as
shells have it. A signal that was ignored when the process started (``nohup``) stays ignored.
"""

from __future__ import annotations

import os
import stat

_TERMINATE, _HANG_UP = 15, 1
_WORDS = {_TERMINATE: "terminated", _HANG_UP: "ended, as the terminal has gone"}
_INTERRUPTED = 130  # Ctrl-C

_received = 0


class Ended(KeyboardInterrupt):
    """Raised in the main thread by the first of these signals."""


def heed() -> None:
    """Install the handlers. Only the main thread can; elsewhere this does nothing."""
    # The module signal wraps this one in enumerations, which cost as much as a whole short command.
    import _signal  # type: ignore[import-not-found]

    try:
        for number in _WORDS:
            if _signal.getsignal(number) != _signal.SIG_IGN:
                _signal.signal(number, _end)
    except ValueError:  # not the main thread
        pass


def word() -> str:
    """How the run was ended, for messages."""
    return _WORDS.get(_received, "interrupted")


def status(found: int = _INTERRUPTED) -> int:
    """The exit status: ``found``, unless that is a failure and one of these signals was its cause."""
    return 128 + _received if found and _received else found


def _end(number: int, frame: object) -> None:
    global _received
    if _received:  # a shell and the kernel may both say it; the clearing up must not be cut short
        return
    _received = number
    if number == _HANG_UP:
        _leave_terminal()
    raise Ended


def _leave_terminal() -> None:
    """Writing to a terminal that is gone fails: what is still said goes nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        try:
            if stat.S_ISCHR(os.fstat(stream).st_mode) and not os.isatty(stream):
                os.dup2(nowhere, stream)
        except OSError:
            os.dup2(nowhere, stream)
    os.close(nowhere)
