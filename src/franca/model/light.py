"""Named tuples, blocks and names of :mod:`typing` without their cost, for modules on the way to a short command.

Importing ``typing`` costs as much as a bare interpreter's start, and ``typing.NamedTuple`` compiles code for
every class. A command whose whole work is to start another program would spend most of its time there. For a
type checker these names are those of ``typing``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import contextmanager
    from functools import cached_property
    from typing import IO, Any, NamedTuple, Protocol, cast

    __all__ = ["IO", "TYPE_CHECKING", "Any", "NamedTuple", "Protocol", "cached_property", "cast", "contextmanager"]
else:
    from _operator import itemgetter  # ``operator`` defines all of it a second time, in Python

    class Any:
        """Stands for typing.Any in aliases that are evaluated."""

    class Protocol:
        """Stands for typing.Protocol: an interface, which is never asked for at run time."""

    class IO:
        """Stands for typing.IO."""

    def cast(kind, value):
        """Stands for typing.cast: tells a type checker what it cannot know."""
        return value

    class cached_property:  # noqa: N801
        """Stands for functools.cached_property."""

        def __init__(self, function):
            self._function = function

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            value = instance.__dict__[self._function.__name__] = self._function(instance)
            return value

    class _Block:
        """A generator with one ``yield`` as the two ends of a ``with`` block."""

        def __init__(self, steps):
            self._steps = steps

        def __enter__(self):
            return next(self._steps)

        def __exit__(self, kind, error, trace):
            try:
                if error is None:
                    next(self._steps)
                else:
                    self._steps.throw(error)
            except StopIteration as end:
                return end is not error
            except BaseException as raised:
                ends = isinstance(error, StopIteration) and raised.__cause__ is error  # as generators turn these
                if raised is not error and not ends:
                    raise
                return False
            raise RuntimeError("a block's generator yields once")

    def contextmanager(function):
        """Stands for contextlib.contextmanager, whose module brings ``collections`` and ``functools``."""

        def block(*values, **named):
            return _Block(function(*values, **named))

        block.__doc__, block.__name__ = function.__doc__, function.__name__
        return block

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
