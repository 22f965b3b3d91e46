"""Answering a run's commands without doing them: the same algorithm, and a plan comes out.

Reads of the catalog and the cache are real. A hook or a native script that would run leaves the
variables that its code mentions unknown; a condition on one of them defers the step, which names it.
"""

from __future__ import annotations

import os

from franca.catalog.catalog import Catalog
from franca.engine.cache import CacheStore
from franca.engine.native import native_file
from franca.engine.planned import PlannedEntries
from franca.engine.scripts import ScriptFinder
from franca.model import plan as plans
from franca.model.event import CacheHit, Event, StepFinished, StepSkipped, StepStarted
from franca.model.light import Any
from franca.model.plan import Plan, Step
from franca.model.record import replace
from franca.model.script import CacheEntry, Script
from franca.planner import commands as ask
from franca.planner.frame import Frame

NEW_ENTRY = "<new cache entry>"


class _Node:
    """A step while its children are still being found."""

    def __init__(self, number: str, label: str, section: str, script: str, path: str) -> None:
        self.number, self.label, self.section = number, label, section
        self.script, self.path = script, path
        self.action, self.reason = plans.RUN, ""
        self.cache_path = self.version = self.native = self.repo = ""
        self.cacheable = False
        self.variations: tuple[str, ...] = ()
        self.exports: tuple[str, ...] = ()
        self.hooks: list[str] = []
        self.env: dict[str, Any] = {}
        self.waits_for: tuple[str, ...] = ()
        self.children: list[_Node] = []

    def frozen(self) -> Step:
        return Step(
            id=self.number, label=self.label, action=self.action, reason=self.reason, section=self.section,
            script=self.script, path=self.path, repo=self.repo, variations=self.variations, version=self.version,
            cacheable=self.cacheable, cache_path=self.cache_path, hooks=tuple(self.hooks), native=self.native,
            exports=self.exports, env=self.env, waits_for=self.waits_for,
            steps=tuple(child.frozen() for child in self.children),
        )  # fmt: skip


class Planner:
    """Builds the plan of one request while its run asks its questions."""

    def __init__(self, catalog: Catalog, *, command: str, inputs: dict[str, Any]) -> None:
        self.command, self.inputs = command, inputs
        self.catalog = catalog
        self.scripts = ScriptFinder(catalog, read_code=True)
        self.cache = CacheStore(catalog, lambda holder: None)
        self.planned = PlannedEntries()
        self.home = catalog.home_dialect
        self.root: _Node | None = None
        self._stack: list[_Node] = []
        self._found: dict[str, Script] = {}
        self._answers: dict[type[ask.Command], Any] = {
            ask.FindScripts: self._find,
            ask.Choose: lambda c: 0,
            ask.LookupCache: self._look_up,
            ask.LoadEntry: lambda c: self.planned.state(c.entry) or self.cache.load(c.entry),
            ask.ValidateEntry: lambda c: "",
            ask.OpenEntry: self._open,
            ask.CloseEntry: self.planned.add,
            ask.CallHook: self._hook,
            ask.RunNative: self._native,
            ask.EnterDirectory: lambda c: os.path.abspath(os.path.join(c.base, c.name)),
            ask.Notify: lambda c: self._notify(c.event),
            ask.Decided: self._decided,
        }

    def answer(self, command: ask.Command) -> Any:
        handler = self._answers.get(type(command))
        return handler(command) if handler else None

    def plan(self) -> Plan:
        assert self.root is not None
        return Plan(self.command, _plain(self.inputs), self.root.frozen())

    # -- the tree -----------------------------------------------------------------------------

    def _find(self, command: ask.FindScripts) -> tuple[Script, ...]:
        found = self.scripts.find(command.request)
        self._found.update({s.path: s for s in found})
        return found

    def _notify(self, event: Event) -> None:
        if isinstance(event, StepStarted):
            self._push(event)
        elif isinstance(event, StepFinished):
            self._stack.pop()
        elif isinstance(event, CacheHit):
            node = self._stack[-1]
            node.action, node.cache_path = plans.REUSE, event.path
            planned = event.path == NEW_ENTRY
            node.reason = "a step before makes it" if planned else "a cached result has all of its tags"
        elif isinstance(event, StepSkipped):
            self._stack[-1].reason = event.reason

    def _push(self, event: StepStarted) -> None:
        parent = self._stack[-1] if self._stack else None
        number = f"{parent.number}.{len(parent.children) + 1}" if parent else "1"
        node = _Node(number, event.step, event.section, event.script, event.path)
        script = self._found[event.path]
        node.repo = script.repo.ref.alias
        node.reason = "not cached by its script"
        node.cacheable = bool(script.meta.get("cache"))
        if parent:
            parent.children.append(node)
        else:
            self.root = node
        self._stack.append(node)

    def _decided(self, command: ask.Decided) -> None:
        parent = self._stack[-1]
        node = _Node(f"{parent.number}.{len(parent.children) + 1}", command.label, command.section, "", "")
        node.action = plans.DEFER if command.waits_for else plans.SKIP
        node.reason, node.waits_for = command.reason, command.waits_for
        parent.children.append(node)

    # -- effects that would happen --------------------------------------------------------------

    def _open(self, command: ask.OpenEntry) -> ask.Opened:
        node = self._stack[-1]
        node.reason = (
            "a new cache entry was asked for" if command.request.new else "no cached result has all of its tags"
        )
        if command.renew is not None:
            node.reason, node.cache_path = "its cached result is to be renewed", command.renew.path
            return ask.Opened(path=command.renew.path, uid=command.renew.uid)
        return ask.Opened(path=NEW_ENTRY)

    def _look_up(self, command: ask.LookupCache) -> tuple[CacheEntry, ...]:
        dialect = command.script.dialect if command.script else self.home
        return self.planned.beside(self.cache.lookup(command.query, dialect), command.query, dialect)

    def _note(self, frame: Frame) -> None:
        node = self._stack[-1]
        node.variations = frame.resolved.variations
        node.exports = frame.resolved.new_env_keys
        key = frame.script.dialect.key
        node.version = frame.chosen_version or str(frame.scope.env.get(key("VERSION")) or "")
        hidden = (key("TMP_"), "HOME", "USER", "GH_TOKEN")
        node.env = {k: v for k, v in frame.scope.env.items() if not k.startswith(hidden) and k not in frame.unknown}

    def _hook(self, command: ask.CallHook) -> ask.HookDone:
        frame = command.frame
        self._note(frame)
        self._stack[-1].hooks.append(command.hook)
        return ask.HookDone(frame.scope, unknown=frozenset(frame.script.hook_keys))

    def _native(self, command: ask.RunNative) -> ask.NativeDone:
        frame = command.frame
        self._note(frame)
        stem = frame.resolved.script_name or "run"
        node = self._stack[-1]
        node.native = native_file(frame.script.files, stem, frame.scope.env, frame.script.dialect)
        unknown = frozenset(frame.script.hook_keys) if node.native else frozenset()
        return ask.NativeDone(replace(frame.scope), unknown=unknown)


def _plain(inputs: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in inputs.items() if isinstance(v, (str, int, float, bool, list, dict, type(None)))}
