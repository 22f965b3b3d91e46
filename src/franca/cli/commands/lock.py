"""runs, show run, replay, lock, and run --locked."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager

from franca.cli.commands.run_inputs import inputs_of, level_of
from franca.cli.output import Answer, Table, columns_of, plain
from franca.cli.parsing import Bound
from franca.cli.screen import Level, line_of, screen, seconds
from franca.cli.session import Session
from franca.errors import MalformedFile, UsageError
from franca.model import event as ev
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from franca.engine import Engine
    from franca.engine.lock import Lock
    from franca.engine.replay import Difference, RunSummary
    from franca.planner.diff import Line
    from franca.planner.history import PastStep


# ---- runs and show run -------------------------------------------------------------------------------


def runs(bound: Bound, session: Session) -> Answer:
    from franca.engine.replay import list_runs

    limit = _whole(bound.text("limit", "20"), "--limit")
    found = [r for r in list_runs(session.catalog.root) if all(w in r.command for w in bound.words)]
    shown = found[:limit] if limit else found
    rows = tuple(
        (r.run, _clock(r.started), _state(r), seconds(r.seconds) if r.seconds else "", r.command) for r in shown
    )
    return Answer(
        {"runs": shown, "total": len(found)}, table=Table(("run", "started", "status", "took", "command"), rows)
    )


def _whole(text: str, flag: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"{flag}={text} is not a whole number")
    return int(text)


def _clock(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _state(run: RunSummary) -> str:
    from franca.engine.replay import GOING_ON

    if run.status == GOING_ON:
        return "no end"
    return "ok" if run.status == 0 else f"failed ({run.status})"


def show_run(bound: Bound, session: Session) -> Answer:
    from franca.engine.replay import events_of, find_run, logs_of
    from franca.model.record import fields_of
    from franca.planner.history import steps_of

    run = find_run(session.catalog.root, _one_run(bound))
    events = events_of(run)
    steps, logs = steps_of(events), logs_of(run)
    head = [
        ("run", run.run), ("command", plain(run.command)), ("started", _clock(run.started)), ("status", _state(run)),
        ("took", seconds(run.seconds)), ("error", plain(run.error)), ("journal", run.folder),
    ]  # fmt: skip
    lines = [*columns_of([(name, value) for name, value in head if value]), ""]
    lines += _timeline(events) if bound.flag("verbose") else [_step_line(step) for step in steps]
    lines += ["", *(f"log: {path}" for path in logs)] if logs else []
    told = [{"event": event.event, **fields_of(event)} for event in events]
    return Answer({"run": run, "steps": steps, "events": told, "logs": logs}, tuple(lines))


def _one_run(bound: Bound) -> str:
    words = [w for n, w in enumerate(bound.words) if n or w not in ("run", "runs")]
    if len(words) > 1:
        raise UsageError(f"one run at a time: {', '.join(words)} were given")
    return words[0] if words else "last"


def _step_line(step: PastStep) -> str:
    mark = {"reuse": "=", "skip": "-", "fail": "!"}.get(step.action, ">")
    version = f"  version {step.version}" if step.version else ""
    took = f"  {seconds(step.seconds)}" if step.seconds >= 0.005 else ""
    return f"{'  ' * (len(step.path) - 1)}{mark} {plain(step.label)}{plain(version)}{took}"


def _timeline(events: tuple[ev.Event, ...]) -> list[str]:
    """Every event with its time since the start."""
    start = events[0].at if events else 0.0
    lines = []
    for event in events:
        line = line_of(event, Level.VERBOSE)
        text = line.text if line else _event_text(event)
        if text:
            lines.append(f"{event.at - start:9.3f}  {'  ' * event.depth}{plain(text.strip())}")
    return lines


def _event_text(event: ev.Event) -> str:
    if isinstance(event, ev.StepFinished):
        return f"{event.step} done"
    if isinstance(event, ev.StepErred):
        return f"failed: {event.error}"
    return f"end of the run, status {event.status}" if isinstance(event, ev.RunFinished) else ""


# ---- replay ------------------------------------------------------------------------------------------


def replay(bound: Bound, session: Session) -> Answer:
    from franca.engine.replay import find_run
    from franca.engine.replay import replay as again

    run = find_run(session.catalog.root, _one_run(bound))
    session.output.note(f"repeats: {plain(run.command)}")
    with watched(bound, session) as engine:
        done = again(engine, run, explain=bound.flag("explain"), fresh=bound.flag("new"), more=bound.inputs)
    data = {
        "earlier": run, "run": done.result.run, "journal": done.result.journal,
        "differences": done.differences, "new_env": done.result.new_env,
    }  # fmt: skip
    if not done.differences:
        return Answer(data, (f"the same as {run.run}: steps, versions and exported values",))
    lines = [f"differences from {run.run}: {len(done.differences)}"]
    for one in done.differences:
        lines += _difference(one)
    return Answer(data, tuple(lines), status=1)


def _difference(one: Difference) -> list[str]:
    lines = [f"  {one.kind}: {plain(one.where)}: {plain(one.before) or '(none)'} -> {plain(one.after) or '(none)'}"]
    return [*lines, f"    because {plain(one.because)}"] if one.because else lines


@contextmanager
def watched(bound: Bound, session: Session) -> Iterator[Engine]:
    """An engine whose events show on the screen, with standard output kept for the answer."""
    show = screen(session.output, level_of(bound))
    session.before_asking = show.close
    try:
        with session.output.reserved():
            yield session.engine(show)
    finally:
        show.close()


# ---- lock --------------------------------------------------------------------------------------------


def lock(bound: Bound, session: Session) -> Answer:
    from franca.engine import lock as locks

    inputs = inputs_of(bound, session)
    inputs.pop("lock_file", None)
    path = bound.text("lock_file", locks.DEFAULT_NAME)
    with watched(bound, session) as engine:
        made = locks.make(engine, inputs)
    locks.write(made, path)
    return Answer({"lock": made, "path": os.path.abspath(path)}, tuple(_lock_lines(made, path)))


def _lock_lines(made: Lock, path: str) -> list[str]:
    versions = sum(1 for step in made.steps if step.version)
    sources = sum(len(step.sources) for step in made.steps)
    bare = [s.url for step in made.steps for s in step.sources if not (s.checksum or s.commit)]
    lines = [
        f"{path}: {len(made.steps)} steps, {versions} with a version, {len(made.pins)} names pinned, "
        f"{len(made.repositories)} repositories, {sources} addresses"
    ]
    lines += [f"  not pinned: {name}: {why}" for name, why in made.unpinned.items()]
    lines += [f"  no checksum: {plain(url)}" for url in dict.fromkeys(bare)]
    lines += [f"  changed since its commit: {r.alias}" for r in made.repositories if r.dirty]
    return lines


def lock_file(bound: Bound) -> str:
    """The lock that ``--locked``, ``--locked=FILE`` or ``--locked FILE`` names; empty without the option."""
    value = bound.options.get("locked")
    if value is None or value is False:
        return ""
    if isinstance(value, str):
        return value
    from franca.engine.lock import DEFAULT_NAME

    named = [word for word in bound.words if word.endswith(".lock") or os.path.isfile(word)]
    return named[0] if named else DEFAULT_NAME


def locked_inputs(path: str, bound: Bound, session: Session) -> tuple[Lock, dict[str, Any]]:
    """The request of a lock with its versions, once everything is found to be as it was.

    Raises:
        UsageError: the command line asks for something else as well.
        NotFound, Conflict, MalformedFile: see ``franca.engine.lock.check``.
    """
    from franca.engine import lock as locks

    known = locks.read(path)
    words = [word for word in bound.words if word != path]
    if words or bound.text("tags"):
        raise UsageError(
            f"the lock {path} has its own request ({known.command}); give no other with --locked",
            hint=f"franca run --locked={path}",
        )
    locks.check(known, session.catalog)
    more = {k: v for k, v in {**bound.inputs, **bound.options}.items() if k not in ("locked", "json")}
    return known, locks.pinned(known, more)


# ---- plan --diff -------------------------------------------------------------------------------------


def earlier_lines(name: str, session: Session) -> tuple[tuple[Line, ...], str]:
    """The steps of an earlier run or of a stored plan, and what to call it."""
    from franca.planner.diff import lines_of_plan, lines_of_run
    from franca.planner.history import steps_of

    if name.endswith(".json"):
        return lines_of_plan(_stored_plan(name)), name
    from franca.engine.replay import events_of, find_run

    run = find_run(session.catalog.root, name)
    return lines_of_run(steps_of(events_of(run))), f"run {run.run}"


def _stored_plan(path: str) -> Any:
    """The plan in a file: of ``franca plan --json``, or the plan alone. Raises NotFound, MalformedFile."""
    from franca.catalog.files import read_json
    from franca.errors import Location
    from franca.model.plan import Plan
    from franca.model.typed import convert

    data = read_json(path)
    if isinstance(data, dict) and "plan" in data:
        data = data["plan"]
    try:
        return convert(data, Plan)
    except ValueError as error:
        raise MalformedFile(
            f"not a plan: {error}", where=Location(path), hint="make one: franca plan ... --json"
        ) from None
