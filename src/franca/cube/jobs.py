"""A cube's task as a job: words, mounts, image and wishes (MLCube spec, sections 6 to 8)."""

from __future__ import annotations

import os

from franca.cube.config import command_words
from franca.cube.workspace import Place
from franca.errors import Location, MalformedFile, UsageError
from franca.model.cube import FILE, Cube, Task
from franca.model.job import Expected, Job, Mount, PathWord, Word
from franca.model.light import TYPE_CHECKING, Any, NamedTuple
from franca.runners.apptainer import Apptainer
from franca.runners.container import Container, checked_gpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Warn = Callable[[str], None]


class Access(NamedTuple):
    """How a task sees its inputs."""

    forced: str = ""  #: the mode that ``--mount`` gives all of them
    usual: str = ""  #: the mode of those that ask for none
    alone: bool = False  #: an input file is mounted without the files beside it

    def mode(self, place: Place) -> str:
        return place.param.mode if place.param.output else self.forced or place.param.mode or self.usual


def io_mounts(places: Iterable[Place], access: Access, warn: Warn) -> tuple[Mount, ...]:
    """One mount per host directory, in order of first use: ``/mlcube_io0``, ``/mlcube_io1``, ... (section 6)."""
    asked: dict[str, list[str]] = {}
    quiet_outputs: set[str] = set()
    places = tuple(places)
    made = {place.path for place in places if place.param.output}
    files: set[str] = set()  # mounted alone
    for place in places:
        alone = access.alone and place.type == FILE and place.path not in made and os.path.isfile(place.path)
        files |= {place.path} if alone else set()
        modes = asked.setdefault(place.path if alone else place.directory, [])
        mode = access.mode(place)
        if mode:
            modes.append(mode)
        elif place.param.output:
            quiet_outputs.add(place.directory)
        if mode == "ro" and place.param.output:
            warn(f"output {place.param.name} is mounted read-only (opts: ro)")
    return tuple(
        Mount(
            source, f"/mlcube_io{index}" + (f"/{os.path.basename(source)}" if source in files else ""),
            _mode(source, modes, source in quiet_outputs, warn),
        )
        for index, (source, modes) in enumerate(asked.items())
    )  # fmt: skip


def _mode(directory: str, modes: list[str], has_output: bool, warn: Warn) -> str:
    """Conflicts end in rw: an output that cannot be written is never wanted."""
    if "ro" in modes and ("rw" in modes or has_output):
        warn(f"{directory} is wanted read-only and writable; it is mounted rw")
        return "rw"
    return modes[0] if modes else ""


def fixed_mounts(places: Iterable[Place]) -> tuple[Mount, ...]:
    """The mounts of a container_config.yaml: inputs ro, outputs rw, each at its declared path."""
    return tuple(Mount(p.path, p.param.target, "rw" if p.param.output else "ro") for p in places)


def claim_mounts(places: Iterable[Place], workspace: str, target: str) -> tuple[Mount, ...]:
    """The one mount of a cluster: a volume claim that holds the workspace (section 10)."""
    for place in places:
        if place.path != workspace and not place.path.startswith(workspace + "/"):
            raise UsageError(
                f"parameter {place.param.name} lies outside the workspace ({place.path}); "
                "on a cluster only the volume claim is visible",
                hint="give a path relative to the workspace",
            )
    return (Mount(workspace, target),)


def task_words(task: Task, places: Iterable[Place], fixed: bool, where: Location) -> tuple[Word, ...]:
    """``TASK --NAME=PATH ...``; without the task name when the task has an entry point (section 1)."""
    if fixed:
        command = str(task.options.get("command") or "")
        return command_words(command, where)
    words: list[Word] = [] if task.entrypoint else [task.name]
    return (*words, *(PathWord(f"--{place.param.name}=", place.path) for place in places))


def task_job(
    cube: Cube, task: Task, where: Location, places: tuple[Place, ...], base: Job, mounts: tuple[Mount, ...]
) -> Job:
    """``base`` (image, options, wishes) filled with what the task is."""
    entrypoint = command_words(task.entrypoint, where) if task.entrypoint else ()
    if cube.fixed_paths and task.options.get("entrypoint"):
        entrypoint = command_words(str(task.options["entrypoint"]), where)
    return base._replace(
        name=task.name,
        words=task_words(task, places, cube.fixed_paths, where),
        entrypoint=entrypoint,
        mounts=mounts,
        inputs=tuple(place.path for place in places if not place.param.output),
        outputs=tuple(
            Expected(place.param.name, place.path, place.type == "directory") for place in places if place.param.output
        ),
    )


def with_run_arguments(job: Job, options: dict[str, Any], container: Container, where: Location) -> Job:
    """A container_config.yaml task's ``run_args``; without them the network is off and the user is the caller
    (MLCube spec, section 15). Apptainer shares neither variables nor places with the host then, and has no use
    for a size of shared memory and for ports."""
    environment = options.get("environment") or {}
    if not isinstance(environment, dict):
        raise MalformedFile("run_args.environment must be a map", where=where)
    words = job.option_words
    if isinstance(container, Apptainer):
        words += ("--cleanenv", "--containall")
    elif options.get("shm_size"):
        words += (f"--shm-size={options['shm_size']}",)
    for port in [] if isinstance(container, Apptainer) else _listed(options.get("ports")):
        words += ("-p", str(port))
    gpus = job.limits.gpus or checked_gpus(str(options.get("gpus") or ""))
    return job._replace(
        env=(*job.env, *((str(key), str(value)) for key, value in environment.items())),
        option_words=words,
        limits=job.limits._replace(gpus=gpus),
        network=job.network or "none",
        user=job.user or caller(),
        remove=True,
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def caller() -> str:
    """``UID:GID`` of the process."""
    return f"{os.getuid()}:{os.getgid()}"
