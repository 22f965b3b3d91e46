"""Questions to the person at the keyboard: which of several, and yes or no.

Text goes to the standard error stream, so that standard output stays a result. Without a terminal nothing is
asked: an answer that a file or a pipe holds ready is taken, else a choice falls back to the first and a consent is
refused with the flag to add.
"""

from __future__ import annotations

import os
import sys

from franca.errors import UsageError
from franca.grammar.terminal import harmless
from franca.model.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PATIENCE = 2.0  #: seconds for a pipe to hand over an answer that was meant for us


def choose(question: str, options: tuple[str, ...], may_refuse: bool) -> int:
    """The engine's chooser: as :func:`ask_number`; -1 means none of them where that is an answer."""
    title = f"{question} (-1 = none of them)" if may_refuse else question
    return ask_number(options, title, lowest=-1 if may_refuse else 0)


def ask_number(items: Sequence[str], title: str = "More than one was found:", *, lowest: int = 0) -> int:
    """The number of the item that was picked; Enter, a wrong number or no input at all mean the first."""
    if not interactive() and (answer := _waiting_line()) is None:
        print(harmless(f"{title.rstrip(':')}: the first of {len(items)} is taken: {items[0]}"), file=sys.stderr)
        return 0
    print(title, file=sys.stderr)
    for number, item in enumerate(items):
        print(f"  {number}) {harmless(item)}", file=sys.stderr)
    print("Which one (Enter = 0)? ", end="", file=sys.stderr, flush=True)
    if interactive():
        answer = sys.stdin.readline()
    return _number(str(answer).strip(), lowest, len(items))


def _number(answer: str, lowest: int, count: int) -> int:
    if not answer.lstrip("-").isdigit():
        return 0
    number = int(answer)
    return number if lowest <= number < count else 0


def ask_consent(question: str, *, flag: str = "-f") -> bool:
    """True when the answer is a yes.

    Raises:
        UsageError: nobody is there to answer; the message names the flag that answers beforehand.
    """
    if interactive():
        print(f"{question} (y/N)? ", end="", file=sys.stderr, flush=True)
        answer: str | None = sys.stdin.readline() or None
    else:
        answer = _waiting_line()
    if answer is None:
        raise UsageError(f"{question}: there is nobody to answer, nothing was done", hint=f"add {flag} to agree")
    return answer.strip().lower() in ("y", "yes")


def _waiting_line() -> str | None:
    """A line that a file or a pipe has for us; None at its end, and when an open pipe stays silent.

    A program that waited for ever on a pipe that nobody writes to would hang where CI hangs.
    """
    try:
        number = sys.stdin.fileno()
    except (AttributeError, ValueError, OSError):  # closed, absent, or not a file of the system
        line = sys.stdin.readline() if sys.stdin and not sys.stdin.closed else ""
        return line or None
    return _line_of(number)


def _line_of(number: int) -> str | None:
    """Read byte by byte: what follows the line belongs to the next question, or to a program that we start."""
    import select

    line = b""
    while not line.endswith(b"\n"):
        try:
            ready, _, _ = select.select([number], [], [], PATIENCE)
            byte = os.read(number, 1) if ready else b""
        except (OSError, ValueError):  # not readable at all
            byte = b""
        if not byte:
            break
        line += byte
    return line.decode("utf-8", "replace") if line else None


def interactive() -> bool:
    """Whether somebody can answer."""
    try:
        return bool(sys.stdin) and sys.stdin.isatty()
    except ValueError:  # a closed stream
        return False
