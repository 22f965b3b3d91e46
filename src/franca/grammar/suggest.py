"""The names nearest to a misspelt one, for messages."""

from __future__ import annotations

from franca.model.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def closest(word: str, names: Iterable[str], *, limit: int = 3) -> tuple[str, ...]:
    """Up to ``limit`` names that look like ``word``, best first; letter case does not count."""
    import difflib

    by_lower = {name.lower(): name for name in names if name}
    near = difflib.get_close_matches(word.lower(), by_lower, n=limit, cutoff=0.6)
    starts = [name for name in sorted(by_lower) if len(word) > 2 and name.startswith(word.lower())]
    return tuple(by_lower[name] for name in dict.fromkeys([*near, *starts]))[:limit]


def hint(word: str, names: Iterable[str]) -> str:
    """``closest: find, info`` or nothing: the tail of an error message."""
    near = closest(word, names)
    return f"closest: {', '.join(near)}" if near else ""


def closest_tags(wanted: Iterable[str], known: Iterable[str]) -> str:
    """For a tag query that selects nothing: the unknown tags, each with what it may have meant.

    ``get,pyton`` over tags that hold ``get`` and ``python`` gives ``pyton -> python``.
    """
    have = set(known)
    found = []
    for tag in wanted:
        if tag not in have and (near := closest(tag, have, limit=1)):
            found.append(f"{tag} -> {near[0]}")
    return ", ".join(found)
