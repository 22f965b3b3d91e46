"""Starts programs: the one place of the runners that touches the world.

A command is an argument vector; no shell is ever started.
"""

from __future__ import annotations

import os
import time

from franca.grammar.shell import quote as literal
from franca.model.job import Command, Outcome
from franca.model.light import IO, TYPE_CHECKING, Protocol
from franca.runners.spawn import Child, start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NOT_FOUND = 127
NOT_EXECUTABLE = 126
_TAIL = 4096  # bytes of stderr kept for messages
_GLANCE = 100  # milliseconds between two looks at a child that prints nothing
_LINGER = 5.0  # seconds that output is awaited after the child's end


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
        begun: called once, when the first process has been started: what it does costs no waiting.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        log: IO[bytes] | None = None,
        say: Callable[[str], None] | None = None,
        begun: Callable[[], None] | None = None,
    ) -> None:
        self._environ = environ
        self._log = log
        self._say = say
        self._begun = begun

    def run(self, command: Command, seconds: float = 0) -> Outcome:
        """Run to the end; status 127 when the program is missing, 128 + N after signal N, 124 at the limit."""
        if self._say:
            self._say(pasteable(command))
        if command.words[:2] == ("test", "-e") and command.quiet:
            return Outcome(0 if os.path.exists(command.words[2]) else 1)
        started = time.monotonic()
        try:
            child = self._start(command)
        except FileNotFoundError as error:
            return Outcome(NOT_FOUND, error=f"{error.filename or command.words[0]}: not found")
        except OSError as error:
            return Outcome(NOT_EXECUTABLE, error=f"{command.words[0]}: {error.strerror}")
        try:
            return self._finish(child, command, started, seconds)
        except BaseException:
            child.end()
            raise
        finally:
            child.close()

    def _start(self, command: Command) -> Child:
        piped = command.quiet or self._log is not None
        stdin = _input(command)
        try:
            return start(
                command.words, {**self._environ, **dict(command.env)}, command.directory, stdin,
                output=piped, error=piped or command.watch,
            )  # fmt: skip
        finally:
            if stdin is not None:
                os.close(stdin)

    def _finish(self, child: Child, command: Command, started: float, seconds: float) -> Outcome:
        if self._begun:
            begun, self._begun = self._begun, None
            begun()
        output, error = _Stream(child.output, 1), _Stream(child.error, 2)
        try:
            self._pass_on(child, (output, error), command, started + seconds if seconds else 0)
        except TimeoutError:
            child.end()
            return Outcome(124, time.monotonic() - started, error=f"stopped after {seconds:g} s")
        status = child.wait()
        status = status if status >= 0 else 128 - status
        return Outcome(status, time.monotonic() - started, output.text(), error.text())

    def _pass_on(self, child: Child, streams: tuple[_Stream, _Stream], command: Command, limit: float) -> None:
        """Read until both streams have ended and the child has; raises TimeoutError at the limit."""
        import select

        watch = select.poll()
        known = {stream.end: stream for stream in streams if stream.end is not None}
        for end in known:
            watch.register(end, select.POLLIN)
        ended = 0.0
        while known:
            for end, _ in watch.poll(_GLANCE):
                block = os.read(end, 1 << 16)
                if not block:
                    watch.unregister(end)
                    del known[end]
                else:
                    self._take(known[end], block, command)
            ended = _checked(child, limit, ended)
            if ended and time.monotonic() - ended > _LINGER:
                return  # a process that outlives its parent may hold the pipe
        while limit and child.poll() is None:
            _checked(child, limit, 0)
            time.sleep(_GLANCE / 1000)

    def _take(self, stream: _Stream, block: bytes, command: Command) -> None:
        if command.quiet:
            stream.kept.append(block)
            return
        if self._log is not None:
            self._log.write(block)
            self._log.flush()
        if stream.number == 2:
            stream.kept[:] = [b"".join([*stream.kept, block])[-_TAIL:]]
        while block:
            block = block[os.write(stream.number, block) :]


class _Stream:
    """A stream of a child: its reading end, our own descriptor of the same kind, what is kept of it."""

    def __init__(self, end: int | None, number: int) -> None:
        self.end = end
        self.number = number
        self.kept: list[bytes] = []

    def text(self) -> str:
        return b"".join(self.kept).decode("utf-8", "replace")


def _checked(child: Child, limit: float, ended: float) -> float:
    """When the child was first seen to have ended, 0 while it runs. Raises TimeoutError."""
    now = time.monotonic()
    if not ended and child.poll() is not None:
        return now
    if not ended and limit and now > limit:
        raise TimeoutError
    return ended


def _input(command: Command) -> int | None:
    """What the child reads: the command's text, nothing when nobody looks, otherwise our own input (None)."""
    if command.stdin:
        import tempfile

        with tempfile.TemporaryFile() as file:
            file.write(command.stdin.encode())
            file.seek(0)
            return os.dup(file.fileno())
    return os.open(os.devnull, os.O_RDONLY) if command.quiet else None
