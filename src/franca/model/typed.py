"""Records out of what JSON held, checked against the types of their fields."""

from __future__ import annotations

import functools
import typing
from typing import Any, TypeVar

import msgspec

from franca.model.record import Record, RecordType

_R = TypeVar("_R", bound=Record)


def convert(data: Any, kind: type[_R]) -> _R:
    """The record that a dictionary describes; keys that are no fields are passed over.

    Raises:
        ValueError: a field is missing or of another type; the message says which.
    """
    try:
        return msgspec.convert(data, kind, dec_hook=_record)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None


def _record(kind: type, data: Any) -> Any:
    """msgspec's question for a type that it does not know."""
    if not isinstance(kind, RecordType) or not isinstance(data, dict):
        raise ValueError(f"Expected `{kind.__name__}`, got `{type(data).__name__}`")
    found = {}
    for field, wanted in _types(kind).items():
        if field in data:
            found[field] = msgspec.convert(data[field], wanted, dec_hook=_record)
        elif field not in kind._defaults:
            raise ValueError(f"{kind.__name__} lacks the required field `{field}`")
    return kind(**found)


@functools.cache
def _types(kind: RecordType) -> dict[str, Any]:
    return typing.get_type_hints(kind, localns={"Any": Any})
