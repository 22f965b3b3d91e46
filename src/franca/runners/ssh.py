"""Another machine over ssh: files by rsync, the container's command there (MLCube spec, section 9).

The remote machine needs a POSIX shell, rsync and the container engine, but not Franca.
"""

from __future__ import annotations

import os
from hashlib import sha256
from shlex import join as command_line
from shlex import quote as literal

from franca.errors import UsageError
from franca.model.job import Capabilities, Command, Job, PathWord, Stage
from franca.model.light import NamedTuple
from franca.runners.container import Container
from franca.runners.launcher import Steps
from franca.runners.process import pasteable


class Connection(NamedTuple):
    """How to reach the machine."""

    host: str
    user: str = ""
    identity: str = ""
    port: str = ""
    check_host_keys: bool = True
    program: tuple[str, ...] = ("ssh",)
    rsync: tuple[str, ...] = ("rsync",)

    @property
    def target(self) -> str:
        return f"{self.user}@{self.host}" if self.user else self.host

    def words(self) -> tuple[str, ...]:
        """The ssh program with its options, without the host."""
        words = self.program
        if not self.check_host_keys:
            words += ("-o", "StrictHostKeyChecking=no")
        if self.identity:
            words += ("-i", self.identity)
        return (*words, "-p", self.port) if self.port else words

    def command(self, line: str, purpose: str, *, quiet: bool = False) -> Command:
        """Run ``line``, quoted for a POSIX shell, on the machine."""
        return Command((*self.words(), self.target, line), purpose=purpose, quiet=quiet)

    def push(self, source: str, target: str, exclude: tuple[str, ...] = ()) -> Command:
        return self._sync(source, f"{self.target}:{target}", exclude, f"copy {source} to {self.host}")

    def pull(self, source: str, target: str) -> Command:
        return self._sync(f"{self.target}:{source}", target, (), f"copy results from {self.host}")

    def _sync(self, source: str, target: str, exclude: tuple[str, ...], purpose: str) -> Command:
        excluded = [word for pattern in exclude for word in ("--exclude", pattern)]
        words = (*self.rsync, "-a", "-s", "-e", command_line(self.words()), *excluded, source, target)
        return Command(words, purpose=purpose, watch=True)


class SSH(NamedTuple):
    """A launcher: brings the job's files to ``remote_root``, runs it there, brings outputs back.

    Args:
        root: directory on this machine that goes along as a whole (a cube); "" = none.
    """

    connection: Connection
    remote_root: str
    root: str = ""

    @property
    def name(self) -> str:
        return "ssh"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(shares_files=False, time=True)

    def places(self, job: Job) -> dict[str, str]:
        """Where each host directory of the job lies over there. Equal directories of two jobs are shared."""
        roots = {self.root: self._place(self.root)} if self.root else {}
        files = {output.path for output in job.outputs if not output.directory}
        paths = [
            os.path.dirname(m.source) if m.source in files or os.path.isfile(m.source) else m.source for m in job.mounts
        ] or [os.path.dirname(w.path) for w in job.words if isinstance(w, PathWord)]
        for path in (*paths, *job.inputs):
            if not any(path == root or path.startswith(root + "/") for root in roots):
                roots[path] = self._place(path)
        return roots

    def _place(self, path: str) -> str:
        key = sha256(path.encode()).hexdigest()[:8]
        return f"{self.remote_root.rstrip('/')}/{os.path.basename(path) or 'root'}-{key}"

    def steps(self, job: Job, container: Container) -> Steps:
        self._check(container)
        places = self.places(job)
        there = job.relocated(places)
        command = container.command(there)
        return Steps(
            self.prepare(job, container), self._remote(command), tuple(self._bring(job, places)),
            after=tuple(self._fetch(job, places)),
        )  # fmt: skip

    def prepare(self, job: Job, container: Container) -> tuple[Stage, ...]:
        self._check(container)
        there = self._image_there(job)
        stage = container.prepare(there)
        unless = self._remote(stage.unless) if stage.unless else None
        context = self._context(job)
        return (Stage((*context, *map(self._remote, stage.commands)), unless),)

    def configure(self, job: Job, container: Container) -> tuple[Command, ...]:
        self._check(container)
        commands = container.configure(self._image_there(job))
        return (*self._context(job), *map(self._remote, commands))

    def _image_there(self, job: Job) -> Job:
        places = self.places(job)

        def place(path: str) -> str:
            return job._replace(directory=path).relocated(places).directory if path else path

        image = job.image
        moved = image._replace(
            context=place(image.context),
            recipe=place(image.recipe) if image.recipe.startswith("/") else image.recipe,
            name=place(image.name) if image.name.startswith("/") else image.name,
            archive=place(image.archive),
        )
        return job._replace(image=moved)

    def _context(self, job: Job) -> tuple[Command, ...]:
        if not self.root:
            return ()
        target = self._place(self.root)
        made = self.connection.command(f"mkdir -p {literal(target)}", f"make {target}", quiet=True)
        return (made, self.connection.push(self.root + "/", target + "/"))

    def _bring(self, job: Job, places: dict[str, str]) -> list[Command]:
        there = job.relocated(places)
        present = [(here, place) for here, place in zip(job.inputs, there.inputs, strict=True) if os.path.exists(here)]
        directories = sorted(places.values())
        directories += [place if os.path.isdir(here) else os.path.dirname(place) for here, place in present]
        directories += [o.path if o.directory else os.path.dirname(o.path) for o in there.outputs]
        made = " ".join(literal(d) for d in dict.fromkeys(directories))
        commands = [self.connection.command(f"mkdir -p {made}", "make directories", quiet=True)] if made else []
        for here, place in present:
            slash = "/" if os.path.isdir(here) else ""
            commands.append(self.connection.push(here + slash, place + slash))
        return commands

    def _fetch(self, job: Job, places: dict[str, str]) -> list[Command]:
        commands = []
        for here, there in zip(job.outputs, job.relocated(places).outputs, strict=True):
            slash = "/" if here.directory else ""
            commands.append(self.connection.pull(there.path + slash, here.path + slash))
        return commands

    def _remote(self, command: Command) -> Command:
        line = pasteable(command._replace(stdin="", purpose=""))
        return self.connection.command(line, command.purpose, quiet=command.quiet)

    def _check(self, container: Container) -> None:
        if container.name == "native":
            raise UsageError("ssh needs a container on the other machine", hint="--platform=ssh+docker or ssh+podman")
        if not self.connection.host or not self.remote_root:
            raise UsageError("ssh needs a host and a remote_root", hint="-Pssh.host=NAME -Pssh.remote_root=/path")
