"""Text that others wrote, on its way to a terminal."""

from __future__ import annotations

_WRITTEN_OUT = {n: f"\\x{n:02x}" for n in (*range(32), *range(127, 160)) if chr(n) not in "\n\t"}


def harmless(text: str) -> str:
    """``text`` with control characters written out: it can set no title, move no cursor, hide no line.

    Ends of lines and tabs stay.
    """
    return text if text.isprintable() else text.translate(_WRITTEN_OUT)
