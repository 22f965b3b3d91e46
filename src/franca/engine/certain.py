"""The steps of a plan that will run for certain, with what each starts from."""

from __future__ import annotations

from franca.catalog.catalog import Catalog
from franca.engine.ahead import has_ahead
from franca.engine.planning import Planner
from franca.model.light import Any
from franca.model.script import Script
from franca.planner import commands as ask


class CertainSteps(Planner):
    """Collects the scripts with work to do ahead, in the order of the run, until a person would be asked."""

    def __init__(self, catalog: Catalog, *, command: str, inputs: dict[str, Any]) -> None:
        super().__init__(catalog, command=command, inputs=inputs)
        self.steps: list[tuple[Script, dict[str, Any], frozenset[str]]] = []
        self._sure = True
        self._answers[ask.Choose] = self._choose

    def _choose(self, command: ask.Choose) -> int:
        self._sure = False
        return 0

    def _hook(self, command: ask.CallHook) -> ask.HookDone:
        frame = command.frame
        if self._sure and command.hook == "preprocess" and has_ahead(frame.script):
            self.steps.append((frame.script, dict(frame.scope.env), frozenset(frame.unknown)))
        return super()._hook(command)
