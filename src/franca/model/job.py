"""One thing to run, and what came of it: the same record for script steps, cube tasks and benchmark runs.

A job says *what* runs (words, environment, files in and out, wishes about resources). A container
says what it is wrapped in, a launcher says where it runs; neither is part of the job.
"""

from __future__ import annotations

from franca.model.light import NamedTuple


class PathWord(NamedTuple):
    """A command word that ends in a host path, as ``--data_dir=/home/me/cube/workspace/data``.

    Kept apart from plain words so that a container or a remote machine can put its own path there.
    """

    prefix: str
    path: str  #: absolute path on the machine that plans the job

    def __str__(self) -> str:
        return self.prefix + self.path


Word = str | PathWord


class Mount(NamedTuple):
    """A host directory (or file) that the job sees at ``target``; mode ``""`` is the engine's default."""

    source: str
    target: str
    mode: str = ""  #: "", "ro" or "rw"

    @property
    def writable(self) -> bool:
        return self.mode != "ro"


class Limits(NamedTuple):
    """Wishes about resources; empty means no wish. Sizes and sets are in the engines' own notation."""

    memory: str = ""  #: "4g", "512m"
    cpus: str = ""  #: a number of processors, "1.5"
    cpuset: str = ""  #: indices, "0-3,8"
    gpus: str = ""  #: "", "all", a count, or "device=0,1"
    seconds: int = 0  #: wall clock, 0 = no limit


class Image(NamedTuple):
    """The file system a job runs in, and where it comes from when it is not there yet."""

    name: str = ""  #: "org/mnist:0.0.1", or the path of an image file
    archive: str = ""  #: docker archive to load when the image is absent
    context: str = ""  #: absolute build context; empty when nothing can be built
    recipe: str = ""  #: absolute Dockerfile path, or an engine's own source (recipe file, docker://...)
    strategy: str = "pull"  #: "pull", "auto" or "always" (MLCube, section 7)
    build_words: tuple[str, ...] = ()  #: further words of the build command
    seen: bool = False  #: was there before; the engine refuses the job when it is gone


class Expected(NamedTuple):
    """An output that the job promises."""

    name: str
    path: str
    directory: bool


class Job(NamedTuple):
    """A command with everything that its container and its launcher need to know."""

    name: str  #: of the task, for people, logs and scheduler queues
    words: tuple[Word, ...]  #: after the entry point
    entrypoint: tuple[str, ...] = ()  #: replaces the image's entry point; without an image: the command
    image: Image = Image()
    mounts: tuple[Mount, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    directory: str = ""  #: where it starts; "" = the container's own choice
    limits: Limits = Limits()
    network: str = ""  #: "", "none", "host", or an engine's network name
    security: str = ""
    user: str = ""  #: "UID:GID" inside the container, "" = the engine's default
    remove: bool = False  #: delete the container afterwards
    option_words: tuple[str, ...] = ()  #: passed to the container engine as they are
    inputs: tuple[str, ...] = ()  #: host paths that a remote launcher has to bring along
    outputs: tuple[Expected, ...] = ()

    def host_words(self) -> tuple[str, ...]:
        """The words with host paths, for a job that runs without a container."""
        return tuple(str(word) for word in self.words)

    def mounted_words(self) -> tuple[str, ...]:
        """The words with the paths that the job sees behind its mounts."""
        return tuple(self._mounted(word) for word in self.words)

    def _mounted(self, word: Word) -> str:
        if isinstance(word, str):
            return word
        return word.prefix + self.mounted_path(word.path)

    def mounted_path(self, path: str) -> str:
        """``path`` behind the closest mount that holds it; unchanged when none does."""
        best = max(
            (m for m in self.mounts if path == m.source or path.startswith(m.source.rstrip("/") + "/")),
            key=lambda m: len(m.source),
            default=None,
        )
        return path if best is None else best.target + path[len(best.source.rstrip("/")) :]

    def relocated(self, places: dict[str, str]) -> Job:
        """The same job on a machine where each host path of ``places`` lies somewhere else."""

        def place(path: str) -> str:
            best = max((p for p in places if path == p or path.startswith(p + "/")), key=len, default="")
            return places[best] + path[len(best) :] if best else path

        return self._replace(
            words=tuple(PathWord(w.prefix, place(w.path)) if isinstance(w, PathWord) else w for w in self.words),
            mounts=tuple(Mount(place(m.source), m.target, m.mode) for m in self.mounts),
            inputs=tuple(place(path) for path in self.inputs),
            outputs=tuple(Expected(o.name, place(o.path), o.directory) for o in self.outputs),
            directory=place(self.directory),
            entrypoint=tuple(place(word) if word.startswith("/") else word for word in self.entrypoint),
        )


class Command(NamedTuple):
    """One program start, exactly: what a dry run prints and what an execution does."""

    words: tuple[str, ...]
    directory: str = ""
    env: tuple[tuple[str, str], ...] = ()  #: on top of the caller's environment
    stdin: str = ""
    purpose: str = ""  #: for messages: "build the image", "run task train"
    quiet: bool = False  #: output is read by us and not shown
    watch: bool = False  #: the end of stderr is kept for messages


class Stage(NamedTuple):
    """Commands in order; skipped as a whole when ``unless`` succeeds."""

    commands: tuple[Command, ...]
    unless: Command | None = None


class Outcome(NamedTuple):
    """How a command ended: its exit status (128 + N after signal N, 127 when the program is missing)."""

    status: int
    seconds: float = 0.0
    output: str = ""  #: only of quiet commands
    error: str = ""  #: only of quiet commands

    @property
    def ok(self) -> bool:
        return self.status == 0


class Capabilities(NamedTuple):
    """What a container engine or a launcher can do; what it cannot is refused, never dropped."""

    image: bool = False  #: needs an image
    mounts: bool = False  #: the job sees mount targets in place of host paths
    network: bool = False
    security: bool = False
    memory: bool = False
    cpus: bool = False
    cpuset: bool = False
    gpus: bool = False
    user: bool = False
    time: bool = False
    shares_files: bool = True  #: sees the planning machine's paths
