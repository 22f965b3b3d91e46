"""Configure a cube, run its tasks, or show what would be run: request -> plan -> execute -> record."""

from __future__ import annotations

import os

from franca.cube.config import Effective, select_tasks, typed_task
from franca.cube.platform import Platform
from franca.cube.recorder import Recorder
from franca.cube.seen import REFUSED
from franca.cube.session import Session, Shown
from franca.cube.task_run import TaskRun
from franca.errors import MalformedFile, StepFailed
from franca.model.job import Command, Job, Outcome, Stage
from franca.model.light import TYPE_CHECKING
from franca.runners.process import Executor, pasteable
from franca.runners.runner import decisive_line, failure, is_hopeless, remedy

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

#: Docker's and Podman's own statuses: the engine refused, the program cannot be started, or is not there.
ENGINE_REFUSED = (REFUSED, 126, 127)


def configure(session: Session) -> None:
    """Make the image or the environment of the cube ready. Raises StepFailed with the tool's status."""
    if session.config.runner == "ssh":
        from franca.cube.delegate import delegate

        delegate(session).configure(session.executor())
        return
    found = session.platform()
    os.makedirs(session.config.workspace, exist_ok=True)
    prepared = found.base._replace(name="configure")
    image = prepared.image
    if session.config.runner == "singularity" and os.path.exists(image.name):
        session.console.note(f"the image {image.name} exists, nothing is built")
        return
    environment = found.native.container.environment if found.native else ""
    if not environment:
        found.runner.configure(prepared, session.executor())
        return
    with _alone(environment, session.console.note):
        found.runner.configure(prepared, session.executor())


def plan_configure(session: Session) -> list[str]:
    """The commands that :func:`configure` would start."""
    if session.config.runner == "ssh":
        from franca.cube.delegate import delegate

        return [pasteable(command) for command in delegate(session).configure_commands()]
    found = session.platform()
    job = found.base._replace(name="configure")
    return [pasteable(command) for command in found.runner.launcher.configure(job, found.runner.container)]


def _task_runs(session: Session, found: Platform) -> list[TaskRun]:
    """The tasks of the request; their input files are checked, in order, before anything starts."""
    names = select_tasks(session.config, session.request.tasks)
    if not session.request.tasks:
        session.console.note(f"no --task given, the only task is run: {names[0]}")
    every = tuple(typed_task(session.config, name) for name in _sound_names(session.config, names))
    runs, made = [], set[str]()
    for name in names:
        task = next(task for task in every if task.name == name)
        run = TaskRun(session, found, task, every, set(made))
        run.check_inputs()
        if session.request.profile.missing_files == "error":
            run.check_types()
        made |= {run.workspace.resolve(param.default) for param in task.outputs}
        runs.append(run)
    return runs


def _sound_names(config: Effective, wanted: tuple[str, ...]) -> list[str]:
    """Wanted tasks, and the others where their interpolations can be resolved (their outputs matter)."""
    names = []
    for name in config.definition.tree["tasks"]:
        try:
            typed_task(config, name)
        except MalformedFile:
            if name in wanted:
                raise
            continue
        names.append(name)
    return names


def run(session: Session) -> int:
    """Run the tasks of the request in order; the first failure ends it. Returns the exit status."""
    if session.config.runner == "ssh":
        from franca.cube.delegate import delegate

        select_tasks(session.config, session.request.tasks)
        return delegate(session).run(session.executor())
    if session.config.runner == "kubeflow":
        from franca.cube.pipeline import run_pipeline

        return run_pipeline(session)
    found = session.platform()
    runs = _task_runs(session, found)
    os.makedirs(session.config.workspace, exist_ok=True)
    executor = session.executor()
    ready = False
    for one in runs:
        ready = _prepare(one, executor, ready)
        one.make_directories()
        status = _execute(one, executor)
        if status:
            return status
    return 0


def _prepare(one: TaskRun, executor: Executor, ready: bool) -> bool:
    """Image, then inputs and types, then what the image lacks: a wrong parameter ends it before any pull."""
    known = one.trusted if one.found.base.image.strategy != "always" else ready
    wanted = [] if known else _wanted(one, executor)
    one.make_places()
    one.check_types()
    environment = one.found.native.container.environment if one.found.native else ""
    if wanted and environment:
        with _alone(environment, one.session.console.note):
            wanted = [stage for stage in wanted if not _present(stage, executor)]  # somebody else may have made it
            _do(wanted, executor)
    else:
        _do(wanted, executor)
    return True


def _wanted(one: TaskRun, executor: Executor) -> list[Stage]:
    """What has to be done before the image or the environment of a task is there."""
    base = one.found.base._replace(name=one.task.name)
    stages = one.found.runner.launcher.prepare(base, one.found.runner.container)
    return [stage for stage in stages if not _present(stage, executor)]


def _do(stages: list[Stage], executor: Executor) -> None:
    for command in (command for stage in stages for command in stage.commands):
        outcome = executor.run(command)
        if not outcome.ok:
            raise failure(command, outcome)


def _alone(path: str, note: Callable[[str], None]) -> AbstractContextManager[object]:
    """One process at a time makes an environment."""
    from franca.catalog.locks import locked

    os.makedirs(os.path.dirname(path), exist_ok=True)
    return locked(path + ".lock", on_wait=note)


def _present(stage: Stage, executor: Executor) -> bool:
    if stage.unless is None:
        return not stage.commands
    outcome = executor.run(stage.unless)
    if not outcome.ok and is_hopeless(outcome):
        raise failure(stage.unless, outcome)
    return outcome.ok


def _execute(one: TaskRun, executor: Executor) -> int:
    job = one.job()
    recorder = Recorder(one.session, job, pasteable(one.found.runner.steps(job).command))
    outcome = _outcome(one, job, recorder, executor)
    from franca.cube.records import broken_promises

    wrong = broken_promises(job.outputs) if outcome.ok else []
    recorder.finished(outcome)
    if not outcome.ok:
        raise _failed(one, job, outcome, recorder.log)
    for text in wrong:
        one.session.console.warn(f"task {job.name} ended with status 0, but {text}")
    if wrong and one.session.request.profile.strict:
        raise StepFailed(f"task {job.name} broke its promise: {wrong[0]}", step=job.name,
                         hint="correct the task, or run without --strict", log=recorder.log)  # fmt: skip
    return 0


def _outcome(one: TaskRun, job: Job, recorder: Recorder, executor: Executor) -> Outcome:
    """Run the job; when the engine no longer has an image that was relied on, make it and run again."""
    outcome = one.found.runner.run(job, recorder.executor())
    if one.seen is None:
        return outcome
    if not one.trusted:
        if outcome.status != REFUSED:
            one.seen.remember()
        return outcome
    if outcome.status != REFUSED:
        return outcome
    wanted = _wanted(one, executor)
    one.trusted = False
    if not wanted:
        one.seen.doubt()
        return outcome
    one.seen.forget()
    _do(wanted, executor)
    return one.found.runner.run(one.job(), recorder.executor())


def _failed(one: TaskRun, job: Job, outcome: Outcome, log: str) -> StepFailed:
    command = one.found.runner.steps(job).command
    if outcome.status == 127 and outcome.error.endswith("not found"):
        error = failure(command, outcome)
        return error if isinstance(error, StepFailed) else StepFailed(error.message, status=127, hint=error.hint)
    name = one.found.runner.name
    text = f"task {job.name} failed: {name} ended with status {outcome.status}"
    said, hint = outcome.error.strip().rpartition("\n")[2], "see what the task printed above"
    if outcome.status in ENGINE_REFUSED and job.image.name and said:
        told = [line for line in outcome.error.splitlines() if "--help'" not in line]
        said = decisive_line("\n".join(told)) or said
        hint = remedy(command.words[0], outcome.error)
    return StepFailed(text + (f" ({said})" if said else ""), step=job.name, status=outcome.status,
                      hint=hint, log=log)  # fmt: skip


def plan(session: Session) -> list[Shown]:
    """What :func:`run` would start, task by task. Nothing is changed, nothing is started."""
    if session.config.runner == "ssh":
        from franca.cube.delegate import delegate

        select_tasks(session.config, session.request.tasks)
        return delegate(session).plan()
    if session.config.runner == "kubeflow":
        from franca.cube.pipeline import plan_pipeline

        return plan_pipeline(session)
    found = session.platform()
    out = []
    seen: set[str] = set()
    for one in _task_runs(session, found):
        job = one.job(planned=True)
        steps = found.runner.steps(job)
        lines = [line for stage in steps.before for line in _stage_lines(stage) if line not in seen]
        seen.update(lines)
        lines += _copies(one)
        directories = sorted({p.directory for p in one.places() if not os.path.isdir(p.directory)})
        lines += [pasteable(Command(("mkdir", "-p", *directories)))] if directories else []
        lines += [pasteable(command) for command in steps.bring]
        lines += [pasteable(steps.command), *(pasteable(command) for command in steps.after)]
        out.append(Shown(one.task.name, tuple(lines)))
    return out


def _copies(one: TaskRun) -> list[str]:
    lines = []
    for source, target in one.workspace.copies(one.task, one.every):
        lines.append(pasteable(Command(("mkdir", "-p", os.path.dirname(target)))))
        lines.append(pasteable(Command(("cp", "-a", source, target))))
    return lines


def _stage_lines(stage: Stage) -> list[str]:
    commands = " && ".join(pasteable(command) for command in stage.commands)
    if stage.unless is None or not commands:
        return [commands] if commands else []
    return [f"{pasteable(stage.unless)} > /dev/null 2>&1 || {{ {commands}; }}"]
