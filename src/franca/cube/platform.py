"""What a configured platform is, and what the builders of several of them need."""

from __future__ import annotations

from franca.cube.config import Effective
from franca.errors import MalformedFile
from franca.model.job import Job
from franca.model.light import TYPE_CHECKING, NamedTuple
from franca.runners.runner import Runner

if TYPE_CHECKING:
    from franca.cube.native import NativeSetup


class Platform(NamedTuple):
    """A configured runner and the job it starts from."""

    runner: Runner
    base: Job
    warnings: tuple[str, ...] = ()
    native: NativeSetup | None = None  #: puts image paths back to the host's
    claim: str = ""  #: on a cluster: where the volume claim with the workspace is mounted


def required_image(config: Effective) -> str:
    """The image's name. Raises MalformedFile when the cube has none for this platform."""
    section = "singularity" if config.runner == "singularity" else "docker"
    value = config.tree["runner"].get("image")
    if value == f"${{{section}.image}}" and config.resolver.get((section, "image")) is None:
        raise MalformedFile(
            f"{section}.image is required for platform {config.platform}", where=config.definition.where((section,)),
            hint=f"add '{section}: {{image: org/name:1.0}}', or run it without a container: --platform=native",
        )  # fmt: skip
    name = config.text("image").strip()
    if not name:
        raise MalformedFile(f"{section}.image must not be empty", where=config.definition.where((section, "image")),
                            hint="give the image a name, as org/name:1.0")  # fmt: skip
    if name.startswith("-"):
        raise MalformedFile(f"{section}.image must not begin with a dash: {name!r}",
                            where=config.definition.where((section, "image")))  # fmt: skip
    return name
