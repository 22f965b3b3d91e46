"""A plan together with the reasons for each of its steps (``franca plan --why``)."""

from __future__ import annotations

from franca.catalog.catalog import Catalog
from franca.engine.planning import Planner
from franca.model.event import CacheHit, Event, StepStarted
from franca.model.ids import SCRIPT
from franca.model.light import Any
from franca.model.plan import Plan
from franca.model.record import Record, replace
from franca.model.script import CacheEntry, CacheQuery, Request, Script, tag_words
from franca.planner import commands as ask
from franca.planner import explain
from franca.planner.explain import Explanation
from franca.planner.frame import Frame


class Explained(Record):
    """A plan and, by step id, why it looks as it does."""

    plan: Plan
    steps: dict[str, Explanation]


class ExplainingPlanner(Planner):
    """A planner that keeps what it was asked. Slower: it looks at every script and entry that came close."""

    def __init__(self, catalog: Catalog, *, command: str, inputs: dict[str, Any]) -> None:
        super().__init__(catalog, command=command, inputs=inputs)
        self.steps: dict[str, Explanation] = {}
        self._request: Request | None = None
        self._considered: ask.Considered | None = None
        self._queries: dict[str, tuple[CacheQuery, Script]] = {}
        self._all: list[Script] | None = None
        self._answers[ask.Considered] = self._consider
        self._answers[ask.Assembled] = lambda c: self._assembled(c.frame)
        self._answers[ask.LookupCache] = self._look_up

    def explained(self) -> Explained:
        return Explained(self.plan(), self.steps)

    # -- what happens, in this order ----------------------------------------------------------------

    def _consider(self, command: ask.Considered) -> None:
        self._considered = command

    def _find(self, command: ask.FindScripts) -> tuple[Script, ...]:
        self._request = command.request
        return super()._find(command)

    def _push(self, event: StepStarted) -> None:
        super()._push(event)
        node, request = self._stack[-1], self._request
        explanation = self._explanation(node.number, event.step)
        if request is not None:
            scripts = explain.script_candidates(request, event.path, self._near(request, event.path), self.home)
            explanation = replace(explanation, scripts=scripts)
        self.steps[node.number] = explanation

    def _decided(self, command: ask.Decided) -> None:
        super()._decided(command)
        number = self._stack[-1].children[-1].number
        self.steps[number] = self._explanation(number, command.label)

    def _explanation(self, number: str, label: str) -> Explanation:
        """The part that the dependency entry tells; the entry is used up."""
        considered, self._considered = self._considered, None
        if considered is None:
            return Explanation(number, label)
        entry, frame = considered.entry, considered.frame
        written = explain.written_tags(entry, frame.script)
        return Explanation(
            number,
            label,
            asked_by=str(frame.script),
            section=considered.section,
            names=tag_words(entry.get("names")),
            written=written,
            added=explain.added_tags(label.split(","), {"tags": list(written)}),
            conditions=explain.conditions_of(entry, frame.scope.env, frame.unknown),
        )

    def _assembled(self, frame: Frame) -> None:
        self._note(frame)
        number = self._stack[-1].number
        self.steps[number] = replace(
            self.steps[number],
            variations=explain.variation_reasons(frame.script, frame.request, frame.resolved),
            version=explain.version_reason(frame.script, frame.request, frame.resolved),
        )

    def _look_up(self, command: ask.LookupCache) -> tuple[CacheEntry, ...]:
        if command.script is not None:
            number = self._stack[-1].number
            self._queries[number] = (command.query, command.script)
            self._note_entries(number, "")
        return super()._look_up(command)

    def _notify(self, event: Event) -> None:
        super()._notify(event)
        if isinstance(event, CacheHit):
            self._note_entries(self._stack[-1].number, event.path)

    def _note_entries(self, number: str, taken: str) -> None:
        if number not in self._queries:
            return
        query, script = self._queries[number]
        found = explain.entry_candidates(query, self.cache.entries_of(script), taken, new=script.dialect.is_new)
        self.steps[number] = replace(self.steps[number], wanted=query.tags, entries=found)

    def _near(self, request: Request, chosen: str) -> list[Script]:
        if self._all is None:
            self._all = [Script(a) for a in self.catalog.find(SCRIPT)]
        tags = request.query.tags.include
        near = explain.near_tags(tags, self._all) if tags and not request.artifact else []
        return near if any(s.path == chosen for s in near) else [*near, self._found[chosen]]
