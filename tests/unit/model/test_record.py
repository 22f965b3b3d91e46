"""Records behave as msgspec's structs do, patterns and blocks as the standard library's: these are asked the same."""

from __future__ import annotations

import contextlib
import copy
import pickle
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.model import light, typed
from franca.model.event import EVENTS, StepFinished
from franca.model.patterns import matches
from franca.model.plan import Plan, Step
from franca.model.record import Record, as_data, fields_of, replace


class Ours(Record):
    name: str
    count: int = 1
    more: dict[str, Any] = {}


class Theirs(msgspec.Struct, frozen=True):
    name: str
    count: int = 1
    more: dict[str, Any] = {}


class OursBelow(Ours):
    last: str = "z"


class Named(Record, kw_only=True):
    at: float = 0.0


class NamedBelow(Named, kw_only=True):
    kind = "below"
    step: str


class Open(Record, frozen=False):
    value: int = 1


CALLS: list[Callable[[Any], Any]] = [
    lambda kind: kind("a"),
    lambda kind: kind("a", 2, {"k": 1}),
    lambda kind: kind(name="a", more={}),
    lambda kind: kind("a", more={"k": 2}),
    lambda kind: kind(),
    lambda kind: kind("a", 1, {}, 4),
    lambda kind: kind("a", name="b"),
    lambda kind: kind("a", other=1),
    lambda kind: kind(count=1),
]


@pytest.mark.parametrize("call", CALLS)
def test_records_are_made_as_structs_are(call: Callable[[Any], Any]) -> None:
    try:
        theirs = call(Theirs)
    except TypeError:
        with pytest.raises(TypeError):
            call(Ours)
        return
    ours = call(Ours)
    assert fields_of(ours) == msgspec.structs.asdict(theirs)
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")


def test_a_default_that_can_change_is_made_anew() -> None:
    one, two = Ours("a"), Ours("a")
    assert one == two and one.more is not two.more
    with pytest.raises(TypeError, match="empty"):
        type(Ours)("Bad", (Record,), {"__annotations__": {"x": "list[int]"}, "x": [1]})


def test_records_are_values() -> None:
    one = OursBelow("a", 2, {}, "y")
    assert (one.name, one.count, one.last) == ("a", 2, "y")
    assert one != Ours("a", 2) and Ours("a", 2) != Theirs("a", 2)
    assert replace(one, count=3) == OursBelow("a", 3, {}, "y") and one.count == 2
    with pytest.raises(TypeError):
        replace(one, nosuch=1)
    for change in (lambda: setattr(one, "count", 3), lambda: delattr(one, "count"), lambda: setattr(one, "x", 3)):
        with pytest.raises(AttributeError):
            change()
    assert hash(Named(at=1.0)) == hash(Named(at=1.0)) and len({Named(at=1.0), Named(at=1.0), Named()}) == 2


def test_records_by_name_only_and_records_that_change() -> None:
    below = NamedBelow(step="s", at=2.0)
    assert fields_of(below) == {"at": 2.0, "step": "s"} and below.kind == "below"
    with pytest.raises(TypeError):
        Named(1.0)  # type: ignore[misc]
    with pytest.raises(TypeError):
        NamedBelow()  # type: ignore[call-arg]
    changing = Open()
    changing.value = 5
    assert changing == Open(5)
    with pytest.raises(TypeError):
        hash(changing)


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_records_can_be_copied(way: Callable[[Any], Any]) -> None:
    for one in (Ours("a", more={"k": [1]}), NamedBelow(step="s"), Open(3)):
        assert way(one) == one


STEP = Step("1", "a,b", "run", variations=("x",), env={"K": [1]}, steps=(Step("1.1", "c", "skip"),))


def test_records_come_out_of_json_as_they_went_in() -> None:
    plan = Plan("franca run", {"tags": "a"}, STEP)
    data = msgspec.json.decode(msgspec.json.encode(as_data(plan)))
    assert typed.convert(data, Plan) == plan
    assert typed.convert({**data, "unknown": 1}, Plan) == plan
    event = StepFinished(step="a", seconds=1.0, variations=("x",), new_env={"K": "v"})
    assert typed.convert(as_data(event), EVENTS["step_finished"]) == event


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], ["Plan"]),
        ({"command": "x", "inputs": {}}, ["step"]),
        ({"command": 1, "inputs": {}, "step": as_data(STEP)}, ["str", "int"]),
        ({"command": "", "inputs": {}, "step": {**as_data(STEP), "steps": [{"id": "1"}]}}, ["label"]),
        ({"command": "", "inputs": {}, "step": {**as_data(STEP), "steps": [3]}}, ["Step", "int"]),
    ],
)
def test_what_is_no_record_is_refused(data: Any, words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        typed.convert(data, Plan)
    assert all(word in str(caught.value) for word in words)


@given(st.text(alphabet="ab*?[]-!", max_size=6), st.text(alphabet="aAb*[\n", max_size=6))
def test_patterns_match_as_in_the_standard_library(pattern: str, text: str) -> None:
    assert matches(text, pattern) == fnmatchcase(text, pattern)


@pytest.mark.parametrize("maker", [light.contextmanager, contextlib.contextmanager])
def test_blocks(maker: Any) -> None:
    said: list[str] = []

    @maker
    def block(swallow: type[BaseException], instead: BaseException | None = None) -> Iterator[str]:
        said.append("in")
        try:
            yield "value"
        except swallow:
            said.append("swallowed")
        except KeyError:
            if instead:
                raise instead from None
            raise
        finally:
            said.append("out")

    with block(ValueError) as value:
        assert value == "value"
    with block(ValueError):
        raise ValueError
    with pytest.raises(KeyError), block(ValueError):
        raise KeyError
    with pytest.raises(IndexError), block(ValueError, IndexError()):
        raise KeyError
    with pytest.raises(StopIteration), block(ValueError):
        raise StopIteration
    assert said == ["in", "out", "in", "swallowed", "out", *(["in", "out"] * 3)]


def test_a_cached_property_is_asked_once() -> None:
    class Thing:
        asked = 0

        @light.cached_property
        def value(self) -> int:
            self.asked += 1
            return self.asked

    thing = Thing()
    assert thing.value == thing.value == 1
    thing.value = 5  # type: ignore[assignment, misc]
    assert thing.value == 5
