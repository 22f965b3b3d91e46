"""Docker and Podman: the same command line (MLCube spec, section 7)."""

from __future__ import annotations

from franca.errors import UsageError
from franca.model.job import Capabilities, Command, Image, Job, Mount, Stage
from franca.model.light import NamedTuple
from franca.runners.container import check_wishes

_CAPABILITIES = Capabilities(
    image=True, mounts=True, network=True, security=True, memory=True, cpus=True, cpuset=True, gpus=True,
    user=True,
)  # fmt: skip


class DockerLike(NamedTuple):
    """An engine with Docker's commands; ``executable`` may be several words (``sudo docker``)."""

    executable: tuple[str, ...] = ("docker",)

    @property
    def name(self) -> str:
        return " ".join(self.executable)

    @property
    def capabilities(self) -> Capabilities:
        return _CAPABILITIES

    def prepare(self, job: Job) -> Stage:
        if job.image.strategy == "always":
            return Stage(self.configure(job))
        return Stage(self.configure(job), unless=self.probe(job.image))

    def probe(self, image: Image) -> Command:
        words = (*self.executable, "inspect", "--type=image", image.name)
        return Command(words, quiet=True, purpose=f"look for the image {image.name}")

    def configure(self, job: Job) -> tuple[Command, ...]:
        image = job.image
        if image.archive:
            words = (*self.executable, "load", "-i", image.archive)
            return (Command(words, purpose=f"load {image.archive}", watch=True),)
        if image.recipe and image.strategy != "pull":
            words = (*self.executable, "build", *image.build_words, "-t", image.name, "-f", image.recipe, image.context)
            return (Command(words, purpose=f"build the image {image.name}", watch=True),)
        return (Command((*self.executable, "pull", image.name), purpose=f"pull the image {image.name}", watch=True),)

    def command(self, job: Job) -> Command:
        check_wishes(job, _CAPABILITIES, self.name)
        words = [*self.executable, "run", *self._options(job)]
        if job.image.seen:
            words.append("--pull=never")
        if job.entrypoint:
            words.append(f"--entrypoint={job.entrypoint[0]}")
        for key, value in job.env:
            words += ["-e", f"{key}={value}"]
        for mount in job.mounts:
            words += ["--volume", _volume(mount)]
        words += [job.image.name, *job.entrypoint[1:], *job.mounted_words()]
        return Command(tuple(words), purpose=f"run task {job.name}")

    def _options(self, job: Job) -> list[str]:
        words = ["--rm"] if job.remove else []
        if job.user and not _names_user(job.option_words):
            words += self._user(job.user)
        words += job.option_words
        limits = job.limits
        for flag, value in (
            ("--network", job.network), ("--security-opt", job.security), ("--gpus", limits.gpus),
            ("--memory", limits.memory), ("--cpuset-cpus", limits.cpuset), ("--cpus", limits.cpus),
        ):  # fmt: skip
            if value:
                words.append(f"{flag}={value}")
        return [*words, f"--workdir={job.directory}"] if job.directory else words

    def _user(self, user: str) -> list[str]:
        """Files that the job makes belong to the caller; rootless Podman maps identities by itself."""
        if self.executable[-1].endswith("podman") and not user.startswith("0:"):
            return ["--userns=keep-id", f"--user={user}"]
        return [f"--user={user}"]


def _names_user(words: tuple[str, ...]) -> bool:
    return any(w in ("-u", "--user") or w.startswith(("--user=", "-u=")) for w in words)


def _volume(mount: Mount) -> str:
    """``HOST:TARGET[:MODE]``. Docker separates with colons and knows no quoting, so a colon is refused."""
    if ":" in mount.source:
        raise UsageError(
            f"the engine cannot mount {mount.source!r}: its path holds a colon", hint="rename the directory"
        )
    return f"{mount.source}:{mount.target}" + (f":{mount.mode}" if mount.mode else "")
