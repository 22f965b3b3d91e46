"""Configure a cube, run its tasks, or show what would be run: request -> plan -> execute -> record."""

from __future__ import annotations

import os

from franca.cube.config import Effective, effective, select_tasks, typed_cube, typed_task
from franca.cube.definition import cube_name
from franca.cube.jobs import Access, claim_mounts, fixed_mounts, io_mounts, task_job, with_run_arguments
from franca.cube.platforms import Platform, platform
from franca.cube.recorder import Recorder
from franca.cube.request import Request
from franca.cube.seen import REFUSED, seen_image
from franca.cube.settings import Settings, load_settings
from franca.cube.sources import resolve_cube
from franca.cube.workspace import (
    Place,
    Workspace,
    check_mode,
    check_types,
    copy_inputs,
    is_made,
    make_directories,
    missing_error,
    missing_files,
)
from franca.errors import MalformedFile, StepFailed
from franca.model.cube import DIRECTORY, FILE, UNKNOWN, Cube, Task
from franca.model.job import Command, Job, Outcome, Stage
from franca.model.light import TYPE_CHECKING, NamedTuple
from franca.runners.process import Executor, Processes, pasteable
from franca.runners.runner import decisive_line, failure, is_hopeless, remedy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from franca.cube.jobs import Warn

#: Docker's and Podman's own statuses: the engine refused, the program cannot be started, or is not there.
ENGINE_REFUSED = (REFUSED, 126, 127)


class Console(NamedTuple):
    """How a command talks: results on stdout, warnings and notes on stderr."""

    say: Callable[[str], None]
    warn: Warn
    note: Callable[[str], None]  #: progress, shown at log level info


class Session:
    """One request about one cube, with everything read that it needs.

    Raises (on construction): NotFound, MalformedFile, UsageError, Unavailable.
    """

    def __init__(self, request: Request, environ: Mapping[str, str], console: Console, directory: str = "") -> None:
        self.request = request
        self.environ = environ
        self.console = console
        here = directory or os.getcwd()
        path = resolve_cube(request.cube, here, environ, offline=request.offline)
        self.settings: Settings = load_settings(environ)
        self.config: Effective = effective(request, path, self.settings, environ, here)
        for warning in self.config.warnings:
            console.note(warning)

    def executor(self) -> Executor:
        return Processes(self.environ, say=self.console.note)

    def workspace(self) -> Workspace:
        return Workspace(self.config.workspace, os.path.join(self.config.root, "workspace"), self.environ)

    def platform(self) -> Platform:
        found = platform(self.config, self.request, self.environ)
        for warning in found.warnings:
            self.console.warn(warning)
        return found

    def cube(self) -> Cube:
        return typed_cube(self.config)


def configure(session: Session) -> None:
    """Make the image or the environment of the cube ready. Raises StepFailed with the tool's status."""
    if session.config.runner == "ssh":
        from franca.cube.remote import delegate

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
        from franca.cube.remote import delegate

        return [pasteable(command) for command in delegate(session).configure_commands()]
    found = session.platform()
    job = found.base._replace(name="configure")
    return [pasteable(command) for command in found.runner.launcher.configure(job, found.runner.container)]


class TaskRun:
    """One task of a request, on its way from parameters to commands."""

    def __init__(self, session: Session, found: Platform, task: Task, every: tuple[Task, ...], made: set[str]) -> None:
        self.session = session
        self.found = found
        self.task = task
        self.every = every
        self.made = made
        self.workspace = session.workspace()
        self.seen = seen_image(found, session.request.profile, session.environ)
        self.trusted = self.seen is not None and self.seen.trusted()
        self.cube = Cube(
            session.config.root, session.config.definition.path, cube_name(session.config.tree), "",
            every, "container_config" in session.config.tree,
        )  # fmt: skip

    def places(self) -> tuple[Place, ...]:
        return self.workspace.places(self.task)

    def check_inputs(self) -> None:
        """Missing input files are an error before anything is started; see Profile.missing_files."""
        missing = missing_files(self.task, self.places(), self.workspace, self.made)
        for place in missing:
            lenient = self.session.request.profile.missing_files == "lenient"
            if self.session.request.keep_going_without_files or (
                lenient and not os.path.isdir(os.path.dirname(place.path))
            ):
                self.session.console.warn(str(missing_error(self.task, place)))
            else:
                raise missing_error(self.task, place)

    def check_types(self) -> None:
        places = self.places()
        unmade = [p for p in places if p.type != UNKNOWN or p.param.output or not is_made(p.path, self.made)]
        check_types(self.task, unmade)

    def job(self, *, planned: bool = False) -> Job:
        """The task as a job; raises UsageError when a type is not known by now.

        Args:
            planned: what an earlier task of the request will make is not there yet; its type is read off its
                name (with an extension a file, otherwise a directory).
        """
        places = self.places()
        if planned:
            places = tuple(_expected(place) if is_made(place.path, self.made) else place for place in places)
        check_types(self.task, places)
        if self.found.claim:
            mounts = claim_mounts(places, self.workspace.path, self.found.claim)
        elif self.cube.fixed_paths:
            mounts = fixed_mounts(places)
        elif self.found.runner.container.capabilities.mounts:
            mounts = io_mounts(places, self._access(), self.session.console.warn)
        else:
            mounts = ()
        where = self.session.config.where(("tasks", self.task.name))
        job = task_job(self.cube, self.task, where, places, self.found.base, mounts)
        if self.trusted:
            job = job._replace(image=job.image._replace(seen=True))
        if self.cube.fixed_paths:
            job = with_run_arguments(job, self.task.options, self.found.runner.container, where)
        return _native(job, self.found, self.task)

    def _access(self) -> Access:
        """Inputs are read-only in the strict profile, unless they ask for something else (section 16)."""
        request = self.session.request
        forced = check_mode(self.session.config.text("--mount_opts"), "--mount")
        usual = "ro" if request.profile.strict or request.isolate else ""
        return Access(forced, usual, request.isolate)

    def make_places(self) -> None:
        copies = self.workspace.copies(self.task, self.every)
        copy_inputs(copies)
        for source, target in copies:
            self.session.console.note(f"copied {source} to {target}")

    def make_directories(self) -> None:
        places = self.places()
        make_directories(places, self.session.console.warn)
        if self.cube.fixed_paths:
            for place in places:
                if place.param.output and place.type == "file" and not os.path.exists(place.path):
                    open(place.path, "a").close()


def _expected(place: Place) -> Place:
    if place.type != UNKNOWN or place.param.output:
        return place
    return place._replace(type=FILE if os.path.splitext(place.path)[1] else DIRECTORY)


def _native(job: Job, found: Platform, task: Task) -> Job:
    if found.native is None:
        return job
    entrypoint = found.native.words(job.entrypoint) if task.entrypoint else found.base.entrypoint
    return job._replace(entrypoint=entrypoint)


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
        from franca.cube.remote import delegate

        select_tasks(session.config, session.request.tasks)
        return delegate(session).run(session.executor())
    if session.config.runner == "kubeflow":
        from franca.cube.clusters import run_pipeline

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


class Shown(NamedTuple):
    """A task of a plan: the stages before it and its commands, exactly as they would be started."""

    task: str
    lines: tuple[str, ...]


def plan(session: Session) -> list[Shown]:
    """What :func:`run` would start, task by task. Nothing is changed, nothing is started."""
    if session.config.runner == "ssh":
        from franca.cube.remote import delegate

        select_tasks(session.config, session.request.tasks)
        return delegate(session).plan()
    if session.config.runner == "kubeflow":
        from franca.cube.clusters import plan_pipeline

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
