"""The return dictionaries of hooks."""

from __future__ import annotations

from typing import Any

Hook = dict[str, Any]
NOT_FOUND = 16  #: status of a search that found nothing: the engine may then go on to install


def refuse(error: str, status: int = 1) -> Hook:
    """A failed return dictionary."""
    return {"return": status, "error": error}
