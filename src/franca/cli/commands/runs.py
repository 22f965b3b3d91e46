"""run and plan: the command line's inputs to the engine, and its results back."""

from __future__ import annotations

from franca.cli.commands.run_inputs import inputs_of, level_of
from franca.cli.output import Answer, columns_of, plain
from franca.cli.parsing import Bound, kind_of, to_repeat
from franca.cli.screen import screen, seconds
from franca.cli.session import Session
from franca.errors import ScriptNotFound, UsageError
from franca.grammar.reference import parse_ref
from franca.model.event import Event, StepStarted
from franca.model.ids import SCRIPT, Ref
from franca.model.light import TYPE_CHECKING, Any
from franca.model.tags import ScriptQuery

if TYPE_CHECKING:
    from franca.engine import RunResult
    from franca.engine.explaining import Explained
    from franca.engine.lock import Lock
    from franca.model.plan import Plan

#: Options after which the answer of a cached run may be given again from memory.
_READING = frozenset({
    "tags", "version", "version_min", "version_max", "version_max_usable", "env", "const", "state", "const_state",
    "adr", "ad", "only_execute_from_cache", "extra_cache_tags", "name", "quiet", "silent", "verbose", "json",
})  # fmt: skip


# ---- plan --------------------------------------------------------------------------------------------


def plan(bound: Bound, session: Session) -> Answer:
    _scripts_only(bound)
    inputs = inputs_of(bound, session)
    command = to_repeat(bound).replace("franca plan", "franca run", 1)
    try:
        if bound.text("why"):
            return _explained(bound, session.engine().explain(inputs, command=command))
        made = session.planner().plan(inputs, command=command)
    except ScriptNotFound as error:
        raise with_suggestions(error, inputs, session) from None
    if earlier := bound.text("diff"):
        return _difference(made, earlier, session)
    from franca.cli.plan_view import dot, mermaid, tree_lines

    data = {"plan": made, "counts": made.counts()}
    if bound.flag("dot"):
        return Answer({**data, "dot": dot(made)}, raw=dot(made))
    if bound.flag("mermaid"):
        return Answer({**data, "mermaid": mermaid(made)}, raw=mermaid(made))
    return Answer(data, (*tree_lines(made, full=bound.flag("verbose")), *_held(made, session)))


def _held(made: Plan, session: Session) -> tuple[str, ...]:
    """What has to be agreed to before this plan can be run."""
    used = {step.repo for step in made.step.walk()}
    held = [repo.ref.alias for repo in session.catalog.repos() if repo.ref.alias in used and not repo.trusted]
    return (f"needs consent before it runs: franca trust {' '.join(held)}",) if held else ()


def _explained(bound: Bound, found: Explained) -> Answer:
    """The way to the steps that were asked about, and what decided each of them."""
    from franca.cli.plan_view import matching, tree_lines
    from franca.cli.why_view import why_lines

    why = bound.text("why")
    steps = matching(found.plan, why)
    tree = tree_lines(found.plan, why=why, full=bound.flag("verbose"))
    data = {"plan": found.plan, "counts": found.plan.counts(), "why": [found.steps[s.id] for s in steps]}
    return Answer(data, (*tree, *why_lines(found.plan, steps, found.steps)))


def _difference(made: Plan, earlier: str, session: Session) -> Answer:
    from franca.cli.commands.lock import earlier_lines
    from franca.cli.why_view import diff_lines
    from franca.planner.diff import compare, lines_of_plan

    before, what = earlier_lines(earlier, session)
    changes = compare(before, lines_of_plan(made))
    return Answer({"before": what, "changes": changes}, tuple(diff_lines(what, changes)))


def _scripts_only(bound: Bound) -> None:
    if not SCRIPT.selects(kind_of(bound)):
        raise UsageError(f"franca {bound.command.name} works on scripts, not on {bound.kind}")


# ---- run ---------------------------------------------------------------------------------------------


def run(bound: Bound, session: Session) -> Answer:
    if not SCRIPT.selects(kind_of(bound)):
        from franca.cli.commands.automations import call

        return call(bound, session)
    lock, inputs = _request(bound, session)
    if bound.flag("trust"):
        from franca.cli.commands.repositories import trust_used

        trust_used(session.planner().plan(inputs), session)
    heard: list[Event] = []
    show = screen(session.output, level_of(bound))
    session.before_asking = show.close

    def listen(event: Event) -> None:
        if bound.inputs and isinstance(event, StepStarted) and not event.depth:
            _tell_unread(bound, event, session)
        heard.append(event)
        show(event)

    try:
        with session.output.reserved():
            result = session.engine(listen, isolate_hooks=bool(bound.flag("isolate_hooks"))).run(inputs)
    except ScriptNotFound as error:
        raise with_suggestions(error, inputs, session) from None
    finally:
        show.close()
    if lock is not None:
        from franca.engine.lock import verify

        verify(lock, heard)
    if not set(bound.options) <= _READING:
        from franca.catalog import memo

        memo.withdraw()  # the engine offers what a cached run gave; an option may have done more than read
    data = result_data(result, to_repeat(bound))
    if path := bound.text("save_to_json"):
        from franca.catalog.files import write_json_atomic

        write_json_atomic(path, {"status": 0, **data})
    return Answer(data, result_lines(result, bound))


def _tell_unread(bound: Bound, started: StepStarted, session: Session) -> None:
    from franca.cli.unread import unread

    found = session.catalog.find(SCRIPT, parse_ref(started.script))
    session.output.warn(line for one in found if one.path == started.path for line in unread(bound.inputs, one))


def _request(bound: Bound, session: Session) -> tuple[Lock | None, dict[str, Any]]:
    """What is to be run: the words of the command, or a lock file and what it has written down."""
    if bound.options.get("locked"):
        from franca.cli.commands.lock import lock_file, locked_inputs

        return locked_inputs(lock_file(bound), bound, session)
    return None, inputs_of(bound, session)


def result_data(result: RunResult, command: str) -> dict[str, Any]:
    """A run's result as JSON. ``return``, ``env``, ``new_env``, ``state``, ``new_state``, ``deps`` are CM's."""
    return {
        "return": 0,
        "env": result.env,
        "new_env": result.new_env,
        "state": result.state,
        "new_state": result.new_state,
        "deps": list(result.deps),
        "versions": list(result.versions),
        "cached": result.cached,
        "skipped": result.skipped,
        "seconds": 0.0 if result.cached else round(result.seconds, 3),
        "run": "" if result.cached else result.run,
        "journal": result.journal,
        "command": command,
    }


def result_lines(result: RunResult, bound: Bound) -> tuple[str, ...]:
    """What the script exports, and where the record of the run is."""
    if bound.flag("silent"):
        return ()
    lines = list(columns_of([(key, plain(_value(value))) for key, value in sorted(result.new_env.items())]))
    took = "everything was cached" if result.cached else f"done in {seconds(result.seconds)}"
    lines.append(f"# {'skipped' if result.skipped else took}")
    if result.journal:
        lines.append(f"# journal and logs: {result.journal}")
    return tuple(lines)


def _value(value: Any) -> str:
    return ":".join(map(str, value)) if isinstance(value, list) else str(value)


def with_suggestions(error: ScriptNotFound, inputs: dict[str, Any], session: Session) -> ScriptNotFound:
    """The same error with the tags or the name that may have been meant."""
    if "closest" in error.message:
        return error
    from franca.grammar.suggest import closest, closest_tags

    scripts = session.catalog.find(SCRIPT, Ref())
    known = {tag for one in scripts for tag in one.tags}
    near = closest_tags(ScriptQuery.parse(inputs.get("tags")).tags.include, known)
    if name := str(inputs.get("artifact") or ""):
        near = ", ".join(closest(parse_ref(name).name.alias, [one.ref.alias for one in scripts])) or near
    message = error.message + (f" (closest: {near})" if near else "")
    hint = error.hint or "franca find script lists what there is; franca pull repo OWNER@NAME brings more"
    return ScriptNotFound(message, where=error.where, hint=hint)
