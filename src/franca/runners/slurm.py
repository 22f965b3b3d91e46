"""A Slurm cluster: every command as a job step of ``srun``, or the job as a batch script.

Files are shared: the planning machine's paths are the compute node's.
"""

from __future__ import annotations

from franca.errors import UsageError
from franca.grammar.shell import command_line
from franca.model.job import Capabilities, Command, Job, Limits, Stage
from franca.model.light import NamedTuple
from franca.runners.container import Container
from franca.runners.launcher import Steps


class Slurm(NamedTuple):
    """A launcher.

    Args:
        batch: submit with ``sbatch --wait`` in place of ``srun``; output goes to ``log``.
        time: limit in Slurm's own notation; the job's limit comes first.
        further: words for srun or sbatch as they are.
    """

    partition: str = ""
    account: str = ""
    time: str = ""
    gres: str = ""
    further: tuple[str, ...] = ()
    batch: bool = False
    log: str = "slurm-%x.log"
    srun: tuple[str, ...] = ("srun",)
    sbatch: tuple[str, ...] = ("sbatch",)

    @property
    def name(self) -> str:
        return "slurm"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(memory=True, cpus=True, gpus=True, time=True)

    def steps(self, job: Job, container: Container) -> Steps:
        command = container.command(self._inner(job, container))
        if not self.batch:
            return Steps(self.prepare(job, container), self._step(command, job))
        log = self.log.replace("%x", _job_name(job))
        show = Command(("cat", log), directory=command.directory, purpose="show the job's output")
        cancel = Command(("scancel", f"--name={_job_name(job)}"), quiet=True, purpose="cancel the job")
        return Steps(self.prepare(job, container), self._batch(command, job, log), after=(show,), stop=(cancel,))

    def prepare(self, job: Job, container: Container) -> tuple[Stage, ...]:
        """On a node, where the image will be used."""
        stage = container.prepare(job)
        plain = job._replace(limits=Limits())
        unless = self._step(stage.unless, plain) if stage.unless else None
        return (Stage(tuple(self._step(command, plain) for command in stage.commands), unless),)

    def configure(self, job: Job, container: Container) -> tuple[Command, ...]:
        plain = job._replace(limits=Limits())
        return tuple(self._step(command, plain) for command in container.configure(job))

    def _inner(self, job: Job, container: Container) -> Job:
        """What Slurm grants is not asked of a container that cannot give it."""
        able = container.capabilities
        limits = job.limits
        kept = limits._replace(
            seconds=0,
            memory=limits.memory if able.memory else "",
            cpus=limits.cpus if able.cpus else "",
            cpuset=limits.cpuset if able.cpuset else "",
            gpus=limits.gpus if able.gpus else "",
        )
        return job._replace(limits=kept)

    def _step(self, command: Command, job: Job) -> Command:
        return command._replace(words=(*self.srun, *self._options(job), *command.words))

    def _batch(self, command: Command, job: Job, log: str) -> Command:
        env = [f"{key}={value}" for key, value in command.env]
        line = command_line(("env", *env, *command.words) if env else command.words)
        words = (*self.sbatch, "--wait", "--quiet", f"--output={log}", *self._options(job))
        script = f"#!/bin/sh\nexec {line}\n"
        return Command(words, directory=command.directory, stdin=script, purpose=command.purpose)

    def _options(self, job: Job) -> list[str]:
        words = [f"--job-name={_job_name(job)}"]
        limits = job.limits
        time = f"{max(1, -(-limits.seconds // 60))}" if limits.seconds else self.time
        for flag, value in (
            ("--partition", self.partition), ("--account", self.account), ("--time", time),
            ("--mem", limits.memory.upper().removesuffix("B")), ("--cpus-per-task", _processors(limits)),
            ("--gres", self.gres or _gres(limits.gpus)),
        ):  # fmt: skip
            if value:
                words.append(f"{flag}={value}")
        return [*words, *self.further]


def _job_name(job: Job) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in job.name) or "franca"


def _processors(limits: Limits) -> str:
    """A count; a set of indices becomes its size, because Slurm chooses the processors."""
    try:
        if limits.cpus:
            return str(int(-(-float(limits.cpus) // 1)))
        ranges = [part.partition("-") for part in limits.cpuset.split(",") if limits.cpuset]
        count = sum(int(last or first) - int(first) + 1 for first, _, last in ranges)
    except (ValueError, OverflowError):
        wanted = limits.cpus or limits.cpuset
        raise UsageError(f"--cpu={wanted}: expected a number or indices as 0-3,8") from None
    return str(count) if count else ""


def _gres(gpus: str) -> str:
    if not gpus:
        return ""
    if gpus.isdigit():
        return f"gpu:{gpus}"
    if gpus == "all":
        return "gpu"
    raise UsageError("Slurm chooses the GPUs itself; a device list cannot be given", hint="--gpus=COUNT")
