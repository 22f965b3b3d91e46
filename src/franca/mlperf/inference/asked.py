"""Reading the environment keys that the recipes map their flags to: text, places, switches and numbers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from franca.errors import UsageError

Env = Mapping[str, object]
TRUE = ("yes", "true", "on", "1")
TOO_LARGE = 1e12


def text(env: Env, key: str) -> str:
    """The value as text without blanks around it; "" where it is not set."""
    value = env.get(key)
    return "" if value is None else str(value).strip()


def path(env: Env, key: str) -> str:
    """The value as an absolute path; "" where it is not set."""
    given = text(env, key)
    return os.path.abspath(os.path.expanduser(given)) if given else ""


def is_on(env: Env, key: str) -> bool:
    return text(env, key).lower() in TRUE


def number(env: Env, key: str, flag: str, default: float, *, least: float = 0, most: float | None = None) -> float:
    """The value as a number from ``least`` to ``most``; ``default`` where it is not set.

    Raises:
        UsageError: anything else; the message has the flag.
    """
    given = text(env, key)
    return _bounded(given, float, "a number", flag, least, most) if given else default


def whole(env: Env, key: str, flag: str, default: int, *, least: int = 0, most: int | None = None) -> int:
    """The same for whole numbers."""
    given = text(env, key)
    return int(_bounded(given, int, "a whole number", flag, least, most)) if given else default


def _bounded(given: str, kind: Callable[[str], float], name: str, flag: str, least: float, most: float | None) -> float:
    try:
        value = kind(given)
    except ValueError:
        raise UsageError(f"--{flag}={given}: expected {name}") from None
    if most is not None and not least <= value <= most:
        raise UsageError(f"--{flag}={given}: expected {name} from {least:g} to {most:g}")
    if not least <= value < TOO_LARGE:
        raise UsageError(f"--{flag}={given}: expected {name} of {least:g} or more")
    return value
