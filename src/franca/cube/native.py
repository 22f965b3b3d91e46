"""Running a cube without a container: its command, its start directory and its isolated environment.

Taken from the cube's ``native`` section where it has one, otherwise derived from its Dockerfile
(MLCube spec, section 18).
"""

from __future__ import annotations

import os
import sys

from franca.cube.config import Effective, command_words
from franca.cube.dockerfile import ImagePlan, read_dockerfile
from franca.cube.files import read_text
from franca.cube.places import cache_directory
from franca.errors import MalformedFile, Unavailable
from franca.model.light import NamedTuple
from franca.runners.native import Native
from franca.runners.words import Facts


class NativeSetup(NamedTuple):
    """How the tasks of a cube are started on the host."""

    container: Native
    entrypoint: tuple[str, ...]
    directory: str
    context: str
    plan: ImagePlan
    warnings: tuple[str, ...] = ()

    def words(self, entrypoint: tuple[str, ...]) -> tuple[str, ...]:
        """A task's own entry point with the image's paths put back to the host's."""
        return on_host(entrypoint, self.plan, self.context)


def native_setup(config: Effective, known: Facts) -> NativeSetup:
    """Raises MalformedFile when there is no command, Unavailable when no interpreter fits."""
    context = os.path.normpath(os.path.join(config.root, _docker(config, "build_context") or "."))
    plan = _image_plan(config, context)
    given = config.text("entrypoint")
    entrypoint = (
        command_words(given, config.where(("runner", "entrypoint")))
        if given
        else on_host(plan.entrypoint, plan, context)
    )
    if not entrypoint and not _every_task_has_one(config):
        raise MalformedFile(
            "the cube does not say how to run it without a container", where=config.definition.where(("native",)),
            hint="add 'native: {entrypoint: python main.py, requirements: requirements.txt}', or use --platform=docker",
        )  # fmt: skip
    directory = config.text("cwd")
    start = os.path.join(config.root, directory) if directory else _start(entrypoint, plan, context)
    requirements = _requirements(config, plan, context)
    python = _interpreter(config.text("python"), known, config)
    container = Native(
        environment_path(config, requirements, python, known) if requirements else "", python, requirements,
        known.environ.get("PATH", os.defpath),
    )  # fmt: skip
    return NativeSetup(container, entrypoint, os.path.normpath(start), context, plan)


def _docker(config: Effective, key: str) -> str:
    value = config.resolver.get(("docker", key))
    return "" if value is None else str(value)


def _image_plan(config: Effective, context: str) -> ImagePlan:
    path = os.path.join(context, _docker(config, "build_file") or "Dockerfile")
    return read_dockerfile(read_text(path)) if os.path.isfile(path) else ImagePlan()


def _every_task_has_one(config: Effective) -> bool:
    tasks = config.tree.get("tasks") or {}
    return all(isinstance(task, dict) and task.get("entrypoint") for task in tasks.values())


def on_host(words: tuple[str, ...], plan: ImagePlan, context: str) -> tuple[str, ...]:
    """Words of a command in the image as words of a command on the host; a script gets its interpreter."""
    out = []
    for index, word in enumerate(words):
        source = plan.source_of(word) if "/" in word or (index and "." in word) else None
        path = os.path.normpath(os.path.join(context, source)) if source is not None else ""
        out.append(path if path and os.path.exists(path) else word)
    if out and out[0].endswith(".py"):
        return ("python", *out)
    if out and os.path.basename(out[0]).startswith("python") and "/" in out[0] and not os.path.exists(out[0]):
        out[0] = "python"
    return tuple(out)


def _start(entrypoint: tuple[str, ...], plan: ImagePlan, context: str) -> str:
    """The directory of the cube's script, where its own modules and data are found."""
    source = plan.source_of(plan.workdir) if plan.workdir != "/" else None
    if source is not None and os.path.isdir(os.path.join(context, source)):
        return os.path.join(context, source)
    script = next((word for word in entrypoint if os.path.isabs(word) and os.path.isfile(word)), "")
    return os.path.dirname(script) or context


def _requirements(config: Effective, plan: ImagePlan, context: str) -> str:
    """Absolute path of the requirements file; "" = none, nothing is installed."""
    value = config.option("requirements")
    if value == "" or value is False:
        return ""
    if value is not None:
        path = os.path.normpath(os.path.join(config.root, str(value)))
        if not os.path.isfile(path):
            raise MalformedFile(
                f"the requirements file {path} does not exist",
                where=config.where(("runner", "requirements")),
                hint="correct native.requirements",
            )
        return path if _wanted(read_text(path)) else ""
    named = plan.requirements()
    path = os.path.normpath(os.path.join(context, named or "requirements.txt"))
    if not os.path.isfile(path) or not _wanted(read_text(path)):
        return ""
    return path


def _wanted(text: str) -> bool:
    return any(line.strip() and not line.strip().startswith("#") for line in text.splitlines())


def environment_path(config: Effective, requirements: str, python: str, known: Facts) -> str:
    """The environment's directory: named after its contents, so cubes with equal wishes share one."""
    from hashlib import sha256

    given = config.text("environment")
    if given:
        return os.path.normpath(os.path.join(config.root, given))
    key = sha256(f"{python}\0{read_text(requirements)}".encode()).hexdigest()[:16]
    return os.path.join(cache_directory(known.environ), "environments", key)


def _interpreter(wanted: str, known: Facts, config: Effective) -> str:
    """An interpreter: this one's base, a named program, or the first ``python3.N`` that fits a version range."""
    base = os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)
    if not wanted:
        return base
    if wanted[0] not in "<>=!~":
        return wanted
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        range_ = SpecifierSet(wanted)
    except InvalidSpecifier:
        raise MalformedFile(
            f"native.python must be a version range, not {wanted!r}",
            where=config.where(("runner", "python")),
            hint="write: python: '>=3.9,<3.12'",
        ) from None
    if range_.contains(".".join(map(str, sys.version_info[:3]))):
        return base
    import shutil

    for minor in range(14, 5, -1):
        program = shutil.which(f"python3.{minor}", path=known.environ.get("PATH", os.defpath))
        if program and range_.contains(f"3.{minor}"):
            return program
    raise Unavailable(f"no Python {wanted} was found", where=config.where(("runner", "python")),
                      hint="install one, or run the cube in a container: --platform=docker")  # fmt: skip
