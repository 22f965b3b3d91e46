"""A world in memory: scripts by tags, a cache as a list, hooks as functions. Drives a run without a disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from franca.model.artifact import Artifact, Repo
from franca.model.dialect import CLASSIC, NEW, Dialect
from franca.model.ids import SCRIPT, ObjectRef
from franca.model.record import replace
from franca.model.script import CacheEntry, Script
from franca.planner import commands as ask
from franca.planner.assemble import HostFacts
from franca.planner.frame import Outcome
from franca.planner.request import request_from
from franca.planner.script_run import RunContext, run_script

Hook = Callable[[dict[str, Any]], dict[str, Any] | None]


class World:
    """``trace`` lists what happened: ``native:alias``, ``hook:alias.name``, ``store:alias``."""

    def __init__(self, *, dialect: Dialect = CLASSIC) -> None:
        self.dialect = dialect
        self.repo = Repo(ObjectRef("content", "c" * 16), "/content", dialect=dialect, trusted=True)
        self.scripts: list[Script] = []
        self.hooks: dict[tuple[str, str], Hook] = {}
        self.natives: dict[str, Hook] = {}
        self.entries: list[CacheEntry] = []
        self.states: dict[str, ask.CachedState] = {}
        self.trace: list[str] = []
        self.replies: list[Any] = []
        self.chosen = 0

    def add(
        self,
        alias: str,
        tags: str = "",
        *,
        native: Hook | None = None,
        hooks: dict[str, Hook] | None = None,
        **meta: Any,
    ) -> None:
        number = f"{len(self.scripts) + 1:016x}"
        words = tuple(tags.split(",")) if tags else (alias,)
        files = set()
        if native is not None:
            files.add("run.sh")
            self.natives[alias] = native
        for name, hook in (hooks or {}).items():
            files.add("customize.py")
            self.hooks[alias, name] = hook
        artifact = Artifact(ObjectRef(alias, number), SCRIPT, words, f"/content/script/{alias}", self.repo, meta, meta)
        self.scripts.append(Script(artifact, frozenset(files)))

    def run(self, tags: str, **inputs: Any) -> Outcome:
        self.trace.clear()
        context = RunContext(HostFacts(directory="/work"), home=self.dialect)
        self.context = context
        steps = run_script(request_from({"tags": tags, "quiet": True, **inputs}), context, directory="/work")
        try:
            command = next(steps)
            while True:
                try:
                    reply = self.answer(command)
                except Exception as error:
                    command = steps.throw(error)
                else:
                    self.replies.append((type(command).__name__, reply))
                    command = steps.send(reply)
        except StopIteration as end:
            return end.value

    def answer(self, command: ask.Command) -> Any:
        handler = getattr(self, "on_" + type(command).__name__, None)
        return handler(command) if handler else None

    def on_FindScripts(self, command: ask.FindScripts) -> tuple[Script, ...]:
        return tuple(s for s in self.scripts if command.request.query.tags.matches(s.tags))

    def on_Choose(self, command: ask.Choose) -> int:
        self.trace.append(f"choose:{len(command.options)}")
        return self.chosen

    def on_LookupCache(self, command: ask.LookupCache) -> tuple[CacheEntry, ...]:
        wanted, barred = set(command.query.tags), set(command.query.excluded)
        return tuple(e for e in self.entries if wanted <= set(e.tags) and not barred & set(e.tags))

    def on_LoadEntry(self, command: ask.LoadEntry) -> ask.CachedState:
        return self.states[command.entry.uid]

    def on_OpenEntry(self, command: ask.OpenEntry) -> ask.Opened:
        uid = f"{len(self.entries) + 1:016x}"
        return ask.Opened(path=f"/cache/{uid}", uid=uid)

    def on_CloseEntry(self, command: ask.CloseEntry) -> CacheEntry:
        entry = CacheEntry(command.uid, command.path, command.tags, command.version, command.script.uid, state_file="s")
        self.entries.append(entry)
        self.states[command.uid] = ask.CachedState(command.new_env, command.new_state, command.deps, command.version)
        self.trace.append(f"store:{command.script.alias}")
        return entry

    def on_DropEntry(self, command: ask.DropEntry) -> None:
        self.trace.append("drop")

    def on_CallHook(self, command: ask.CallHook) -> ask.HookDone:
        frame = command.frame
        hook = self.hooks.get((frame.script.alias, command.hook))
        if hook is None:
            return ask.HookDone(frame.scope, present=False)
        self.trace.append(f"hook:{frame.script.alias}.{command.hook}")
        live = {"env": dict(frame.scope.env), "state": dict(frame.scope.state), "meta": frame.meta}
        reply = hook(live) or {}
        scope = replace(frame.scope, env=live["env"], state=live["state"])
        return ask.HookDone(scope, meta=live["meta"], **reply)

    def on_RunNative(self, command: ask.RunNative) -> ask.NativeDone:
        frame = command.frame
        native = self.natives.get(frame.script.alias)
        if native is None:
            return ask.NativeDone(frame.scope)
        self.trace.append(f"native:{frame.script.alias}")
        live = dict(frame.scope.env)
        native(live)
        return ask.NativeDone(replace(frame.scope, env=live))

    def on_EnterDirectory(self, command: ask.EnterDirectory) -> str:
        return f"{command.base}/{command.name}"


def classic() -> World:
    return World(dialect=CLASSIC)


def new() -> World:
    return World(dialect=NEW)
