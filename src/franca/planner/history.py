"""The steps of a run that took place, out of the events of its journal."""

from __future__ import annotations

from franca.model import event as ev
from franca.model.light import TYPE_CHECKING, Any
from franca.model.plan import REUSE, RUN, SKIP
from franca.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

FAILED = "fail"


class PastStep(Record):
    """One script of a run. ``path`` is the way to it: the labels from the top, numbered among equals."""

    path: tuple[str, ...]
    script: str  #: "alias,uid"
    folder: str  #: of the script
    section: str = ""
    action: str = RUN
    version: str = ""
    variations: tuple[str, ...] = ()
    seconds: float = 0.0
    new_env: dict[str, Any] = {}
    cache_path: str = ""
    native: tuple[str, ...] = ()
    error: str = ""

    @property
    def label(self) -> str:
        return self.path[-1].partition("#")[0]


class _Open:
    """A step that has begun and not ended."""

    __slots__ = ("base", "depth", "fields", "label", "path", "seen")

    def __init__(self, event: ev.StepStarted, path: tuple[str, ...], base: int) -> None:
        self.depth, self.label, self.path, self.base = event.depth, event.step, path, base
        self.seen: dict[str, int] = {}
        self.fields: dict[str, Any] = {"script": event.script, "folder": event.path, "section": event.section}


class _Reader:
    def __init__(self) -> None:
        self.stack: list[_Open] = []
        self.order: list[_Open] = []
        self.seen: dict[str, int] = {}

    def take(self, event: ev.Event) -> None:
        if isinstance(event, ev.StepStarted):
            self.begin(event)
        elif self.stack:
            self.note(event)

    def begin(self, event: ev.StepStarted) -> None:
        """A top step inside a run is one that a hook asked for: it belongs to the step that is going on."""
        base = self.stack[-1].base if self.stack else 0
        if event.depth == 0:
            base = len(self.stack)
        else:
            while len(self.stack) > base and self.stack[-1].depth >= event.depth:
                self.stack.pop()  # it failed, and its caller did not mind
        parent = self.stack[-1] if self.stack else None
        above, seen = (parent.path, parent.seen) if parent else ((), self.seen)
        step = _Open(event, (*above, numbered(event.step, seen)), base)
        self.stack.append(step)
        self.order.append(step)

    def note(self, event: ev.Event) -> None:
        top = self.stack[-1].fields
        if isinstance(event, ev.CacheHit):
            top.update(action=REUSE, cache_path=event.path)
        elif isinstance(event, ev.CacheStored):
            top.update(cache_path=event.path)
        elif isinstance(event, ev.StepSkipped):
            top.update(action=SKIP)
        elif isinstance(event, ev.NativeStarted):
            top["native"] = (*top.get("native", ()), event.path)
        elif isinstance(event, ev.StepErred):
            top.update(action=FAILED, error=event.error)
        elif isinstance(event, ev.StepFinished):
            self.end(event)

    def end(self, event: ev.StepFinished) -> None:
        for number in range(len(self.stack) - 1, -1, -1):
            step = self.stack[number]
            if (step.depth, step.label) == (event.depth, event.step):
                step.fields.update(
                    version=event.version, variations=event.variations, seconds=event.seconds, new_env=event.new_env
                )
                del self.stack[number:]
                return


def steps_of(events: Iterable[ev.Event]) -> tuple[PastStep, ...]:
    """The steps, in the order in which they began."""
    reader = _Reader()
    for event in events:
        reader.take(event)
    return tuple(PastStep(path=step.path, **step.fields) for step in reader.order)


def numbered(label: str, seen: dict[str, int]) -> str:
    """Siblings with one label are told apart by their number: ``get,lib``, ``get,lib#2``."""
    seen[label] = seen.get(label, 0) + 1
    return label if seen[label] == 1 else f"{label}#{seen[label]}"
