"""Digests of a cube's image and definition (MLCube spec, section 14)."""

from __future__ import annotations

import json
import os

from franca.cube.execute import configure
from franca.cube.files import sha256
from franca.cube.session import Session
from franca.errors import NotFound, StepFailed, Unavailable
from franca.model.job import Command, Image
from franca.model.light import Any
from franca.runners.docker import DockerLike
from franca.runners.runner import failure


def inspect(session: Session, *, force: bool, remote: bool = False) -> dict[str, Any]:
    """``hash`` as the published tool has it, and ``image``, ``repo_digest``, ``mlcube_yaml_sha256``.

    Args:
        force: configure the cube first when its image is missing.
        remote: ask the image's registry in place of the engine; nothing is pulled.

    Raises:
        NotFound: the image is not there and ``force`` is not given.
    """
    found = session.platform()
    definition = session.config.definition.path
    record: dict[str, Any] = {}
    container = found.runner.container
    if remote:
        record = _registry(_remote_name(session, found.base.image), session)
    elif isinstance(container, DockerLike):
        record = _docker(session, container, force)
    elif session.config.runner == "singularity":
        record = _singularity(session, found.base.image, force)
    elif found.native is not None:
        record = {"hash": sources_digest(session, found.native.container.requirements)}
    else:
        raise Unavailable(f"inspect is not possible for runner {session.config.runner}")
    return {**record, "mlcube_yaml_sha256": sha256(definition)}


def _docker(session: Session, container: DockerLike, force: bool) -> dict[str, Any]:
    image = session.platform().base.image
    executor = session.executor()
    probe = container.probe(image)
    if not (outcome := executor.run(probe)).ok:
        if outcome.status == 127:
            raise failure(probe, outcome)
        if not force:
            raise _absent(session, image.name)
        configure(session)
    command = Command((*container.executable, "inspect", image.name), quiet=True, purpose=f"inspect {image.name}")
    outcome = executor.run(command)
    if not outcome.ok:
        raise failure(command, outcome)
    try:
        described = json.loads(outcome.output)[0]
        digest = str(described["Id"]).removeprefix("sha256:")
    except (ValueError, LookupError, TypeError):
        raise StepFailed(f"{container.name} described {image.name} in a way that cannot be read", status=1) from None
    names = described.get("RepoDigests") or [""]
    return {"hash": digest, "image": image.name, "repo_digest": names[0]}


def _registry(name: str, session: Session) -> dict[str, Any]:
    from franca.cube.registry import parse_reference, published

    found = published(name, session.environ)
    place = parse_reference(name)
    return {"hash": found.config, "image": name, "repo_digest": f"{place.host}/{place.name}@{found.manifest}"}


def _remote_name(session: Session, image: Image) -> str:
    """The name in a registry. Raises NotFound where the image comes from somewhere else."""
    if session.config.runner == "singularity":
        if image.recipe.startswith("docker://"):
            return image.recipe.removeprefix("docker://")
    elif image.name:
        return image.name
    raise NotFound("the image of this platform does not come from a registry", hint="leave --remote out")


def _singularity(session: Session, image: Image, force: bool) -> dict[str, Any]:
    """Of an image of a registry the configuration's digest, which Docker has, too; otherwise the file's."""
    if image.recipe.startswith("docker://"):
        try:
            return _registry(image.recipe.removeprefix("docker://"), session)
        except (Unavailable, NotFound) as error:
            if not os.path.exists(image.name):
                raise
            session.console.warn(f"{error.message}; the hash is that of the image file")
    return _image_file(session, image.name, force)


def _image_file(session: Session, path: str, force: bool) -> dict[str, Any]:
    if not os.path.exists(path):
        if not force:
            raise _absent(session, path)
        configure(session)
    return {"hash": sha256(path), "image": path, "repo_digest": ""}


def _absent(session: Session, image: str) -> NotFound:
    platform = session.config.platform
    return NotFound(
        f"the image {image} does not exist here", hint=f"mlcube configure --platform={platform}, or --force"
    )


def sources_digest(session: Session, requirements: str) -> str:
    """A digest over a native cube's files: everything below its root but workspaces and hidden files."""
    from hashlib import sha256 as digest

    state = digest()
    for base, directories, files in os.walk(session.config.root):
        directories[:] = sorted(
            d for d in directories if not d.startswith(".") and d not in ("workspace", "__pycache__")
        )
        for name in sorted(files):
            path = os.path.join(base, name)
            if not name.startswith(".") and os.path.isfile(path) and not os.path.islink(path):
                state.update(f"{os.path.relpath(path, session.config.root)}\0{sha256(path)}\n".encode())
    if requirements:
        state.update(sha256(requirements).encode())
    return state.hexdigest()


def rendered(record: dict[str, Any], form: str) -> str:
    if form == "yaml":
        from franca.catalog.marked import dump

        return dump(record)
    return json.dumps(record) + "\n"
