"""Every error that Franca raises on purpose.

Each class means one thing that a caller can do something about::

    FrancaError
    ├── UsageError                the command line or the request is wrong
    ├── MalformedFile             a YAML, JSON or configuration file cannot be read; carries file, line, key
    ├── NotFound                  a named thing does not exist
    │   ├── KindNotFound          no such automation, or no such action in it
    │   ├── ScriptNotFound        no script has these tags
    │   └── VariationNotFound     the script lacks a requested variation
    ├── Ambiguous                 a reference names more than one thing
    ├── AlreadyExists             the thing to be made is there
    ├── Conflict                  two things cannot stand together (repositories, variations, versions)
    ├── Refused                   hostile or unsafe input: path that leaves its root, checksum, consent
    │   ├── ChecksumMismatch
    │   └── Untrusted             programs of a repository that the user has not trusted
    ├── StepFailed                a step of a run failed
    │   ├── NativeFailed          a native script ended with a non-zero status
    │   └── HookFailed            customize.py returned or raised an error
    ├── Unavailable               the machine or the network lacks something: tool, package, disk, connection
    ├── Busy                      another process holds what is needed and did not let go in time
    └── Interrupted               Ctrl-C or a termination signal

``status`` is both the exit status of a command and the ``return`` code in the CM dictionaries
(CM 4.2: 1 general, 2 native script, 4 automation or broken meta, 8 exists, 16 not found), so that a
script which tests either keeps working.
"""

from __future__ import annotations


class Location:
    """Where in a file a problem is: path, and line and column counted from 1 (0 = unknown)."""

    __slots__ = ("column", "key", "line", "path")

    def __init__(self, path: str, line: int = 0, column: int = 0, key: str = "") -> None:
        self.path = path
        self.line = line
        self.column = column
        self.key = key

    def __str__(self) -> str:
        text = self.path
        if self.line:
            text += f":{self.line}"
            if self.column:
                text += f":{self.column}"
        if self.key:
            text += f" (key {self.key!r})"
        return text

    def __repr__(self) -> str:
        return f"Location({self.path!r}, {self.line}, {self.column}, {self.key!r})"


class FrancaError(Exception):
    """The root: a message with the values in it, where it happened, and what to do next.

    Args:
        message: one sentence: the subject, what was found, what was expected.
        where: the file position, if a file is to blame.
        hint: the next step for the user, usually a command.
        log: path of a log file that holds the details.
    """

    status = 1

    def __init__(self, message: str, *, where: Location | None = None, hint: str = "", log: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint
        self.log = log

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message

    def lines(self) -> list[str]:
        """The error as people see it: the message, then its log and the next step, if known."""
        out = [str(self)]
        if self.log:
            out.append(f"log: {self.log}")
        if self.hint:
            out.append(f"next: {self.hint}")
        return out


class UsageError(FrancaError):
    status = 1


class MalformedFile(FrancaError):
    status = 4


class NotFound(FrancaError):
    status = 16


class KindNotFound(NotFound):
    status = 4


class ScriptNotFound(NotFound):
    """No script has the requested tags. CM returns 1 here, 16 only for variations (script-engine 3.4)."""

    status = 1


class VariationNotFound(NotFound):
    status = 16


class Ambiguous(FrancaError):
    status = 1


class AlreadyExists(FrancaError):
    status = 8


class Conflict(FrancaError):
    status = 1


class Refused(FrancaError):
    status = 1


class ChecksumMismatch(Refused):
    pass


class Untrusted(Refused):
    @classmethod
    def of(cls, what: str, name: str, path: str) -> Untrusted:
        """``what`` (scripts, automations, tests) of the repository ``name`` at ``path`` would run."""
        return cls(
            f"{what} do not run before you trust their repository {name} ({path})",
            hint=f"look at it, then: franca trust {name}",
        )


class StepFailed(FrancaError):
    """A step of a run failed; ``step`` names it (the tags of its script), ``path`` the chain above it."""

    status = 1

    def __init__(
        self,
        message: str,
        *,
        step: str = "",
        chain: tuple[str, ...] = (),
        status: int | None = None,
        where: Location | None = None,
        hint: str = "",
        log: str = "",
    ) -> None:
        super().__init__(message, where=where, hint=hint, log=log)
        self.step = step
        self.chain = chain
        if status is not None:
            self.status = status


class NativeFailed(StepFailed):
    """``classic`` is the text that CM and MLC have for it, which tools look for."""

    status = 2
    classic = ""


class HookFailed(StepFailed):
    pass


class Unavailable(FrancaError):
    status = 1


class Busy(FrancaError):
    status = 1


class Interrupted(FrancaError):
    status = 130
