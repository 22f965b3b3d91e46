"""A runner: a launcher and a container. Plans a job as commands, and runs them."""

from __future__ import annotations

from franca.errors import StepFailed, Unavailable
from franca.model.job import Command, Job, Outcome, Stage
from franca.model.light import NamedTuple
from franca.runners.container import Container
from franca.runners.launcher import Launcher, Steps
from franca.runners.process import NOT_FOUND, Executor


class Runner(NamedTuple):
    """The product of a place and a wrapping: every combination of the two works the same way."""

    launcher: Launcher
    container: Container

    @property
    def name(self) -> str:
        if self.launcher.name == "local":
            return self.container.name
        return f"{self.launcher.name}+{self.container.name}"

    def steps(self, job: Job) -> Steps:
        """What :meth:`run` would start. Raises UsageError for wishes that cannot be met."""
        return self.launcher.steps(job, self.container)

    def configure(self, job: Job, executor: Executor) -> None:
        """Make the job's image or environment. Raises StepFailed with the tool's status."""
        for command in self.launcher.configure(job, self.container):
            _must(command, executor)

    def prepare(self, job: Job, executor: Executor) -> None:
        for stage in self.steps(job).before:
            run_stage(stage, executor)

    def run(self, job: Job, executor: Executor) -> Outcome:
        """Run the job, whose image is prepared; results are brought back whatever its status is.

        Raises:
            StepFailed: its files could not be brought; its status is the tool's.
        """
        special = getattr(self.launcher, "run", None)
        if special is not None:
            outcome: Outcome = special(job, self.container, executor)
            return outcome
        steps = self.steps(job)
        for command in steps.bring:
            _must(command, executor)
        return run_job(steps, job, executor)


def run_stage(stage: Stage, executor: Executor) -> None:
    """Do what the stage is for, unless it is done already."""
    if stage.unless is not None and executor.run(stage.unless).ok:
        return
    for command in stage.commands:
        _must(command, executor)


def run_job(steps: Steps, job: Job, executor: Executor) -> Outcome:
    """The job's command and what comes after it. On an interruption the ``stop`` commands run first."""
    try:
        outcome = executor.run(steps.command, job.limits.seconds)
    except KeyboardInterrupt:
        for command in steps.stop:
            executor.run(command)
        raise
    if outcome.status == 124 and job.limits.seconds:
        for command in steps.stop:
            executor.run(command)
    for command in steps.after:
        after = executor.run(command)
        if outcome.ok and not after.ok:
            raise failure(command, after)
    return outcome


def _must(command: Command, executor: Executor) -> None:
    outcome = executor.run(command)
    if not outcome.ok:
        raise failure(command, outcome)


def failure(command: Command, outcome: Outcome) -> StepFailed | Unavailable:
    """The error for a command that failed: what it was for, how it ended, what to do."""
    program = command.words[0]
    if outcome.status == NOT_FOUND and outcome.error.endswith("not found"):
        hint = _INSTALL.get(_base(program), f"install {_base(program)}, or correct its name")
        error = Unavailable(f"cannot {command.purpose}: {outcome.error}", hint=hint)
        error.status = NOT_FOUND
        return error
    said = decisive_line(outcome.error)
    return StepFailed(
        f"cannot {command.purpose}: {program} ended with status {outcome.status}{': ' + said if said else ''}",
        step=command.purpose, status=outcome.status, hint=remedy(program, outcome.error),
    )  # fmt: skip


def decisive_line(said: str) -> str:
    """The line of an engine's messages that says why it refused: one with a known reason, else the last.

    Engines may print what follows from the reason (a closed pipe, a cancelled context) after the reason itself.
    """
    lines = said.strip().splitlines()
    for line in lines:
        if any(word in line for words, _ in _REASONS for word in words):
            return line
    return lines[-1] if lines else ""


def is_hopeless(outcome: Outcome) -> bool:
    """Whether asking for an image failed because the engine itself does not answer."""
    return outcome.status == NOT_FOUND or any(words in outcome.error for words in _NO_ENGINE)


_NO_ENGINE = ("Cannot connect to the Docker daemon", "Is the docker daemon running", "permission denied while trying")


def remedy(program: str, said: str) -> str:
    """The next step for the usual reasons why an engine refuses."""
    for words, step in _REASONS:
        if any(word in said for word in words):
            return step.format(program=program)
    return f"see what {_base(program)} printed above"


def _base(program: str) -> str:
    return program.rsplit("/", 1)[-1]


_REASONS = (
    (("Cannot connect to the Docker daemon", "Is the docker daemon running"),
     "start the engine (systemctl start docker), or choose --platform=podman"),
    (("permission denied while trying to connect", "connect: permission denied"),
     "add yourself to the group docker, or use -Pdocker.docker='sudo docker'"),
    (("no space left on device", "No space left on device"), "free disk space: {program} system prune"),
    (("no such host", "Temporary failure in name resolution", "i/o timeout"),
     "check the network; build the image here with -Pdocker.build_strategy=auto"),
    (("pull access denied", "not found: manifest unknown", "manifest unknown"),
     "check the image's name; build it here with -Pdocker.build_strategy=auto"),
    (("could not select device driver", "unresolvable CDI devices"),
     "install the NVIDIA container toolkit, or use --gpus=''"),
    (("memory limit",), "give the task more memory: --memory=512m"),
    (("network ",), "choose another network: --network=none, host, bridge"),
    (("executable file not found", "no such file or directory: unknown"),
     "correct the entry point of the task, or of the image"),
    (("Connection refused", "Could not resolve hostname", "Permission denied (publickey"),
     "check host, port and key: ssh must work without a password"),
)  # fmt: skip
_INSTALL = {
    "docker": "install Docker or Podman and start it, or run without a container: --platform=native",
    "podman": "install Podman, or run without a container: --platform=native",
    "singularity": "install Apptainer (--platform=apptainer), or run without a container: --platform=native",
    "apptainer": "install Apptainer, or run without a container: --platform=native",
    "srun": "install the Slurm clients, or run here: --platform=native",
    "kubectl": "install kubectl and configure access to the cluster",
    "ssh": "check host, user and key of the platform: mlcube config --get platforms.ssh",
}
