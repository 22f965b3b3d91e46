"""Our named tuples behave as those of the standard library, which is asked the same."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import typing
from typing import Any

import pytest

from franca.model import light


class Ours(light.NamedTuple):
    """A point with a name."""

    x: int
    y: int = 2
    name: str = ""

    @property
    def total(self) -> int:
        return self.x + self.y


class Theirs(typing.NamedTuple):
    x: int
    y: int = 2
    name: str = ""


CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1,), {}), ((1, 5), {}), ((1, 5, "n"), {}), ((), {"x": 1}), ((1,), {"name": "n"}), ((), {"name": "n", "x": 0}),
]  # fmt: skip
WRONG: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}), ((1, 2, 3, 4), {}), ((1,), {"x": 2}), ((1,), {"z": 2}), ((), {"y": 2}), ((1, 2, 3), {"name": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("values", "named"), CALLS)
def test_values_and_defaults(values: tuple[Any, ...], named: dict[str, Any]) -> None:
    ours, theirs = Ours(*values, **named), Theirs(*values, **named)
    assert ours == theirs
    assert (ours.x, ours.y, ours.name) == theirs
    assert ours._asdict() == theirs._asdict()
    assert ours._replace(y=9) == theirs._replace(y=9)
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert hash(ours) == hash(theirs)


@pytest.mark.parametrize("kind", [Ours, Theirs])
@pytest.mark.parametrize(("values", "named"), WRONG)
def test_wrong_calls_are_refused(kind: Any, values: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        kind(*values, **named)


def test_everything_else_that_is_used() -> None:
    one = Ours(1, 3, "n")
    assert one.total == 4
    assert Ours._fields == Theirs._fields == ("x", "y", "name")
    assert Ours._make([1, 3, "n"]) == one
    assert type(pickle.loads(pickle.dumps(one))) is Ours
    assert copy.deepcopy(one) == one
    assert Ours.__doc__ == "A point with a name."
    with pytest.raises(AttributeError):
        one.x = 3  # type: ignore[misc]
    with pytest.raises((TypeError, ValueError)):
        one._replace(z=3)  # type: ignore[call-arg]
    match one:
        case Ours(x, y):
            assert (x, y) == (1, 3)


def test_a_field_without_a_default_cannot_follow_one_that_has_one() -> None:
    with pytest.raises(TypeError, match="without a default"):
        type(light.NamedTuple)("Bad", (light.NamedTuple,), {"__annotations__": {"a": "int", "b": "int"}, "a": 1})


def test_a_short_command_does_not_import_typing() -> None:
    code = "import sys, franca.cube.execute, franca.compat.mlcube_front; print('typing' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
