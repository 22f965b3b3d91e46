"""Which scripts a request may call for: those of its plan, and those that other inputs or findings would lead to."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

from franca.engine.engine import Engine
from franca.engine.unfolding import UnfoldingPlanner
from franca.errors import FrancaError, UsageError
from franca.model.plan import DEFER, SKIP
from franca.planner.frame import Frame


class Reaching(UnfoldingPlanner):
    """Plans as if nothing was cached, and keeps the top script as it was assembled."""

    _top: Frame | None = None

    @property
    def top(self) -> Frame:
        """Raises UsageError where there is none."""
        if self._top is None:
            raise UsageError("the request names no script", hint="give its tags, as in 'detect os'")
        return self._top

    def _note(self, frame: Frame) -> None:
        self._top = self._top or frame
        super()._note(frame)


def planned(engine: Engine, inputs: dict[str, Any]) -> Reaching:
    """A plan of the whole tree of a request. Raises what a plan raises."""
    return engine.plan_with(partial(Reaching, past=()), inputs)


def folders_of(engine: Engine, planner: Reaching) -> list[str]:
    """The folders of all these scripts, sorted.

    A step that is skipped or cannot be decided yet is planned on its own: another run may take it.
    """
    found: set[str] = set()
    seen: set[str] = set()
    plans = [planner.plan()]
    while plans:
        for step in plans.pop().step.walk():
            if step.path:
                found.add(step.path)
            if step.action in (DEFER, SKIP) and step.label and step.label not in seen:
                seen.add(step.label)
                with suppress(FrancaError):  # nobody may have what is not called for
                    plans.append(planned(engine, {"tags": step.label.replace(" ", ","), "quiet": True}).plan())
    return sorted(found)
