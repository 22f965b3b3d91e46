"""A plan of a run that took place, with what it found out: nothing is hidden behind a cached result.

Planning after a run knows more than planning before it. Cache entries and the journal say what each step exports,
so conditions on those variables can be decided, and the dependencies of a cached step are visited to see them.
"""

from __future__ import annotations

from franca.catalog.catalog import Catalog
from franca.engine.planning import Planner
from franca.grammar.merge import merge
from franca.model import plan as plans
from franca.model.event import StepFinished
from franca.model.light import TYPE_CHECKING, Any
from franca.model.record import Record, replace
from franca.model.script import CacheEntry, tag_words
from franca.planner import commands as ask
from franca.planner.cachekey import acceptable
from franca.planner.frame import Frame
from franca.planner.history import PastStep

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Known(Record):
    version: str
    new_env: dict[str, Any]
    entry: CacheEntry | None = None


class UnfoldingPlanner(Planner):
    """Answers as if nothing was cached, but with the values that the cache and the run's events know."""

    def __init__(self, catalog: Catalog, *, command: str, inputs: dict[str, Any], past: Sequence[PastStep]) -> None:
        super().__init__(catalog, command=command, inputs=inputs)
        self.names: dict[str, tuple[str, ...]] = {}  #: of the dependency entries, by step id
        self._ran = {(step.label, step.script): _Known(step.version, step.new_env) for step in past}
        self._entries: dict[str, _Known] = {}
        self._next_names: tuple[str, ...] = ()
        self._answers[ask.Considered] = self._consider
        self._answers[ask.Assembled] = lambda c: self._note(c.frame)
        self._answers[ask.LookupCache] = self._look_up

    def _consider(self, command: ask.Considered) -> None:
        self._next_names = tag_words(command.entry.get("names"))

    def _push(self, event: Any) -> None:
        super()._push(event)
        self.names[self._stack[-1].number], self._next_names = self._next_names, ()

    def _look_up(self, command: ask.LookupCache) -> tuple[CacheEntry, ...]:
        if command.script is None:
            return self.cache.lookup(command.query, self.home)
        dialect = command.script.dialect
        found = acceptable(self.cache.lookup(command.query, dialect), command.query, new=dialect.is_new)
        state = self.cache.load(found[0]) if found else None
        if state is not None:
            self._entries[self._stack[-1].number] = _Known(
                state.version or found[0].version, state.new_env, entry=found[0]
            )
        return ()

    def _open(self, command: ask.OpenEntry) -> ask.Opened:
        opened = super()._open(command)
        known = self._entries.get(self._stack[-1].number)
        return ask.Opened(path=known.entry.path, uid=known.entry.uid) if known and known.entry else opened

    def _known(self) -> _Known | None:
        node = self._stack[-1]
        return self._entries.get(node.number) or self._ran.get((node.label, node.script))

    def _hook(self, command: ask.CallHook) -> ask.HookDone:
        done = super()._hook(command)
        known = self._known()
        if known is None:
            return done
        scope = replace(done.scope, env=merge(done.scope.env, known.new_env))
        return replace(done, scope=scope, unknown=done.unknown - known.new_env.keys())

    def _native(self, command: ask.RunNative) -> ask.NativeDone:
        done = super()._native(command)
        known = self._known()
        if known is None:
            return done
        scope = replace(done.scope, env=merge(done.scope.env, known.new_env))
        return replace(done, scope=scope, unknown=done.unknown - known.new_env.keys())

    def _note(self, frame: Frame) -> None:
        """Keep the latest view of the step, and what was known of a variable before a hook might have changed it."""
        node = self._stack[-1]
        before = node.env
        super()._note(frame)
        node.env = {**before, **node.env}
        known = self._known()
        if known is not None:
            node.version = known.version or node.version
            node.env.update(known.new_env)
            if known.entry is not None:
                node.action, node.cache_path = plans.REUSE, known.entry.path

    def _notify(self, event: Any) -> None:
        if isinstance(event, StepFinished) and (known := self._known()) is not None and known.version:
            self._stack[-1].version = known.version
        super()._notify(event)
