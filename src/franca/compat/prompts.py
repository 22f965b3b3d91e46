"""Questions to the person at the keyboard: which of several, and yes or no.

Text goes to the standard error stream, so that standard output stays a result. At the end of input a
choice falls back to the first, a consent is refused with the flag to add.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from franca.errors import UsageError


def choose(question: str, options: tuple[str, ...], may_refuse: bool) -> int:
    """The engine's chooser: as :func:`ask_number`; -1 means none of them where that is an answer."""
    title = f"{question} (-1 = none of them)" if may_refuse else question
    return ask_number(options, title, lowest=-1 if may_refuse else 0)


def ask_number(items: Sequence[str], title: str = "More than one was found:", *, lowest: int = 0) -> int:
    """The number of the item that was picked; Enter, a wrong number or no input at all mean the first."""
    print(title, file=sys.stderr)
    for number, item in enumerate(items):
        print(f"  {number}) {item}", file=sys.stderr)
    print("Which one (Enter = 0)? ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip() if sys.stdin else ""
    if not answer.lstrip("-").isdigit():
        return 0
    number = int(answer)
    return number if lowest <= number < len(items) else 0


def ask_consent(question: str, *, flag: str = "-f") -> bool:
    """True when the answer is a yes.

    Raises:
        UsageError: nobody is there to answer; the message names the flag that answers beforehand.
    """
    print(f"{question} (y/N)? ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline() if sys.stdin else ""
    if not answer:
        print(file=sys.stderr)
        raise UsageError(f"{question}: there is nobody to answer, nothing was done", hint=f"add {flag} to agree")
    return answer.strip().lower() in ("y", "yes")


def interactive() -> bool:
    """Whether somebody can answer."""
    try:
        return bool(sys.stdin) and sys.stdin.isatty()
    except ValueError:  # a closed stream
        return False
