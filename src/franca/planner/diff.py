"""What differs between two plans, or between a plan and a run that took place."""

from __future__ import annotations

from franca.model.light import TYPE_CHECKING
from franca.model.plan import REUSE, RUN, Plan, Step
from franca.model.record import Record
from franca.planner.history import PastStep, numbered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


class Line(Record):
    """One step, reduced to what can be compared. ``path`` is the way to it: labels from the top, numbered."""

    path: tuple[str, ...]
    action: str
    script: str = ""
    version: str = ""
    variations: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return self.path[-1].partition("#")[0]

    @property
    def happens(self) -> bool:
        return self.action in (RUN, REUSE)


class Change(Record):
    """One difference. ``before`` and ``after`` are empty where there is nothing on that side."""

    kind: str
    path: tuple[str, ...]
    what: str = ""  #: ``script``, ``version``, ``variations`` or ``action``
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        where = " > ".join(part.partition("#")[0] for part in self.path)
        if self.kind == CHANGED:
            return f"{where}: {self.what} {self.before or '(none)'} -> {self.after or '(none)'}"
        return f"{where}: {self.kind}" + (f" ({self.after or self.before})" if self.after or self.before else "")


def lines_of_plan(plan: Plan) -> tuple[Line, ...]:
    return tuple(_walk(plan.step, (), {}))


def _walk(step: Step, above: tuple[str, ...], seen: dict[str, int]) -> Iterator[Line]:
    path = (*above, numbered(step.label, seen))
    yield Line(path, step.action, step.script, step.version, step.variations)
    below: dict[str, int] = {}
    for child in step.steps:
        yield from _walk(child, path, below)


def lines_of_run(steps: Iterable[PastStep]) -> tuple[Line, ...]:
    """The steps that took place, in the order in which they began."""
    return tuple(Line(s.path, s.action, s.script, s.version, s.variations) for s in steps)


def compare(before: Iterable[Line], after: Iterable[Line], *, actions: bool = True) -> tuple[Change, ...]:
    """What is different in ``after``.

    Steps that do not happen count as absent. A version or a list of variations that one side does not know
    (a step that will run, a journal of an older Franca) is no difference. Steps below one that is reused on
    either side are not compared: nobody looks at them there.

    Args:
        actions: whether running what was reused, and the other way round, is a difference.
    """
    old, new = _happening(before), _happening(after)
    hidden = _hidden(old) | _hidden(new)
    out = []
    for path in dict.fromkeys([*new, *old]):
        if any(path[:n] in hidden for n in range(1, len(path))):
            continue
        out += _changes(path, old.get(path), new.get(path), actions)
    return tuple(out)


def _happening(lines: Iterable[Line]) -> dict[tuple[str, ...], Line]:
    return {line.path: line for line in lines if line.happens}


def _hidden(lines: Mapping[tuple[str, ...], Line]) -> set[tuple[str, ...]]:
    return {path for path, line in lines.items() if line.action == REUSE}


def _changes(path: tuple[str, ...], old: Line | None, new: Line | None, actions: bool) -> list[Change]:
    if old is None or new is None:
        one = new or old
        assert one is not None
        kind, version = (ADDED, one.version) if new else (REMOVED, one.version)
        about = f"version {version}" if version else ""
        return [Change(kind, path, after=about if new else "", before="" if new else about)]
    pairs = [("script", old.script, new.script)]
    if old.version and new.version:
        pairs.append(("version", old.version, new.version))
    if old.variations and new.variations:
        pairs.append(("variations", _variations(old), _variations(new)))
    if actions:
        pairs.append(("action", old.action, new.action))
    return [Change(CHANGED, path, what, a, b) for what, a, b in pairs if a != b]


def _variations(line: Line) -> str:
    return ",".join("_" + v for v in line.variations)
