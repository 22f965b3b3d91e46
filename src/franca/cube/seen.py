"""Images that an engine had when a task last ran: asking for them again costs a start of the engine's client.

Only our own profile (``franca run cube``, ``mlcube run --user``) relies on it: the task is started with
``--pull=never``, and an engine that no longer has the image refuses before anything has run. The published
profile asks before every task, as the published tool does.
"""

from __future__ import annotations

import os

from franca.cube.places import cache_directory, key_of
from franca.model.light import TYPE_CHECKING, NamedTuple
from franca.runners.docker import DockerLike

if TYPE_CHECKING:
    from collections.abc import Mapping

    from franca.cube.platform import Platform
    from franca.cube.request import Profile

REFUSED = 125  # an engine's own status for what it refuses to start
_DAEMON = ("DOCKER_HOST", "DOCKER_CONTEXT", "CONTAINER_HOST", "CONTAINERS_CONF")


class SeenImage(NamedTuple):
    """What is remembered about one image of one engine: a file with "1" (was there) or "0" (ask again)."""

    path: str

    def trusted(self) -> bool:
        try:
            with open(self.path, "rb") as file:
                return file.read(1) == b"1"
        except OSError:
            return False

    def remember(self) -> None:
        """The image was there. What was doubted once stays doubted: that engine may not know the option."""
        if not os.path.exists(self.path):
            self._write(b"1")

    def doubt(self) -> None:
        self._write(b"0")

    def forget(self) -> None:
        try:
            os.unlink(self.path)
        except OSError:
            return

    def _write(self, data: bytes) -> None:
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            with open(self.path, "wb") as file:
                file.write(data)
        except OSError:
            return


def seen_image(found: Platform, profile: Profile, environ: Mapping[str, str]) -> SeenImage | None:
    """The image of a platform, where it may be relied on: this machine's Docker or Podman, our own profile."""
    container = found.runner.container
    image = found.base.image
    if not (profile.remove and isinstance(container, DockerLike) and found.runner.launcher.name == "local"):
        return None
    if image.strategy == "always":
        return None
    known = "\0".join([*container.executable, *(environ.get(name, "") for name in _DAEMON), image.name])
    return SeenImage(os.path.join(cache_directory(environ), "images", key_of(known)))
