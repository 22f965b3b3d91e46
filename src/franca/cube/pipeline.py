"""All tasks of a cube as one Kubeflow pipeline."""

from __future__ import annotations

from franca.catalog.marked import dump
from franca.cube.config import select_tasks, typed_cube
from franca.cube.files import write_atomic
from franca.cube.platform import Platform
from franca.cube.session import Session, Shown
from franca.cube.task_run import TaskRun
from franca.model.job import Command, Job
from franca.model.light import Any
from franca.runners.kubeflow import Kubeflow
from franca.runners.process import pasteable
from franca.runners.runner import failure


def pipeline_jobs(session: Session) -> tuple[Platform, tuple[Job, ...]]:
    """The jobs of a Kubeflow run: the tasks asked for, or all of them in file order."""
    found = session.platform()
    wanted = session.request.tasks or tuple(session.config.definition.tree["tasks"])
    every = typed_cube(session.config).tasks
    names = select_tasks(session.config, wanted)
    runs = [TaskRun(session, found, task, every, set()) for name in names for task in every if task.name == name]
    return found, tuple(run.job() for run in runs)


def _package(launcher: Kubeflow, jobs: tuple[Job, ...]) -> str:
    return dump(launcher.pipeline(jobs)) + "---\n" + dump(launcher.platform(jobs))


def run_pipeline(session: Session) -> int:
    """Write the pipeline and submit it. Returns 0; the pipeline goes on in the cluster."""
    found, jobs = pipeline_jobs(session)
    launcher: Any = found.runner.launcher
    write_atomic(launcher.package, _package(launcher, jobs))
    session.console.note(f"wrote {launcher.package}")
    outcome = session.executor().run(launcher.submit())
    if not outcome.ok:
        raise failure(launcher.submit(), outcome)
    return 0


def plan_pipeline(session: Session) -> list[Shown]:
    found, jobs = pipeline_jobs(session)
    launcher: Any = found.runner.launcher
    write = Command(("tee", launcher.package), stdin=_package(launcher, jobs))
    return [Shown(", ".join(job.name for job in jobs), (pasteable(write), pasteable(launcher.submit())))]
