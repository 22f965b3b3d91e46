"""Child processes without :mod:`subprocess`, whose import costs more than starting a program.

``posix_spawn`` does what is needed, except for a start in another directory; there ``subprocess`` is used.
"""

from __future__ import annotations

import os
import time

from franca.model.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from subprocess import Popen

#: Python ignores SIGPIPE and SIGXFSZ; a child gets the system's treatment back (POSIX numbers).
_DEFAULT_SIGNALS = (13, 25)
_TERMINATE, _KILL = 15, 9
_PATIENCE = 10.0  # seconds between the request to end and the force


class Child:
    """A started process. ``output`` and ``error`` are the reading ends of its streams, where they are piped."""

    def __init__(self, pid: int, output: int | None, error: int | None, popen: Popen[bytes] | None = None) -> None:
        self.pid = pid
        self.output = output
        self.error = error
        self._popen = popen
        self._status: int | None = None

    def poll(self) -> int | None:
        """Exit status, negative after a signal; None while it runs."""
        return self._reaped(os.WNOHANG)

    def wait(self) -> int:
        status = self._reaped(0)
        assert status is not None
        return status

    def _reaped(self, how: int) -> int | None:
        if self._popen is not None:
            self._status = self._popen.poll() if how else self._popen.wait()
        elif self._status is None:
            pid, status = os.waitpid(self.pid, how)
            self._status = os.waitstatus_to_exitcode(status) if pid else None
        return self._status

    def end(self) -> None:
        """Ask it to end, and make it."""
        if self.poll() is not None:
            return
        os.kill(self.pid, _TERMINATE)
        limit = time.monotonic() + _PATIENCE
        while self.poll() is None and time.monotonic() < limit:
            time.sleep(0.02)
        if self.poll() is None:
            os.kill(self.pid, _KILL)
            self.wait()

    def close(self) -> None:
        for end in (self.output, self.error):
            if end is not None:
                os.close(end)
        self.output = self.error = None


def start(
    words: tuple[str, ...], environ: Mapping[str, str], directory: str, stdin: int | None, *, output: bool, error: bool
) -> Child:
    """Start a program.

    Args:
        stdin: descriptor, or None for ours.
        output, error: whether the stream is piped to us; otherwise it is ours.

    Raises:
        OSError: it cannot be started; ``FileNotFoundError`` when it is not there.
    """
    pipes = [os.pipe() if wanted else None for wanted in (output, error)]
    targets = [(pipe[1], number) for number, pipe in enumerate(pipes, 1) if pipe]
    try:
        if directory:
            return _in_directory(words, environ, directory, stdin, pipes)
        actions = [(os.POSIX_SPAWN_DUP2, end, number) for end, number in targets]
        if stdin is not None:
            actions.append((os.POSIX_SPAWN_DUP2, stdin, 0))
        path = _found(words[0], environ)
        pid = os.posix_spawn(path, words, environ, file_actions=actions, setsigdef=_DEFAULT_SIGNALS)
        return Child(pid, *_reading_ends(pipes))
    except BaseException:
        for pipe in pipes:
            if pipe:
                os.close(pipe[0])
        raise
    finally:
        for end, _ in targets:
            os.close(end)


def _in_directory(
    words: tuple[str, ...], environ: Mapping[str, str], directory: str, stdin: int | None,
    pipes: list[tuple[int, int] | None],
) -> Child:  # fmt: skip
    import subprocess

    output, error = (pipe[1] if pipe else None for pipe in pipes)
    popen = subprocess.Popen(words, cwd=directory, env=environ, stdin=stdin, stdout=output, stderr=error)
    return Child(popen.pid, *_reading_ends(pipes), popen)


def _reading_ends(pipes: list[tuple[int, int] | None]) -> tuple[int | None, int | None]:
    output, error = (pipe[0] if pipe else None for pipe in pipes)
    return output, error


def _found(program: str, environ: Mapping[str, str]) -> str:
    """The program's path, looked for where the child itself would look."""
    if "/" in program:
        return program
    there = ""
    for folder in environ.get("PATH", os.defpath).split(":"):
        path = os.path.join(folder or ".", program)
        if os.path.isfile(path):
            if os.access(path, os.X_OK):
                return path
            there = there or path
    if there:
        raise PermissionError(13, "Permission denied", program)
    raise FileNotFoundError(2, "No such file or directory", program)
