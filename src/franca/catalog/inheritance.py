"""``_base``: metas that build on other metas (CM core, section 3.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from franca.errors import AlreadyExists, Ambiguous, FrancaError, NotFound, UsageError
from franca.model.ids import ObjectRef, is_uid

MAX_DEPTH = 10


def object_ref(text: str) -> ObjectRef:
    """``alias``, ``uid``, ``alias,uid`` or ``uid,alias`` (CM core, section 4.1). Raises UsageError."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 2 or ":" in text:
        raise UsageError(f"CM object {text} is not recognized", hint="write alias, uid or alias,uid")
    uids = [part for part in parts if is_uid(part)]
    names = [part for part in parts if not is_uid(part)]
    if len(parts) == 2 and len(uids) != 1:
        raise UsageError(f"CM object {text} is not recognized", hint="write alias, uid or alias,uid")
    return ObjectRef(names[0] if names else "", uids[0] if uids else "")


def merge(base: dict[str, Any], child: dict[str, Any]) -> dict[str, Any]:
    """``base`` with ``child`` on top: mappings key by key, lists appended, the rest replaced. Nothing is shared."""
    out = {key: copied(value) for key, value in base.items()}
    for key, value in child.items():
        old = out.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            out[key] = merge(old, value)
        elif isinstance(value, list) and isinstance(old, list):
            out[key] = old + [copied(item) for item in value]
        else:
            out[key] = copied(value)
    return out


def copied(value: Any) -> Any:
    """A copy of a value as YAML and JSON know them, down to the scalars."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


class TooDeep(AlreadyExists):
    """A chain of bases longer than the limit, or one that comes back to its start (CM returns 8)."""


#: Finds the raw meta of a base: (kind or None for "the same", name) -> raw metas that match.
Finder = Callable[[ObjectRef | None, ObjectRef], list[dict[str, Any]]]


def resolve(raw: dict[str, Any], find: Finder, depth: int = 0) -> dict[str, Any]:
    """``raw`` after inheritance; ``raw`` itself when it has no base.

    Raises FrancaError when the base is absent, ambiguous, malformed, or the chain too deep.
    """
    text = raw.get("_base")
    if not text:
        return raw
    if depth >= MAX_DEPTH:
        raise TooDeep(f"_base: more than {MAX_DEPTH} levels of inheritance, or a loop")
    if not isinstance(text, str) or text.count("::") > 1:
        raise UsageError(f"_base: {text!r} is not automation::artifact")
    kind, _, name = text.rpartition("::")
    found = find(object_ref(kind) if kind else None, object_ref(name))
    if not found:
        raise NotFound(f"_base: artifact not found: {text}")
    if len(found) > 1:
        raise Ambiguous(f"_base: more than 1 artifact found: {text}")
    child = {key: value for key, value in raw.items() if key != "_base"}
    return merge(resolve(found[0], find, depth + 1), child)


__all__ = ["Finder", "FrancaError", "TooDeep", "copied", "merge", "object_ref", "resolve"]
