"""What a task's run leaves behind beside its outputs: two events in the cube's journal, and its log."""

from __future__ import annotations

import os
import sys
import time

from franca.cube.definition import cube_name
from franca.cube.records import TaskFinished, TaskStarted, described, journal_of
from franca.model.light import IO, TYPE_CHECKING
from franca.runners.process import Executor, Processes

if TYPE_CHECKING:
    from franca.cube.session import Session
    from franca.model.job import Job, Outcome


class Recorder:
    """Writes the start and the end of a task to the cube's journal, and its output to a log."""

    def __init__(self, session: Session, job: Job, command: str) -> None:
        self.session = session
        self.job = job
        self.command = command
        config = session.config
        self.journal = journal_of(config.definition.path, cube_name(config.tree), session.environ)
        self.at = time.time()
        self.run = f"{time.time_ns():x}"
        self.log = ""
        self._file: IO[bytes] | None = None
        self._written = False

    def executor(self) -> Executor:
        """On a terminal programs keep the terminal; otherwise their output is copied to a log."""
        session = self.session
        if not sys.stdout.isatty():
            self._open_log()
        return Processes(session.environ, log=self._file, say=session.console.note, begun=self.started)

    def _open_log(self) -> None:
        self._close_log()
        try:
            directory = os.path.join(self.journal.directory, "logs")
            os.makedirs(directory, exist_ok=True)
            self.log = os.path.join(directory, f"{self.run}-{self.job.name.replace('/', '_')}.log")
            self._file = open(self.log, "wb")  # noqa: SIM115 - open while the task runs
        except OSError:
            self.log = ""

    def _close_log(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def started(self) -> None:
        """Written while the task's process starts up, so that nobody waits for it."""
        if self._written:
            return
        self._written = True
        session, job = self.session, self.job
        path = session.config.definition.path
        self.journal.append(
            TaskStarted(
                at=self.at, run=self.run, cube=path, cube_digest=session.config.definition.digest, task=job.name,
                platform=session.config.platform, workspace=session.config.workspace, commands=[self.command],
                image=job.image.name, values=dict(session.request.values),
            )
        )  # fmt: skip

    def finished(self, outcome: Outcome) -> None:
        self._close_log()
        self.started()
        self.journal.append(
            TaskFinished(
                at=time.time(), run=self.run, task=self.job.name, status=outcome.status,
                seconds=round(outcome.seconds, 3), outputs=described(self.job.outputs), log=self.log,
            )
        )  # fmt: skip
