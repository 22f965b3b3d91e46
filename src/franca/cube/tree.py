"""Plain operations on configuration trees (nested maps as they come from YAML)."""

from __future__ import annotations

from franca.model.light import Any

Path = tuple[str, ...]


def merged(below: Any, above: Any) -> Any:
    """``above`` over ``below``: maps key by key, everything else replaced."""
    if isinstance(below, dict) and isinstance(above, dict):
        out = dict(below)
        for key, value in above.items():
            out[key] = merged(below[key], value) if key in below else value
        return out
    return above


def copied(tree: Any) -> Any:
    """Maps and lists anew, with the same scalars in them."""
    if isinstance(tree, dict):
        return {key: copied(value) for key, value in tree.items()}
    return [copied(value) for value in tree] if isinstance(tree, list) else tree


def with_value(tree: dict[str, Any], key: Path, value: Any) -> dict[str, Any]:
    """A copy of ``tree`` with ``value`` at ``key``; missing parents are made, a non-map parent is replaced."""
    head, rest = key[0], key[1:]
    out = dict(tree)
    if rest:
        child = out.get(head)
        out[head] = with_value(child if isinstance(child, dict) else {}, rest, value)
    else:
        out[head] = value
    return out


def lookup(tree: Any, key: Path) -> tuple[bool, Any]:
    """Whether ``key`` exists, and its value."""
    for part in key:
        if not isinstance(tree, dict) or part not in tree:
            return False, None
        tree = tree[part]
    return True, tree
