"""No container: the job's own command, in a virtual environment made from its requirements, or in none."""

from __future__ import annotations

import os

from franca.errors import UsageError
from franca.model.job import Capabilities, Command, Job, Stage
from franca.model.light import NamedTuple
from franca.runners.container import check_wishes

_CAPABILITIES = Capabilities()


class Native(NamedTuple):
    """Runs on the machine itself.

    Args:
        environment: directory of the virtual environment; "" = the caller's own programs.
        python: interpreter that makes the environment.
        requirements: requirements file that is installed into it.
        installer: words of the program that installs, in place of the environment's own pip.
        path: the caller's search path, which follows the environment's programs.
    """

    environment: str = ""
    python: str = "python3"
    requirements: str = ""
    path: str = "/usr/local/bin:/usr/bin:/bin"

    @property
    def name(self) -> str:
        return "native"

    @property
    def capabilities(self) -> Capabilities:
        return _CAPABILITIES

    @property
    def stamp(self) -> str:
        """Exists when the environment is complete; it is named after what was installed."""
        return os.path.join(self.environment, "complete")

    def prepare(self, job: Job) -> Stage:
        if not self.environment:
            return Stage(())
        present = Command(("test", "-e", self.stamp), quiet=True, purpose="look for the environment")
        return Stage(self.configure(job), unless=present)

    def configure(self, job: Job) -> tuple[Command, ...]:
        if not self.environment:
            return ()
        made = Command((self.python, "-m", "venv", "--clear", self.environment), purpose="make the environment")
        pip = (os.path.join(self.environment, "bin", "python"), "-m", "pip", "install", "--quiet",
               "--disable-pip-version-check", "--requirement", self.requirements)  # fmt: skip
        installed = Command(pip, purpose=f"install {self.requirements}")
        done = Command(("touch", self.stamp), quiet=True, purpose="mark the environment complete")
        return (made, installed, done) if self.requirements else (made, done)

    def command(self, job: Job) -> Command:
        check_wishes(job, _CAPABILITIES, self.name)
        if not job.entrypoint:
            raise UsageError(f"there is no command to run {job.name} without a container",
                             hint="add 'native: {entrypoint: python main.py}' to the cube")  # fmt: skip
        words = (*self._program(job.entrypoint), *job.host_words())
        return Command(
            words, directory=job.directory, env=(*self._variables(), *job.env), purpose=f"run task {job.name}"
        )

    def _program(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """``python`` is the environment's; other programs are found through PATH."""
        if words[0] in ("python", "python3"):
            python = os.path.join(self.environment, "bin", "python") if self.environment else self.python
            return (python, *words[1:])
        local = os.path.join(self.environment, "bin", words[0])
        if self.environment and "/" not in words[0] and os.path.exists(local):
            return (local, *words[1:])
        return words

    def _variables(self) -> tuple[tuple[str, str], ...]:
        clean = ("PYTHONDONTWRITEBYTECODE", "1")  # a run leaves only what its task makes
        if not self.environment:
            if not os.path.isabs(self.python):
                return (clean,)
            # Programs that the task starts by the name "python3" are the task's own interpreter, too.
            return (clean, ("PATH", f"{os.path.dirname(self.python)}:{self.path}"))
        return (
            clean,
            ("VIRTUAL_ENV", self.environment), ("PATH", f"{self.environment}/bin:{self.path}"),
            ("PYTHONNOUSERSITE", "1"),
        )  # fmt: skip
