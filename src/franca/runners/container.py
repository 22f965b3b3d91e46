"""The interface of a container: how a job becomes the command of an engine."""

from __future__ import annotations

from franca.errors import UsageError
from franca.model.job import Capabilities, Command, Job, Stage
from franca.model.light import Protocol


class Container(Protocol):
    """An engine. Gives commands and starts none; the same answers for a dry run and a real one."""

    @property
    def name(self) -> str:
        """For messages: ``docker``, ``sudo podman``, ``apptainer``."""

    @property
    def capabilities(self) -> Capabilities: ...

    def prepare(self, job: Job) -> Stage:
        """What makes the job's image present; ``Stage.unless`` tells when nothing has to be done."""

    def configure(self, job: Job) -> tuple[Command, ...]:
        """Pull or build the image without asking whether it is there (``configure`` of a cube)."""

    def command(self, job: Job) -> Command:
        """The command that runs the job to its end and has its exit status."""


def check_wishes(job: Job, capabilities: Capabilities, name: str) -> None:
    """Refuse what the engine cannot do. Raises UsageError naming the wish."""
    limits = job.limits
    wishes = (
        ("a network setting", job.network, capabilities.network),
        ("a security setting", job.security, capabilities.security),
        ("a memory limit", limits.memory, capabilities.memory),
        ("a processor limit", limits.cpus, capabilities.cpus),
        ("a processor set", limits.cpuset, capabilities.cpuset),
        ("GPUs", limits.gpus, capabilities.gpus),
        ("a time limit", limits.seconds, capabilities.time),
    )
    for wish, wanted, able in wishes:
        if wanted and not able:
            raise UsageError(f"{name} cannot give {job.name} {wish} ({wanted})", hint="leave it out, or use docker")


def checked_gpus(text: str) -> str:
    """``""`` (none), ``all``, ``N`` or ``device=A,B`` (MLCube spec, section 7); a bare list is a device list.

    Raises UsageError for any other form.
    """
    value = text.strip()
    if value in ("", "0", "none") or (value.startswith("-") and value[1:].isdigit()):
        return ""
    if value == "all" or value.isdigit():
        return value
    devices = value.removeprefix("device=")
    names = devices.split(",")
    plain = all(name and not set(name) - _DEVICE for name in names)
    if plain and (value != devices or (len(names) > 1 and all(name.isdigit() for name in names))):
        return "device=" + devices
    raise UsageError(f"--gpus={text}: expected all, a count, or device=0,1 (indices or UUIDs)")


_DEVICE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_:.")
