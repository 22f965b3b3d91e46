"""Carrying out the commands of a run: the only place where a run touches the world."""

from __future__ import annotations

import os
import time

from franca.catalog.catalog import Catalog
from franca.catalog.locks import locked
from franca.engine import places
from franca.engine.ahead import Ahead
from franca.engine.cache import CacheStore
from franca.engine.hooks import HookContext, HookReply, HookSurface
from franca.engine.journal import Journal
from franca.engine.native import NativeRun, clean, find_native
from franca.engine.scripts import ScriptFinder
from franca.errors import FrancaError, HookFailed, Interrupted, StepFailed, Unavailable
from franca.grammar.merge import copied
from franca.model.event import CacheWait, Event, HookStarted, NativeFinished, NativeStarted, StepFinished, StepStarted
from franca.model.light import TYPE_CHECKING, Any
from franca.model.record import Record, replace
from franca.model.script import Scope
from franca.planner import commands as ask
from franca.planner.frame import Frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    Listener = Callable[[Event], None]
    Chooser = Callable[[str, tuple[str, ...], bool], int]


class RunSettings(Record):
    """How a run treats its native scripts and its output."""

    native_to_stderr: bool = False
    ignore_script_error: bool = False
    debug_script_tags: tuple[str, ...] = ()
    keep_logs: bool = True


class Executor:
    """Answers commands by doing what they say."""

    def __init__(
        self,
        catalog: Catalog,
        *,
        journal: Journal,
        listener: Listener,
        chooser: Chooser,
        surface: HookSurface,
        run_inputs: Callable[[dict[str, Any]], Any],
        settings: RunSettings,
        run_state: dict[str, Any],
        ahead: Ahead | None = None,
    ) -> None:
        self.catalog = catalog
        self.journal = journal
        self.listener = listener
        self.chooser = chooser
        self.surface = surface
        self.run_inputs = run_inputs
        self.settings = settings
        self.run_state = run_state
        self.ahead = ahead
        self.scripts = ScriptFinder(catalog)
        self.cache = CacheStore(catalog, self._waiting)
        self._folders: dict[int, AbstractContextManager[None]] = {}
        self.effects = False  #: whether anything but reading has happened
        self._label = ""
        self._started: dict[int, float] = {}
        self._answers: dict[type[ask.Command], Callable[[Any], Any]] = {
            ask.FindScripts: lambda c: self.scripts.find(c.request),
            ask.Choose: self._choose,
            ask.LookupCache: self._lookup,
            ask.LoadEntry: lambda c: self.cache.load(c.entry),
            ask.ValidateEntry: self._validate,
            ask.OpenEntry: self._open_entry,
            ask.CloseEntry: lambda c: self.cache.close(c),
            ask.DropEntry: lambda c: self.cache.drop(c.path),
            ask.CallHook: self._call_hook,
            ask.RunNative: self._run_native,
            ask.Clean: self._clean,
            ask.TakeFolder: self._take_folder,
            ask.LeaveFolder: self._leave_folder,
            ask.EnterDirectory: self._enter_directory,
            ask.Notify: lambda c: self.tell(c.event),
            ask.Decided: lambda c: None,
            ask.Consent: lambda c: self.surface.check_trust(c.script.repo),
        }

    def answer(self, command: ask.Command) -> Any:
        return self._answers[type(command)](command)

    def tell(self, event: Event) -> None:
        """Stamp an event, write it down, pass it on."""
        now = time.time()
        event = replace(event, at=now)
        if isinstance(event, StepStarted):
            self._started[event.depth] = now
            self._label = event.step
        elif isinstance(event, StepFinished):
            event = replace(event, seconds=now - self._started.get(event.depth, now))
        self.journal.append(event)
        self.listener(event)

    def _waiting(self, message: str) -> None:
        self.tell(CacheWait(step=self._label, holder=message))

    def _clean(self, command: ask.Clean) -> None:
        self.effects = True
        clean(command.directory, command.files, temporaries=command.temporaries)

    def _choose(self, command: ask.Choose) -> int:
        self.effects = True
        return self.chooser(command.question, command.options, command.may_refuse)

    def _lookup(self, command: ask.LookupCache) -> Any:
        dialect = command.script.dialect if command.script else self.catalog.home_dialect
        return self.cache.lookup(command.query, dialect)

    def _open_entry(self, command: ask.OpenEntry) -> ask.Opened:
        self.effects = True
        try:
            return self.cache.open(command)
        except OSError as error:
            raise Unavailable(
                f"cannot make a cache entry: {error.strerror} ({error.filename})",
                hint="check free space and permissions",
            ) from None

    def _take_folder(self, command: ask.TakeFolder) -> None:
        frame = command.frame
        script, inputs = frame.script, frame.request.inputs
        if not script.has_hooks and not any(name.endswith((".sh", ".bat")) for name in script.files):
            return
        key = places.key_digest(
            os.path.realpath(frame.directory), script.uid, frame.label, repr(sorted(inputs.items()))
        )
        lock = locked(places.folder(self.catalog.root, "locks", f"folder-{key}.lock"), on_wait=self._waiting)
        lock.__enter__()
        self._folders[id(frame)] = lock

    def _leave_folder(self, command: ask.LeaveFolder) -> None:
        lock = self._folders.pop(id(command.frame), None)
        if lock is not None:
            lock.__exit__(None, None, None)

    def _enter_directory(self, command: ask.EnterDirectory) -> str:
        self.effects = True
        path = os.path.abspath(os.path.join(command.base, os.path.expanduser(command.name)))
        try:
            os.makedirs(path, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"cannot make the directory {path}: {error.strerror}") from None
        return path

    # -- hooks and native scripts -------------------------------------------------------------

    def _call_hook(self, command: ask.CallHook) -> ask.HookDone:
        self.effects = True
        frame = command.frame
        context = self._context(frame)
        self.tell(
            HookStarted(
                step=frame.label, hook=command.hook, path=f"{frame.script.path}/customize.py", depth=frame.depth
            )
        )
        if self.ahead is not None and command.hook == "preprocess":
            self.ahead.reached(frame)
        reply = self._call(command.hook, context)
        return ask.HookDone(
            scope=Scope(context.env, context.state, context.const, context.const_state),
            meta=context.meta,
            present=reply.present,
            version=reply.version,
            extra_cache_tags=reply.extra_cache_tags,
            skip=reply.skip,
            redirect=reply.redirect,
        )

    def _call(self, hook: str, context: HookContext) -> HookReply:
        home = _current_directory()
        try:
            os.chdir(context.directory)
            return self.surface.call(hook, context)
        except OSError as error:
            raise HookFailed(f"{hook} of {context.script}: {error}", step=str(context.script)) from error
        finally:
            os.chdir(home)

    def _context(self, frame: Frame) -> HookContext:
        scope = frame.scope
        context = HookContext(
            script=frame.script,
            meta=frame.meta,
            env=copied(scope.env),
            state=copied(scope.state),
            const=dict(scope.const),
            const_state=dict(scope.const_state),
            inputs=frame.request.inputs,
            variation_tags=_variation_tags(frame),
            variation_string=frame.resolved.variation_string,
            script_tags=list(frame.request.query.tags.include),
            directory=frame.directory,
            depth=frame.depth,
            quiet=frame.request.quiet,
            silent=frame.request.silent,
            run_native=_no_native,
            run_script=self.run_inputs,
            run_state=self.run_state,
            found_cached=frame.reused is not None,
        )

        def run_native(
            script_name: str, env: dict[str, Any], *, detect_version: bool = False, missing_ok: bool = False
        ) -> str:
            return self._native_for_hook(frame, context, script_name, env, detect_version, missing_ok)

        context.run_native = run_native
        return context

    def _native_for_hook(
        self,
        frame: Frame,
        context: HookContext,
        stem: str,
        env: dict[str, Any],
        detect_version: bool,
        missing_ok: bool,
    ) -> str:
        path = find_native(frame.script, stem, env, required=not missing_ok)
        if path:
            state = context.state
            new_env, new_state = self._run(frame, path, os.getcwd(), env, state)
            env.clear()
            env.update(new_env)
            state.update(new_state)
        if not detect_version:
            return ""
        probe = self._context(frame)
        probe.env, probe.state, probe.directory = env, context.state, os.getcwd()
        return self._call("detect_version", probe).version

    def _run_native(self, command: ask.RunNative) -> ask.NativeDone:
        frame = command.frame
        stem = frame.resolved.script_name
        path = find_native(frame.script, stem, frame.scope.env, required=bool(stem))
        if not path:
            return ask.NativeDone(frame.scope)
        env, state = self._run(frame, path, frame.directory, frame.scope.env, frame.scope.state)
        return ask.NativeDone(replace(frame.scope, env=env, state=state))

    def _run(
        self, frame: Frame, path: str, directory: str, env: dict[str, Any], state: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        settings, inputs = self.settings, frame.request.inputs
        wanted = settings.debug_script_tags
        run = NativeRun(
            frame.script,
            path,
            directory,
            log=self.journal.log_path(frame.label) if settings.keep_logs else "",
            to_stderr=settings.native_to_stderr,
            ignore_error=settings.ignore_script_error or bool(inputs.get("ignore_script_error")),
            keep_wrapper=bool(wanted) and set(wanted) <= set(frame.script.tags),
        )
        self.effects = True
        self.tell(NativeStarted(step=frame.label, path=path, directory=directory, depth=frame.depth))
        new_env, new_state, seconds = run.run(env, state)
        self.tell(NativeFinished(step=frame.label, status=0, seconds=seconds, depth=frame.depth))
        return new_env, new_state

    def _validate(self, command: ask.ValidateEntry) -> str | None:
        """Section 10.3: run ``validate_cache`` on copies; None when the entry is not good any more."""
        frame = command.frame
        cached = self.cache.load(command.entry)
        if cached is None:
            return None
        context = self._context(frame)
        context.env.update(cached.new_env)
        home = _current_directory()
        try:
            os.chdir(frame.directory)
            return self._native_for_hook(frame, context, "validate_cache", context.env, True, False)
        except Interrupted:
            raise
        except (StepFailed, FrancaError):
            return None
        finally:
            os.chdir(home)


def _variation_tags(frame: Frame) -> list[str]:
    """Section 12.3: the requested variations (classic) or the final list (new), with what must not be selected."""
    query = frame.request.query
    names = frame.resolved.variations if frame.script.dialect.is_new else query.variations
    return list(dict.fromkeys([*names, *("-" + name for name in query.excluded_variations)]))


def _no_native(script_name: str, env: dict[str, Any], *, detect_version: bool = False, missing_ok: bool = False) -> str:
    raise NotImplementedError("a native script can only be run from a hook")


def _current_directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return os.path.expanduser("~")
