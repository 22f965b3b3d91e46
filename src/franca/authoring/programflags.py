"""The options of a Python program, out of its text."""

from __future__ import annotations

import ast
import re
import warnings

import msgspec


class Flag(msgspec.Struct, frozen=True):
    """An option of a program. ``switch`` takes no value."""

    name: str  #: as typed: ``--batch-size``
    about: str = ""
    default: str = ""
    switch: bool = False
    choices: tuple[str, ...] = ()


def flags_in(text: str) -> tuple[Flag, ...]:
    """The options that a Python program declares with ``add_argument`` and literal values."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    found = (_flag(call) for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument")
    return tuple({flag.name: flag for flag in found if flag is not None}.values())


def _flag(call: ast.Call) -> Flag | None:
    names = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    name = next((n for n in names if re.fullmatch(r"--[a-z][a-z0-9_-]*", n, re.I)), "")
    if not name:
        return None
    given = {k.arg: _literal(k.value) for k in call.keywords if k.arg}
    action = given.get("action")
    if action not in (None, "store", "store_true"):
        return None
    choices = given.get("choices")
    default = given.get("default")
    return Flag(
        name,
        " ".join(str(given.get("help") or "").split()),
        "" if default in (None, False, True) or action else str(default),
        action == "store_true",
        tuple(map(str, choices)) if isinstance(choices, (list, tuple)) else (),
    )


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
