"""References to artifacts and automations as they are typed: ``[repo:]name`` (CM core, section 4.1)."""

from __future__ import annotations

from franca.errors import UsageError
from franca.model.ids import ObjectRef, Ref, is_uid


def parse_object(text: str, *, whole: str = "") -> ObjectRef:
    """``alias``, ``uid``, ``alias,uid``, ``uid,alias`` or a pattern; empty text is the empty reference.

    Raises:
        UsageError: more than one comma, or two words of which neither is a uid.
    """
    text = text.strip()
    if "," not in text:
        return ObjectRef("", text) if is_uid(text) else ObjectRef(text)
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 2:
        first, second = parts
        if is_uid(second) or not second:
            return ObjectRef(first, second)
        if is_uid(first) or not first:
            return ObjectRef(second, first)
    raise UsageError(
        f"CM object {whole or text} is not recognized",
        hint=f"write alias, uid or alias,uid (a uid has 16 hexadecimal digits); for tags: --tags={text}",
    )


def parse_ref(text: str) -> Ref:
    """``[repo:]name``, where both parts are as in :func:`parse_object`.

    Raises:
        UsageError: more than one colon, or a part that is no object reference.
    """
    repo, colon, name = text.partition(":")
    if not colon:
        return Ref(parse_object(text))
    if ":" in name:
        raise UsageError(f"CM object {text} is not recognized", hint="write [repo:]name, with one colon at most")
    return Ref(parse_object(name, whole=text), parse_object(repo, whole=text))


def parsed_pairs(ref: Ref) -> list[tuple[str, str]]:
    """A reference as CM dictionaries carry it: (alias, uid) of the name, then of the repository."""
    pairs = [(ref.name.alias, ref.name.uid)]
    return [*pairs, (ref.repo.alias, ref.repo.uid)] if ref.repo else pairs
