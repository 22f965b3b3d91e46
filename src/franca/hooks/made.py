"""Files that a recipe's native script has written into the cache entry."""

from __future__ import annotations

import json
import os
from typing import Any


def read_here(name: str) -> tuple[str, dict[str, Any]]:
    """Path and content of a JSON file in the current folder, the cache entry of the recipe."""
    path = os.path.join(os.getcwd(), name)
    with open(path, encoding="utf-8") as stream:
        content: dict[str, Any] = json.load(stream)
    return path, content
