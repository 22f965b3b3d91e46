"""Records: classes whose annotations are their fields.

Like ``msgspec.Struct`` or a dataclass, without what these import or compile for each class: a short command would
spend more time on that than on its work. msgspec stays where data of the outside is decoded (``franca.model.typed``).

    class Point(Record):
        x: int
        y: int = 0

Records are frozen, and compare and hash by their values; with ``frozen=False`` they can change and have no hash.
``kw_only=True`` takes values by name only. A default that is an empty dictionary, list or set is made anew for each
record. An attribute without an annotation belongs to the class.
"""

from __future__ import annotations

from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NoReturn, TypeVar

    from typing_extensions import dataclass_transform

    R = TypeVar("R", bound="Record")
else:

    def dataclass_transform(**options):
        """Tells a type checker that annotations become arguments; nothing at run time."""
        return lambda kind: kind


@dataclass_transform(frozen_default=True)
class RecordType(type):
    """Makes slots out of annotations, and keeps what the constructor needs."""

    _fields: tuple[str, ...] = ()
    _defaults: dict[str, Any] = {}
    _fresh: frozenset[str] = frozenset()  #: fields whose default is copied
    _setters: tuple[Any, ...] = ()
    _getters: tuple[Any, ...] = ()
    _by_name: bool  #: whether values come by name only

    def __new__(
        mcs, name: str, bases: tuple[Any, ...], namespace: dict[str, Any], *, frozen: bool = True, kw_only: bool = False
    ) -> RecordType:
        names = tuple(namespace.get("__annotations__", ()))
        own = {field: namespace.pop(field) for field in names if field in namespace}
        fresh = [field for field, value in own.items() if isinstance(value, (dict, list, set))]
        if any(own[field] for field in fresh):
            raise TypeError(f"{name}: only an empty dictionary, list or set can be a default")
        namespace["__slots__"] = names
        namespace["_by_name"] = kw_only
        if not frozen:
            namespace.update(__setattr__=object.__setattr__, __delattr__=object.__delattr__, __hash__=None)
        cls = super().__new__(mcs, name, bases, namespace)
        slots = [cls.__dict__[field] for field in names]
        cls._fields += names
        cls._setters += tuple([slot.__set__ for slot in slots])
        cls._getters += tuple([slot.__get__ for slot in slots])
        if own:
            cls._defaults = {**cls._defaults, **own}
            cls._fresh = cls._fresh.union(fresh)
        return cls


class Record(metaclass=RecordType):
    """The base of all records."""

    def __init__(self, *values: Any, **named: Any) -> None:
        kind = type(self)
        if named or len(values) != len(kind._fields) or kind._by_name:
            values = _values(kind, values, named)
        for put, value in zip(kind._setters, values):  # noqa: B905 - of one length
            put(self, value)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(get(self) == get(other) for get in type(self)._getters)

    def __hash__(self) -> int:
        return hash((type(self), *values_of(self)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in fields_of(self).items())})"

    def __reduce__(self) -> Any:
        return _again, (type(self), values_of(self))


def _values(kind: RecordType, values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """The value of every field, from what the constructor was given. Raises TypeError."""
    defaults, found, taken = kind._defaults, list(values), 0
    for field in kind._fields[len(values) :]:
        if field in named:
            found.append(named[field])
            taken += 1
            continue
        if field not in defaults:
            raise TypeError(f"{kind.__name__} needs a value for {field}")
        value = defaults[field]
        found.append(value.copy() if field in kind._fresh else value)
    if taken != len(named) or len(found) != len(kind._fields) or (values and kind._by_name):
        raise TypeError(f"{kind.__name__}({', '.join(kind._fields)}) was given {len(values)} values and {[*named]}")
    return tuple(found)


def _again(kind: Any, values: tuple[Any, ...]) -> Any:
    """A record out of its values, for copying."""
    made = object.__new__(kind)
    for put, value in zip(kind._setters, values, strict=True):
        put(made, value)
    return made


def replace(record: R, **changes: Any) -> R:
    """A record like this one, with other values in some fields."""
    kind = type(record)
    if not changes.keys() <= set(kind._fields):
        raise TypeError(f"{kind.__name__} lacks a field among {', '.join(changes)}")
    made: R = _again(kind, tuple({**fields_of(record), **changes}.values()))
    return made


def values_of(record: Record) -> tuple[Any, ...]:
    return tuple([get(record) for get in type(record)._getters])


def fields_of(record: Record) -> dict[str, Any]:
    """The values by field, in the order of the fields."""
    return dict(zip(type(record)._fields, values_of(record), strict=True))


def as_data(value: Any) -> Any:
    """``value`` with each record in it as a dictionary and each collection as a list: what JSON can hold."""
    if isinstance(value, Record):
        return {field: as_data(item) for field, item in fields_of(value).items()}
    if isinstance(value, dict):
        return {key: as_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_data(item) for item in value]
    return value
