"""The interface of a launcher, and the local one. A launcher and a container together are a runner."""

from __future__ import annotations

from franca.model.job import Capabilities, Command, Job, Stage
from franca.model.light import NamedTuple, Protocol
from franca.runners.container import Container


class Steps(NamedTuple):
    """Everything that running one job starts, in order."""

    before: tuple[Stage, ...]  #: image or environment
    command: Command  #: its exit status is the job's
    bring: tuple[Command, ...] = ()  #: input files, before the command
    after: tuple[Command, ...] = ()  #: bring results back; done even when the command failed
    stop: tuple[Command, ...] = ()  #: end what goes on elsewhere when we are interrupted


class Launcher(Protocol):
    """A place to run. Gives commands and starts none."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def steps(self, job: Job, container: Container) -> Steps: ...

    def configure(self, job: Job, container: Container) -> tuple[Command, ...]: ...

    def prepare(self, job: Job, container: Container) -> tuple[Stage, ...]:
        """The stages that need nothing of the job but its image."""


class Local(NamedTuple):
    """This machine."""

    @property
    def name(self) -> str:
        return "local"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(time=True)

    def steps(self, job: Job, container: Container) -> Steps:
        return Steps(self.prepare(job, container), container.command(job))

    def prepare(self, job: Job, container: Container) -> tuple[Stage, ...]:
        return (container.prepare(job),)

    def configure(self, job: Job, container: Container) -> tuple[Command, ...]:
        return container.configure(job)
