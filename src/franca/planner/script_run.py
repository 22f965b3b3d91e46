"""The run of a script, as one readable algorithm (script engine, section 4).

``run_script`` is a generator: it yields commands (``franca.planner.commands``) and is sent their
answers, so the algorithm is written once and driven twice. The engine carries the commands out; the
planner answers them from what is known, and what it cannot know turns into deferred steps. Given the
same answers it asks the same questions, which is what replay and the property tests rely on.
"""

from __future__ import annotations

from franca.errors import FrancaError, ScriptNotFound, StepFailed, VariationNotFound
from franca.grammar.merge import merge
from franca.grammar.substitution import expand_env
from franca.model.dialect import CLASSIC, Dialect
from franca.model.event import CacheHit, CacheStored, Said, StepFinished, StepSkipped, StepStarted, Warned
from franca.model.light import TYPE_CHECKING, Any
from franca.model.patterns import matches
from franca.model.record import replace
from franca.model.script import CacheEntry, Request, Resolved, Scope, Script, VersionRecord
from franca.planner import commands as ask
from franca.planner.assemble import HostFacts, apply_default_version, assemble, initial_scope
from franca.planner.cachekey import acceptable, cache_query, entry_tags, env_tags
from franca.planner.deps import prepare, withheld
from franca.planner.frame import Frame, Outcome, label_words, outcome
from franca.planner.guards import decide, is_true
from franca.planner.request import request_from
from franca.planner.select import (
    Remembered,
    candidates,
    refuse_contradiction,
    remembered,
    selection_query,
    selection_tags,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    Steps = Generator[ask.Command, Any, Any]

MAX_DEPTH = 64


class RunContext:
    """What all scripts of one run share: host facts, choices already made, version records."""

    def __init__(self, facts: HostFacts, *, home: Dialect = CLASSIC, planning: bool = False) -> None:
        self.facts = facts
        self.home = home
        self.planning = planning
        self.choices: list[Remembered] = []
        self.records: list[VersionRecord] = []


def run_script(
    request: Request,
    context: RunContext,
    *,
    depth: int = 0,
    directory: str,
    section: str = "",
    unknown: frozenset[str] = frozenset(),
) -> Generator[ask.Command, Any, Outcome]:
    """Run one script and its dependencies. Returns its outcome; raises what a step raised.

    ``unknown`` are variables that the caller's steps may still set; empty outside planning.
    """
    if depth > MAX_DEPTH:
        raise StepFailed(
            f"dependencies are nested deeper than {MAX_DEPTH} levels at {request.query}",
            hint="look for scripts that depend on each other: franca plan ...",
        )
    script = yield from _choose_script(request, context)
    request = _named(request, script)
    label = ",".join(label_words(request, script))
    yield ask.Notify(StepStarted(step=label, script=str(script), path=script.path, section=section, depth=depth))
    try:
        if not (script.repo.trusted or context.planning):
            yield ask.Consent(script)
        facts = replace(context.facts, directory=directory)
        resolved = assemble(script, request, initial_scope(request, script, facts))
        frame = Frame(script, request, resolved, depth=depth, directory=directory)
        frame.unknown |= unknown - request.local.env.keys()
        if context.planning:
            yield ask.Assembled(frame)
        for text in _warnings(resolved, script.dialect):
            yield ask.Notify(Warned(text=text, depth=depth))
        result = yield from _in_container_or_here(frame, context)
    except FrancaError as error:
        raise _placed(error, label) from error.__cause__
    yield ask.Notify(
        StepFinished(
            step=label,
            seconds=0.0,
            version=result.version,
            variations=frame.resolved.variations,
            new_env=result.new_env,
            depth=depth,
        )
    )
    return result


def _named(request: Request, script: Script) -> Request:
    """A script chosen by name alone is known by its own tags from here on (3.9)."""
    if request.query.tags.include:
        return request
    query = request.query
    tags = replace(query.tags, include=script.tags)
    return replace(request, query=replace(query, tags=tags))


def _placed(error: FrancaError, label: str) -> FrancaError:
    """The error with the chain of steps above it, so that a message can say where it happened."""
    if isinstance(error, StepFailed):
        error.step = error.step or label
        error.chain = (label, *error.chain)
        return error
    text = f"{error}, needed by {label}" if isinstance(error, (ScriptNotFound, VariationNotFound)) else str(error)
    placed = StepFailed(text, step=label, chain=(label,), status=error.status, hint=error.hint, log=error.log)
    placed.__cause__ = error
    return placed


def _warnings(resolved: Resolved, dialect: Dialect) -> list[str]:
    out = list(resolved.warnings)
    if resolved.disk_mb and not dialect.is_new:
        out.append(f"about {resolved.disk_mb} MB of disk space are needed")
    return out


# -- choosing -----------------------------------------------------------------------------------


def _choose_script(request: Request, context: RunContext) -> Generator[ask.Command, Any, Script]:
    refuse_contradiction(request.query)
    found = yield ask.FindScripts(request)
    fitting = candidates(found, request, home=context.home)
    remembering = not request.is_on("skip_remembered_selections")
    if len(fitting) > 1 and remembering:
        known = remembered(context.choices, fitting, request)
        if known is not None:
            return known
    if len(fitting) > 1 and any(_may_cache(s, request) for s in fitting) and not request.skip_cache:
        entries = yield ask.LookupCache(selection_query(request))
        origins = {e.script_uid for e in entries}
        fitting = [s for s in fitting if s.uid in origins] or fitting
    if len(fitting) == 1:
        return fitting[0]
    index = 0
    if not request.quiet:
        options = tuple(f"{s} ({s.path})" for s in fitting)
        index = yield ask.Choose(f"More than one script matches {request.query}", options)
    script = fitting[index if 0 <= index < len(fitting) else 0]
    if remembering:
        context.choices.append(Remembered(selection_tags(request), script.uid))
    return script


def _may_cache(script: Script, request: Request) -> bool:
    meta = script.meta
    return is_true(meta.get("cache")) or (request.force_cache and is_true(meta.get("can_force_cache")))


def _choose_entry(
    frame: Frame, entries: list[CacheEntry], context: RunContext
) -> Generator[ask.Command, Any, CacheEntry | None]:
    if not entries:
        return None
    request = frame.request
    remembering = not request.is_on("skip_remembered_selections")
    if len(entries) > 1 and remembering:
        tags = selection_tags(request)
        for choice in context.choices:
            if choice.of_cache and choice.tags == tags:
                for entry in entries:
                    if entry.uid == choice.uid:
                        return entry
    if len(entries) == 1 or request.quiet:
        return entries[0]
    options = tuple(
        f"{e.path} {','.join(sorted(e.tags))}{' version ' + e.version if e.version else ''}" for e in entries
    )
    index: int = yield ask.Choose(f"More than one cached result for {frame.label}", options, may_refuse=True)
    if index < 0:
        return None
    chosen: CacheEntry = entries[min(index, len(entries) - 1)]
    if remembering:
        context.choices.append(Remembered(selection_tags(request), chosen.uid, of_cache=True))
    return chosen


# -- reuse or execution -------------------------------------------------------------------------


def _in_container_or_here(frame: Frame, context: RunContext) -> Generator[ask.Command, Any, Outcome]:
    """Section 4.3: inside a container the docker block may turn a run into nothing or into a fake run."""
    if is_true(frame.scope.env.get(frame.script.dialect.key("RUN_STATE_DOCKER"))):
        docker = frame.resolved.docker
        if "run" in docker and not is_true(docker["run"]):
            return outcome(frame, skipped=True)
        if "real_run" in docker and not is_true(docker["real_run"]):
            frame.fake = True
    cleaned = tuple(str(f) for f in frame.script.meta.get("clean_output_files") or ())
    if cleaned:
        yield ask.Clean(frame.directory, cleaned, temporaries=False)
    if not frame.resolved.cacheable or frame.fake:
        if frame.request.only_from_cache and frame.resolved.cacheable:
            raise _not_cached(frame)
        return (yield from _execute(frame, context))
    return (yield from _cached(frame, context))


def _cached(frame: Frame, context: RunContext) -> Generator[ask.Command, Any, Outcome]:
    request, script = frame.request, frame.script
    query = cache_query(script, request, frame.resolved)
    entry, refused = None, frozenset[str]()
    if not request.new:
        seen = yield ask.LookupCache(query, script)
        refused = frozenset(e.uid for e in seen)
        entry = yield from _choose_entry(frame, acceptable(seen, query, new=script.dialect.is_new), context)
        if entry is not None and not request.renew:
            reused = yield from _reuse(frame, entry, context)
            if reused is not None:
                return reused
            entry = None
    if request.only_from_cache:
        raise _not_cached(frame)
    while True:
        opened = yield ask.OpenEntry(query, script, request, entry if request.renew else None, refused)
        if not opened.ready:
            return (yield from _fill_entry(frame, context, opened, renewed=request.renew and entry is not None))
        refused |= {e.uid for e in opened.ready}  # finished by somebody else meanwhile: judged once
        for ready in acceptable(opened.ready, query, new=script.dialect.is_new):
            reused = yield from _reuse(frame, ready, context)
            if reused is not None:
                return reused


def _not_cached(frame: Frame) -> StepFailed:
    return StepFailed(
        f"no cached result satisfies {frame.label}, and only cached results were allowed",
        step=frame.label,
        hint=f"run it once without --only_execute_from_cache, or see: franca find cache --tags={frame.label}",
    )


def _fill_entry(
    frame: Frame, context: RunContext, opened: ask.Opened, *, renewed: bool
) -> Generator[ask.Command, Any, Outcome]:
    outer = frame.directory
    frame.entry_path = frame.directory = opened.path
    frame.entry_uid = opened.uid
    frame.added_tags += env_tags(frame.script.meta, frame.scope.env)  # as asked for; a step may change the variables
    if renewed:
        frame.set_env({frame.script.dialect.key("RENEW_CACHE_ENTRY"): "yes"})
    try:
        result = yield from _execute(frame, context)
        if result.skipped or result.script is not frame.script:
            yield ask.DropEntry(opened.path)
            return result
        entry = yield _close(frame, result)
    except GeneratorExit:
        raise
    except BaseException:
        yield ask.DropEntry(opened.path)
        raise
    finally:
        frame.directory = outer
    yield ask.Notify(CacheStored(step=frame.label, path=entry.path, depth=frame.depth))
    return result


def _close(frame: Frame, result: Outcome) -> ask.CloseEntry:
    key = frame.script.dialect.key
    tags = entry_tags(
        frame.script,
        frame.request,
        replace(frame.resolved, scope=frame.scope),
        version=_tag_version(frame),
        added=frame.added_tags,
    )
    return ask.CloseEntry(
        path=frame.entry_path,
        uid=frame.entry_uid,
        script=frame.script,
        tags=tags,
        version=frame.version,
        new_env=result.new_env,
        new_state=result.new_state,
        scope=frame.scope,
        deps=result.dep_entries if frame.script.dialect.is_new else result.deps,
        dependent_path=str(frame.scope.env.get(key("GET_DEPENDENT_CACHED_PATH")) or ""),
        expiration=frame.resolved.expiration,
        unknown=result.unknown,
    )


def _tag_version(frame: Frame) -> str:
    returned = frame.returned_version
    return returned if returned and returned != "-1" else frame.chosen_version


def _reuse(frame: Frame, entry: CacheEntry, context: RunContext) -> Generator[ask.Command, Any, Outcome | None]:
    """Section 10.5. None when the entry turned out to be no good; the frame is then as it was."""
    before, unknown = frame.scope, set(frame.unknown)
    frame.reused = entry
    yield from _deps(frame, context, "deps")
    yield from _deps(frame, context, "prehook_deps")
    if f"validate_cache.{_script_ext(context)}" in frame.script.files:
        found = yield ask.ValidateEntry(entry, frame)
        if found is None or (found and entry.version and found != entry.version):
            _forget(frame, before, unknown)
            return None
    cached = yield ask.LoadEntry(entry, frame.script)
    if cached is None:
        _forget(frame, before, unknown)
        return None
    yield ask.Notify(CacheHit(step=frame.label, path=entry.path, state_file=entry.state_file, depth=frame.depth))
    nested = frame.script.dialect.is_new
    scope = frame.scope
    frame.scope = replace(
        scope,
        env=merge(scope.env, cached.new_env, nested_unique=nested),
        state=merge(scope.state, cached.new_state, nested_unique=nested),
    )
    frame.unknown = (frame.unknown - set(cached.new_env)) | cached.unknown
    frame.returned_version = cached.version or entry.version
    yield from _deps(frame, context, "posthook_deps")
    yield from _deps(frame, context, "post_deps")
    result = outcome(frame)
    yield from _report(frame, result, context)
    return result


def _forget(frame: Frame, before: Scope, unknown: set[str]) -> None:
    frame.scope, frame.unknown, frame.reused = before, unknown, None
    frame.deps.clear()
    frame.dep_entries.clear()


def _script_ext(context: RunContext) -> str:
    return "bat" if context.facts.os_type == "windows" else "sh"


def _execute(frame: Frame, context: RunContext) -> Generator[ask.Command, Any, Outcome]:
    if frame.entry_path:
        return (yield from _execute_here(frame, context))
    yield ask.TakeFolder(frame)
    try:
        result = yield from _execute_here(frame, context)
    except GeneratorExit:
        raise
    except BaseException:
        yield ask.LeaveFolder(frame)
        raise
    yield ask.LeaveFolder(frame)
    return result


def _execute_here(frame: Frame, context: RunContext) -> Generator[ask.Command, Any, Outcome]:
    """Section 4.5, in its order, which existing content depends on."""
    script, request, dialect = frame.script, frame.request, frame.script.dialect
    resolved, version = apply_default_version(script, request, replace(frame.resolved, scope=frame.scope))
    frame.resolved, frame.scope, frame.lists = resolved, resolved.scope, resolved.lists
    frame.chosen_version = frame.chosen_version or version
    frame.set_env({dialect.key("TMP_CURRENT_SCRIPT_PATH"): script.path})
    frame.refresh_meta()
    if request.is_on("docker_run_deps"):
        yield from _docker_deps(frame, context)
    if dialect.is_new and not frame.fake and script.meta.get("predeps") is not False:
        yield from _hook(frame, "predeps")
    yield from _deps(frame, context, "deps")
    yield ask.Clean(frame.directory, _clean_files(frame))
    frame.set_env({dialect.key("TMP_PIP_VERSION_STRING"): pip_version_string(frame.scope.env, dialect)})
    frame.force_const()
    outer = frame.directory
    out_name = str(frame.scope.env.get(dialect.key("OUTDIRNAME")) or "")
    if out_name and not (dialect.is_new and frame.fake):
        frame.directory = yield ask.EnterDirectory(frame.directory, out_name)
    result = yield from _hooks_and_native(frame, context)
    frame.directory = outer
    if not frame.entry_path and not request.dirty and not request.is_on("shell"):
        yield ask.Clean(outer, _clean_files(frame))
    return result


def _clean_files(frame: Frame) -> tuple[str, ...]:
    return tuple(str(f) for f in frame.script.meta.get("clean_files") or ())


def _hooks_and_native(frame: Frame, context: RunContext) -> Generator[ask.Command, Any, Outcome]:
    if not frame.fake:
        done = yield from _hook(frame, "preprocess")
        if done.skip and done.redirect:
            return (yield from _redirected(frame, done.redirect, context))
        if done.skip:
            yield ask.Notify(StepSkipped(step=frame.label, reason="its preprocess asked to skip", depth=frame.depth))
            return outcome(frame, skipped=True)
    frame.scope = replace(frame.scope, env=expand_env(frame.scope.env))
    yield from _deps(frame, context, "prehook_deps")
    if not frame.fake:
        _map_keys(frame)
        native = yield ask.RunNative(frame)
        frame.know(native.scope)
        frame.unknown |= native.unknown
        yield from _deps(frame, context, "posthook_deps")
        yield from _hook(frame, "postprocess")
        yield from _deps(frame, context, "post_deps")
    result = outcome(frame)
    yield from _report(frame, result, context)
    return result


def _redirected(frame: Frame, inputs: dict[str, Any], context: RunContext) -> Generator[ask.Command, Any, Outcome]:
    """Section 9.4: another script runs instead, on the same environment, and its result is ours."""
    scope = frame.scope
    env = merge(scope.env, inputs.get("env") or {})
    state = merge(scope.state, inputs.get("state") or {})
    request = request_from(
        {k: v for k, v in inputs.items() if k not in ("env", "state")},
        scope=Scope(env, state, scope.const, scope.const_state),
        caller=frame.request.caller,
        parent=frame.request.parent,
    )
    if frame.request.quiet:
        request = replace(request, quiet=True)
    other = yield from run_script(request, context, depth=frame.depth + 1, directory=context.facts.directory)
    given, nested = frame.request.scope, frame.script.dialect.is_new
    restored = Scope(
        merge(given.env, other.new_env, nested_unique=nested),
        merge(given.state, other.new_state, nested_unique=nested),
        given.const,
        given.const_state,
    )
    return replace(other, scope=restored)


def _map_keys(frame: Frame) -> None:
    """``env_key_mappings``: copies of all keys of one prefix under another."""
    mappings = frame.script.meta.get("env_key_mappings") or {}
    copies = {
        str(target) + key[len(str(prefix)) :]: value
        for prefix, target in mappings.items()
        for key, value in frame.scope.env.items()
        if key.startswith(str(prefix))
    }
    if copies:
        frame.set_env(copies)


def _hook(frame: Frame, name: str) -> Generator[ask.Command, Any, ask.HookDone]:
    if not frame.script.has_hooks:
        return ask.HookDone(frame.scope, present=False)
    done: ask.HookDone = yield ask.CallHook(name, frame)
    if done.present:
        frame.know(done.scope)
        if done.meta:
            frame.adopt_meta(done.meta)
        frame.unknown |= done.unknown
        frame.added_tags += done.extra_cache_tags
        frame.returned_version = done.version or frame.returned_version
    return done


def _report(frame: Frame, result: Outcome, context: RunContext) -> Steps:
    """The version record and the lines that a script promises to print at its end."""
    script = frame.script
    context.records.append(
        VersionRecord(
            tags=frame.label,
            script_uid=script.uid,
            script_alias=script.alias,
            script_tags=",".join(script.tags),
            script_variations=",".join(frame.resolved.variations),
            version=result.version,
            parent=frame.request.parent,
        )
    )
    texts = script.meta.get("print_env_at_the_end") or {}
    for key in sorted(texts):
        if result.new_env.get(key) is not None:
            title = str(texts[key] or f"ENV[{key}]")
            yield ask.Notify(Said(text=f"{title}: {result.new_env[key]}", depth=frame.depth))


# -- dependencies -------------------------------------------------------------------------------


def _deps(frame: Frame, context: RunContext, section: str) -> Steps:
    for entry in getattr(frame.lists, section):
        if not entry.get("tags") or (frame.reused is not None and not is_true(entry.get("dynamic"))):
            continue
        yield from _dep(frame, context, section, dict(entry))


def _docker_deps(frame: Frame, context: RunContext) -> Steps:
    for entry in frame.resolved.docker.get("deps") or ():
        if entry.get("tags") and not is_true(entry.get("skip_inside_docker")):
            yield from _dep(frame, context, "docker.deps", dict(entry))


def _dep(frame: Frame, context: RunContext, section: str, entry: dict[str, Any]) -> Steps:
    env, dialect = frame.scope.env, frame.script.dialect
    tags = entry["tags"] if isinstance(entry["tags"], str) else ",".join(str(t) for t in entry["tags"])
    if context.planning:
        yield ask.Considered(entry, section, frame)
    fake_run = str(env.get(dialect.key("TMP_FAKE_RUN"))).lower() == "yes"
    verdict = decide(entry, env, new=dialect.is_new, fake_run=fake_run, unknown=frame.unknown)
    if not verdict.applies:
        yield ask.Decided(tags, section, verdict.reason, frame.depth + 1, verdict.waits_for)
        return
    hidden = _hidden(frame, section)
    ready = prepare(
        entry, caller=frame.script, parent=frame.request, resolved=frame.resolved, scope=frame.scope,
        hidden=hidden, unknown=frame.unknown,
    )  # fmt: skip
    if ready.unknown_tags and context.planning:
        yield ask.Decided(
            ready.label,
            section,
            "its tags wait for " + ", ".join(ready.unknown_tags),
            frame.depth + 1,
            ready.unknown_tags,
        )
        return
    frame.deps.append(ready.label)
    frame.dep_entries.append({**entry, "tags": ready.label})
    if frame.request.fake_deps:  # section 9.2, step 8: it stops before what was withheld is put back
        frame.scope = replace(frame.scope, env=dict(ready.request.scope.env))
        return
    try:
        result = yield from run_script(
            ready.request,
            context,
            depth=frame.depth + 1,
            directory=frame.directory,
            section=section,
            unknown=frozenset(frame.unknown - hidden.keys()),
        )
    except FrancaError as error:
        if not (dialect.is_new and is_true(entry.get("continue_on_error"))):
            raise
        yield ask.Notify(Warned(text=f"{ready.label} failed and is not required: {error}", depth=frame.depth + 1))
        return
    _merge_result(frame, result, hidden)


def _hidden(frame: Frame, section: str) -> dict[str, Any]:
    """What a dependency of this section does not see (section 6.5)."""
    meta, env, dialect = frame.script.meta, frame.scope.env, frame.script.dialect
    if section == "post_deps":
        patterns = [str(p) for p in meta.get("clean_env_keys_post_deps") or ()]
        return {k: v for k, v in env.items() if any(matches(k, p) for p in patterns)}
    return withheld(env, [str(k) for k in meta.get("local_env_keys") or ()], dialect=dialect)


def _merge_result(frame: Frame, result: Outcome, hidden: dict[str, Any]) -> None:
    """Section 9.2, step 11: exports merged, withheld keys back, placeholders, constants."""
    nested = frame.script.dialect.is_new
    scope = frame.scope
    env = {**merge(scope.env, result.new_env, nested_unique=nested), **hidden}
    frame.scope = replace(scope, env=expand_env(env), state=merge(scope.state, result.new_state, nested_unique=nested))
    frame.unknown = (frame.unknown - set(result.new_env)) | result.unknown
    frame.force_const()


def pip_version_string(env: dict[str, Any], dialect: Dialect) -> str:
    """``==V``, ``>=MIN,<=MAX``, ``>=MIN``, ``<=MAX`` or nothing (section 4.5, step 8)."""
    exact = env.get(dialect.key("VERSION"))
    if exact:
        return f"=={exact}"
    low, high = env.get(dialect.key("VERSION_MIN")), env.get(dialect.key("VERSION_MAX"))
    return ",".join([*([f">={low}"] if low else []), *([f"<={high}"] if high else [])])
