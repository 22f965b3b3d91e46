"""Merging of nested dictionaries as script content expects it (script engine, section 6.2).

Nothing is changed in place and no result shares a list or a dictionary with an argument, so a hook
that edits what it was given cannot reach the meta of a script.
"""

from __future__ import annotations

from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def copied(value: Any) -> Any:
    """The value with every dictionary and list in it made anew; other values are shared."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


def merge(
    a: Mapping[str, Any],
    b: Mapping[str, Any],
    *,
    append_lists: bool = True,
    append_unique: bool = True,
    nested_unique: bool = False,
) -> dict[str, Any]:
    """``b`` laid over ``a``: dictionaries recursively, lists appended, everything else replaced.

    Args:
        append_lists: False replaces a list by the other list.
        append_unique: leave out items that the list holds already.
        nested_unique: whether ``append_unique`` also counts below the top level: the classic
            engine forgets it there (False), the new one does not (True).
    """
    out: dict[str, Any] = {key: copied(value) for key, value in a.items()}
    for key, value in b.items():
        old = out.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            out[key] = merge(
                old,
                value,
                append_lists=append_lists,
                append_unique=append_unique and nested_unique,
                nested_unique=nested_unique,
            )
        elif isinstance(value, list) and isinstance(old, list) and append_lists:
            out[key] = append(old, value, unique=append_unique)
        else:
            out[key] = copied(value)
    return out


def append(a: list[Any], b: list[Any], *, unique: bool = True) -> list[Any]:
    """The items of ``a``, then those of ``b``; with ``unique`` only those not there yet."""
    out = [copied(item) for item in a]
    for item in b:
        if not (unique and item in out):
            out.append(copied(item))
    return out


def update(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    """``b`` laid over ``a`` key by key: a list or dictionary of ``b`` replaces that of ``a``."""
    return copied({**a, **b})  # type: ignore[no-any-return]
