"""Named tuples without the cost of :mod:`typing`, for modules on the way to a short command.

Importing ``typing`` costs as much as a bare interpreter's start, and ``typing.NamedTuple`` compiles code for
every class. A command whose whole work is to start another program would spend most of its time there. For a
type checker these names are those of ``typing``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any, NamedTuple, Protocol

    __all__ = ["IO", "TYPE_CHECKING", "Any", "NamedTuple", "Protocol"]
else:
    from operator import itemgetter

    class Any:
        """Stands for typing.Any in aliases that are evaluated."""

    class Protocol:
        """Stands for typing.Protocol: an interface, which is never asked for at run time."""

    class IO:
        """Stands for typing.IO."""

    class _Fields(type):
        """Turns the annotations of a class into the fields of its tuples."""

        def __new__(mcs, name, bases, namespace):
            names = tuple(namespace.get("__annotations__", ()))
            defaults = {field: namespace.pop(field) for field in names if field in namespace}
            first_default = next((i for i, field in enumerate(names) if field in defaults), len(names))
            if len(defaults) != len(names) - first_default:
                raise TypeError(f"{name}: a field without a default follows one that has one")
            namespace.update({field: property(itemgetter(i)) for i, field in enumerate(names)})
            namespace.update(__slots__=(), _fields=names, _field_defaults=defaults, __match_args__=names)
            return super().__new__(mcs, name, bases, namespace)

    class NamedTuple(tuple, metaclass=_Fields):
        """The behaviour of typing.NamedTuple, except that its fields' getters are plain properties."""

        def __new__(cls, *values, **named):
            fields = cls._fields
            if len(values) != len(fields) or named:
                values = (*values, *cls._rest(fields[len(values) :], named, len(values)))
            return tuple.__new__(cls, values)

        @classmethod
        def _rest(cls, fields, named, given):
            if given > len(cls._fields):
                raise TypeError(f"{cls.__name__} takes {len(cls._fields)} values, not {given}")
            defaults = {field: value for field, value in cls._field_defaults.items() if field in fields}
            wanted = {**defaults, **named}
            if len(wanted) != len(fields) or any(field not in wanted for field in fields):
                wrong = sorted(set(fields) ^ set(wanted))
                raise TypeError(f"{cls.__name__}: missing, unknown or given twice: {', '.join(wrong)}")
            return [wanted[field] for field in fields]

        @classmethod
        def _make(cls, values):
            return cls(*values)

        def _replace(self, **changes):
            return type(self)(**{**self._asdict(), **changes})

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self._asdict().items())})"

        def __getnewargs__(self):
            return tuple(self)
