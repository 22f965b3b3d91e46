"""One task of a request, on its way from parameters to a job."""

from __future__ import annotations

import os

from franca.cube.definition import cube_name
from franca.cube.jobs import Access, claim_mounts, fixed_mounts, io_mounts, task_job, with_run_arguments
from franca.cube.platform import Platform
from franca.cube.seen import seen_image
from franca.cube.session import Session
from franca.cube.workspace import (
    Place,
    check_mode,
    check_types,
    copy_inputs,
    is_made,
    make_directories,
    missing_error,
    missing_files,
)
from franca.model.cube import DIRECTORY, FILE, UNKNOWN, Cube, Task
from franca.model.job import Job


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
