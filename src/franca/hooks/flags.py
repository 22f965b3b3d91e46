"""Flags of a recipe that nobody would read."""

from __future__ import annotations

import difflib
from typing import Any


def misspelt(i: dict[str, Any]) -> str:
    """The message for the first input that is nearly one of the recipe's; "" when there is none.

    Free inputs are allowed, but one that is nearly ours is a mistake that would go unnoticed.
    """
    known = list(i["meta"].get("input_mapping", {}))
    for key in i.get("input", {}):
        near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.8)
        if near and key not in known:
            return f"no flag --{key}; closest: --{near[0]}"
    return ""
