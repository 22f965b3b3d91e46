"""Starts programs: the one place of the runners that touches the world.

A command is an argument vector; no shell is ever started.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from shlex import quote as literal
from typing import IO, TYPE_CHECKING, Protocol

from franca.model.job import Command, Outcome

if TYPE_CHECKING:
    import subprocess

NOT_FOUND = 127
NOT_EXECUTABLE = 126
_TAIL = 4096  # bytes of stderr kept for messages


class Executor(Protocol):
    """Runs one command, or shows it."""

    def run(self, command: Command, seconds: float = 0) -> Outcome: ...


def pasteable(command: Command) -> str:
    """The command as a line that a POSIX shell runs the same way."""
    words = [*(f"{key}={literal(value)}" for key, value in command.env), *map(literal, command.words)]
    line = " ".join(words)
    if command.stdin:
        line += " <<'FRANCA_END'\n" + command.stdin.rstrip("\n") + "\nFRANCA_END"
    if command.directory:
        line = f"( cd {literal(command.directory)} && {line}" + ("\n)" if command.stdin else " )")
    return line


class Processes:
    """Runs commands as child processes.

    Args:
        environ: environment of the children.
        log: file that gets a copy of what a command prints, besides the terminal.
        say: told about each command before it starts (``--log-level info``).
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        log: IO[bytes] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self._environ = environ
        self._log = log
        self._say = say

    def run(self, command: Command, seconds: float = 0) -> Outcome:
        """Run to the end; status 127 when the program is missing, 128 + N after signal N, 124 at the limit."""
        import subprocess

        if self._say:
            self._say(pasteable(command))
        started = time.monotonic()
        piped = command.quiet or self._log is not None
        watched = piped or command.watch
        try:
            child = subprocess.Popen(
                command.words,
                cwd=command.directory or None,
                env={**self._environ, **dict(command.env)},
                stdin=subprocess.PIPE if command.stdin else (subprocess.DEVNULL if command.quiet else None),
                stdout=subprocess.PIPE if piped else None,
                stderr=subprocess.PIPE if watched else None,
            )
        except FileNotFoundError as error:
            return Outcome(NOT_FOUND, error=f"{error.filename or command.words[0]}: not found")
        except (PermissionError, OSError) as error:
            return Outcome(NOT_EXECUTABLE, error=f"{command.words[0]}: {error.strerror}")
        with child:
            return self._finish(child, command, started, seconds)

    def _finish(self, child: subprocess.Popen[bytes], command: Command, started: float, seconds: float) -> Outcome:
        import subprocess

        output = error = b""
        try:
            if command.quiet:
                stdin = command.stdin.encode() if command.stdin else None
                output, error = child.communicate(stdin, timeout=seconds or None)
            else:
                error = self._pass_on(child, command, seconds)
        except subprocess.TimeoutExpired:
            _end(child)
            return Outcome(124, time.monotonic() - started, error=f"stopped after {seconds:g} s")
        except KeyboardInterrupt:
            _end(child)
            raise
        status = child.returncode if child.returncode >= 0 else 128 - child.returncode
        return Outcome(status, time.monotonic() - started, _text(output), _text(error))

    def _pass_on(self, child: subprocess.Popen[bytes], command: Command, seconds: float) -> bytes:
        """Copy what the child prints to our streams and the log; returns the end of its stderr."""
        import threading

        tail: list[bytes] = []
        pairs = ((child.stdout, 1, None), (child.stderr, 2, tail))
        threads = [
            threading.Thread(target=self._copy, args=(stream, number, keep), daemon=True)
            for stream, number, keep in pairs
            if stream is not None
        ]
        for thread in threads:
            thread.start()
        if child.stdin is not None:
            child.stdin.write(command.stdin.encode())
            child.stdin.close()
        child.wait(timeout=seconds or None)
        for thread in threads:
            thread.join(5)  # a process that outlives its parent may hold the pipe
        return b"".join(tail)[-_TAIL:]

    def _copy(self, stream: IO[bytes], number: int, keep: list[bytes] | None) -> None:
        while block := os.read(stream.fileno(), 1 << 16):
            os.write(number, block)
            if self._log is not None:
                self._log.write(block)
                self._log.flush()
            if keep is not None:
                keep[:] = [b"".join([*keep, block])[-_TAIL:]]


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask the child to end, and make it."""
    import subprocess

    child.terminate()
    try:
        child.wait(10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "replace")
