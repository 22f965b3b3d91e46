"""Shell-style patterns, as :func:`fnmatch.fnmatchcase` reads them, without the regular expressions behind it."""

from __future__ import annotations

from franca import _boot


def matches(text: str, pattern: str) -> bool:
    """Whether all of ``text`` fits ``pattern``; letter case counts."""
    if "[" in pattern:
        from fnmatch import fnmatchcase  # a set of characters is rare, and this import dear

        return fnmatchcase(text, pattern)
    head, star, tail = pattern.partition("*")
    if "?" in pattern or "*" in tail:
        return _boot.matches(text, pattern)
    if not star:
        return text == pattern
    return text.startswith(head) and text.endswith(tail) and len(text) >= len(head) + len(tail)
