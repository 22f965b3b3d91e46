"""Apptainer and Singularity (MLCube spec, section 8). The image is a file; recipes name its source."""

from __future__ import annotations

import os

from franca.errors import UsageError
from franca.model.job import Capabilities, Command, Job, Mount, Stage
from franca.model.light import NamedTuple
from franca.runners.container import check_wishes

_CAPABILITIES = Capabilities(
    image=True, mounts=True, network=True, security=True, memory=True, cpus=True, cpuset=True, gpus=True,
)  # fmt: skip


class Apptainer(NamedTuple):
    """An engine with Singularity's commands.

    ``virtual_machine`` chooses the published spelling of limits (``--vm-ram``, ``--vm-cpu``); without it
    the present engines' own (``--memory``, ``--cpus``) are used.
    """

    executable: tuple[str, ...] = ("apptainer",)
    virtual_machine: bool = False

    @property
    def name(self) -> str:
        return " ".join(self.executable)

    @property
    def capabilities(self) -> Capabilities:
        return _CAPABILITIES

    def prepare(self, job: Job) -> Stage:
        """The image file is made when it is missing, and never again (section 8)."""
        present = Command(("test", "-e", job.image.name), quiet=True, purpose=f"look for the image {job.image.name}")
        return Stage(self.configure(job), unless=present)

    def configure(self, job: Job) -> tuple[Command, ...]:
        image = job.image
        directory = os.path.dirname(image.name)
        words = (*self.executable, "build", *image.build_words, image.name, image.recipe)
        make = Command(("mkdir", "-p", directory), quiet=True, purpose=f"make {directory}")
        return (make, Command(words, directory=image.context, purpose=f"build the image {image.name}", watch=True))

    def command(self, job: Job) -> Command:
        check_wishes(job, _CAPABILITIES, self.name)
        verb = "exec" if job.entrypoint else "run"
        words = [*self.executable, verb, *job.option_words, *self._options(job)]
        for mount in job.mounts:
            words += ["--bind", _bind(mount)]
        words += [job.image.name, *job.entrypoint, *job.mounted_words()]
        return Command(
            tuple(words),
            directory=job.image.context,
            env=_environment(job, self.executable[-1]),
            purpose=f"run task {job.name}",
        )

    def _options(self, job: Job) -> list[str]:
        limits = job.limits
        memory, cpus = ("--vm-ram", "--vm-cpu") if self.virtual_machine else ("--memory", "--cpus")
        words = []
        for flag, value in (
            ("--network", job.network), ("--security", job.security), (memory, limits.memory),
            (cpus, limits.cpus), ("--cpuset-cpus", limits.cpuset),
        ):  # fmt: skip
            if value:
                words.append(f"{flag}={value}")
        if job.network and not self.virtual_machine and "--net" not in job.option_words:
            words.insert(0, "--net")
        if limits.gpus:
            words.append("--nv")
        return [*words, "--pwd", job.directory] if job.directory else words


def _environment(job: Job, program: str) -> tuple[tuple[str, str], ...]:
    """Variables for the container, and none of them (nor of the words) evaluated by a shell in there."""
    family = "APPTAINER" if "apptainer" in program else "SINGULARITY"
    env = [(f"{family}_NO_EVAL", "1")]
    env += [(f"{family}ENV_{key}", value) for key, value in job.env]
    if job.limits.gpus.startswith("device="):
        env.append((f"{family}ENV_CUDA_VISIBLE_DEVICES", job.limits.gpus.removeprefix("device=")))
    return tuple(env)


def _bind(mount: Mount) -> str:
    if ":" in mount.source or "," in mount.source:
        raise UsageError(
            f"the engine cannot bind {mount.source!r}: its path holds a colon or a comma", hint="rename the directory"
        )
    return f"{mount.source}:{mount.target}" + (f":{mount.mode}" if mount.mode else "")


def is_source(text: str) -> bool:
    """Whether a recipe names an image elsewhere in place of a recipe file."""
    return text.startswith(("docker://", "docker-archive:", "docker-daemon:", "library://", "oras://", "shub://"))


def image_file_name(image: str) -> str:
    """Letters and digits of a docker image's name, as a file name: ``org/c:1`` -> ``orgc1.sif``."""
    return "".join(c for c in image if c.isascii() and c.isalnum()) + ".sif"
