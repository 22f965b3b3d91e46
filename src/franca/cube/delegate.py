"""Cubes on another machine that has ``mlcube`` itself: the published ssh runner (section 9)."""

from __future__ import annotations

import os
from shlex import join as command_line
from shlex import quote as literal

from franca.cube.config import select_tasks
from franca.cube.remote import connection_of, text_of
from franca.cube.request import Options
from franca.cube.session import Session, Shown
from franca.errors import MalformedFile
from franca.model.job import Command
from franca.model.light import NamedTuple
from franca.runners.process import Executor, pasteable
from franca.runners.runner import failure
from franca.runners.ssh import Connection


class Delegate(NamedTuple):
    """A machine with its own ``mlcube``: the cube goes there, the same command runs there (section 9)."""

    connection: Connection
    remote: str  #: directory of the cube over there
    platform: str
    environment: str  #: virtual environment over there, "" = the system's
    python: str
    requirements: tuple[str, ...]
    session: Session

    def configure(self, executor: Executor) -> None:
        for command in self.configure_commands():
            _must(command, executor)

    def configure_commands(self) -> list[Command]:
        """Environment, its packages, the cube's files, and ``mlcube configure``."""
        connection, commands = self.connection, []
        if self.environment:
            make = f"test -d {literal(self.environment)} || {{ mkdir -p {literal(os.path.dirname(self.environment))}"
            make += f" && {literal(self.python)} -m venv {literal(self.environment)}; }}"
            commands.append(connection.command(make, "make the remote environment"))
        if self.requirements:
            install = command_line((self.python, "-m", "pip", "install", *self.requirements))
            line = f"{self._activation()} && {install}" if self.environment else install
            commands.append(connection.command(line, "install packages"))
        commands += self._sync()
        commands.append(connection.command(self._line("configure", ""), f"configure on {connection.host}"))
        return commands

    def _sync(self) -> list[Command]:
        make = self.connection.command(f"mkdir -p {literal(self.remote)}", "make the remote directory")
        return [make, self.connection.push(self.session.config.root + "/", self.remote + "/")]

    def run(self, executor: Executor) -> int:
        if self.session.request.profile.sync_before:
            for command in self._sync():
                _must(command, executor)
        for task in select_tasks(self.session.config, self.session.request.tasks):
            outcome = executor.run(self._run_command(task))
            if not outcome.ok:
                raise failure(self._run_command(task), outcome)
            _must(self._fetch(), executor)
        return 0

    def _run_command(self, task: str) -> Command:
        return self.connection.command(self._line("run", task), f"run task {task} on {self.connection.host}")

    def _fetch(self) -> Command:
        os.makedirs(self.session.config.workspace, exist_ok=True)
        return self.connection.pull(self._remote_workspace() + "/", self.session.config.workspace + "/")

    def _remote_workspace(self) -> str:
        own = os.path.join(self.session.config.root, "workspace")
        if self.session.config.workspace == own:
            return f"{self.remote}/workspace"
        return f"{self.remote}/workspaces/{os.path.basename(self.session.config.workspace)}"

    def plan(self) -> list[Shown]:
        before = self._sync() if self.session.request.profile.sync_before else []
        out = []
        for task in select_tasks(self.session.config, self.session.request.tasks):
            commands = [*before, self._run_command(task), self._fetch()]
            out.append(Shown(task, tuple(pasteable(command) for command in commands)))
            before = []
        return out

    def _activation(self) -> str:
        return f". {literal(self.environment + '/bin/activate')}" if self.environment else ":"

    def _line(self, command: str, task: str) -> str:
        """The remote command line, with everything that was given here."""
        config, request = self.session.config, self.session.request
        file = os.path.basename(config.definition.path)
        cube = "." if file == "mlcube.yaml" else file
        words = ["mlcube", command, f"--mlcube={cube}", f"--platform={self.platform}"]
        words += [f"--task={task}"] if task else []
        if self._remote_workspace() != f"{self.remote}/workspace":
            words.append(f"--workspace={self._remote_workspace()}")
        for name in Options._fields:
            value = getattr(request.options, name)
            words += [f"--{name}={value}"] if value is not None and task else []
        for flag, wanted in (("--strict", request.profile.strict), ("--isolate", request.isolate)):
            words += [flag] if wanted and task else []
        words += [f"-P{word}" for word in request.override_words if not word.startswith(("ssh.", "runner."))]
        words += [f"{name}={value}" for name, value in request.values] if task else []
        return f"{self._activation()} && cd {literal(self.remote)} && {command_line(words)}"


def delegate(session: Session) -> Delegate:
    """The remote machine of a session whose platform is the published ssh runner."""
    config = session.config
    section = config.resolver.get(("runner",))
    remote_root = text_of(section, "remote_root")
    if not remote_root.strip():
        raise MalformedFile("ssh needs remote_root, a directory on the other machine",
                            where=config.definition.where(("ssh",)), hint="-Pssh.remote_root=/path")  # fmt: skip
    interpreter = section.get("interpreter") or {}
    if not isinstance(interpreter, dict):
        raise MalformedFile("interpreter must be a map", where=config.definition.where(("ssh", "interpreter")))
    environment = ""
    if interpreter.get("type") == "virtualenv":
        environment = f"{text_of(interpreter, 'location')}/{text_of(interpreter, 'name')}"
    remote = f"{remote_root.rstrip('/')}/{os.path.basename(config.root)}"
    return Delegate(
        connection_of(section, config, session.request), remote, text_of(section, "platform") or "docker", environment,
        text_of(interpreter, "python") or "python3", tuple(text_of(interpreter, "requirements").split()), session,
    )  # fmt: skip


def _must(command: Command, executor: Executor) -> None:
    outcome = executor.run(command)
    if not outcome.ok:
        raise failure(command, outcome)
