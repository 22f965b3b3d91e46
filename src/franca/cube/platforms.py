"""From an effective configuration to a runner, and to the part of a job that all tasks share."""

from __future__ import annotations

import os

from franca.cube.config import Effective, command_words, wanted_gpus
from franca.cube.jobs import caller
from franca.cube.platform import Platform, required_image
from franca.cube.request import Request
from franca.errors import MalformedFile, Unavailable, UsageError
from franca.model.job import Image, Job, Limits
from franca.model.light import Any
from franca.runners.apptainer import Apptainer, image_file_name, is_source
from franca.runners.container import checked_gpus
from franca.runners.docker import DockerLike
from franca.runners.launcher import Local
from franca.runners.runner import Runner
from franca.runners.words import Facts, expand, split_options


def facts(environ: Any) -> Facts:
    return Facts(environ, os.getuid(), os.getgid())


def platform(config: Effective, request: Request, environ: Any) -> Platform:
    """The runner for a request. Raises MalformedFile, UsageError or Unavailable with what is missing."""
    builder = _BUILDERS.get(config.runner)
    if builder is None:
        raise Unavailable(
            f"runner {config.runner} is not supported",
            hint="start the machine yourself and use --platform=ssh+docker; see docs/how-to/cubes.md",
        )
    out = builder(config, request, facts(environ))
    if config.launcher or config.runner == "slurm":
        from franca.cube.remote import launched

        return launched(out, config, request, facts(environ))
    return out


def local(container: Any) -> Runner:
    return Runner(Local(), container)


def _docker(config: Effective, request: Request, known: Facts) -> Platform:
    image, warnings = _docker_image(config, known)
    warnings += _other_count(config)
    limits, option_words = _docker_limits(config, request, known)
    profile = request.profile
    return Platform(
        local(DockerLike(_executable(config, "docker"))),
        Job(
            "", (), image=image, limits=limits, option_words=(*option_words, *_env_words(config, known)),
            network=config.text("--network"), security=config.text("--security-opt"),
            user=caller() if profile.map_user else "", remove=profile.remove,
        ),
        warnings,
    )  # fmt: skip


def _executable(config: Effective, key: str) -> tuple[str, ...]:
    text = config.text(key)
    words = command_words(text, config.where(("runner", key)))
    if not words:
        raise MalformedFile(f"{key} is empty", where=config.where(("runner", key)), hint=f"write: {key}: {key}")
    return words


def _docker_image(config: Effective, known: Facts) -> tuple[Image, tuple[str, ...]]:
    name = required_image(config)
    strategy = config.text("build_strategy") or "pull"
    if strategy not in ("pull", "auto", "always"):
        raise MalformedFile(f"build_strategy must be pull, auto or always, not {strategy!r}",
                            where=config.where(("runner", "build_strategy")))  # fmt: skip
    context = os.path.normpath(os.path.join(config.root, config.text("build_context") or "."))
    recipe = os.path.normpath(os.path.join(context, config.text("build_file") or "Dockerfile"))
    archive = config.text("tar_file")
    if archive:
        archive = os.path.normpath(os.path.join(config.root, archive))
    found = os.path.isfile(recipe)
    warnings: tuple[str, ...] = ()
    if found and strategy == "pull":
        warnings = (f"{recipe} is there, but build_strategy is pull: the image {name} is pulled when it is "
                    "missing (build it: -Pdocker.build_strategy=auto)",)  # fmt: skip
    words = option_words(config, "build_args", "--build-arg", known)
    return Image(name, archive, context, recipe if found else "", strategy, words), warnings


def option_words(config: Effective, key: str, flag: str, known: Facts) -> tuple[str, ...]:
    """The words of a runner key that is a map or an option string."""
    value = config.option(key)
    where = f"{config.runner}.{key}"
    if isinstance(value, dict):
        words = []
        for name, item in value.items():
            words += [flag, f"{name}={expand(_scalar(item), known, f'{where}.{name}')}"]
        return tuple(words)
    return split_options("" if value is None else str(value), known, where)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _env_words(config: Effective, known: Facts) -> tuple[str, ...]:
    return option_words(config, "env_args", "-e", known)


def _docker_limits(config: Effective, request: Request, known: Facts) -> tuple[Limits, tuple[str, ...]]:
    """GPUs: command line, else the words in ``gpu_args``, else ``accelerator_count``; one ``--gpus`` in all."""
    given = config.option("--gpus")
    gpus = checked_gpus(wanted_gpus(config, "--gpus"))
    words = option_words(config, "gpu_args" if gpus else "cpu_args", "", known)
    if gpus and _names_gpus(words):
        if given is None:
            gpus = ""
        else:
            words = _without_gpus(words)
    if request.profile.map_user and gpus.startswith("device="):
        gpus = f'"{gpus}"'  # Docker reads the value as CSV: a list of devices has to be quoted in it
    limits = Limits(
        memory=config.text("--memory"), cpuset=config.text("--cpuset-cpus"), cpus=config.text("--cpus"), gpus=gpus
    )
    shared = config.text("--shm-size")
    return limits, (*words, f"--shm-size={shared}") if shared else words


def _other_count(config: Effective) -> tuple[str, ...]:
    """A count on the command line that is not the definition's is worth a warning, no more (section 7)."""
    given, declared = config.option("--gpus"), config.resolver.get(("platform", "accelerator_count"))
    if declared is None or not str(given).isdigit() or str(declared).removesuffix(".0") == str(given):
        return ()
    return (f"--gpus={given}, but the definition says accelerator_count: {declared}",)


def _names_gpus(words: tuple[str, ...]) -> bool:
    return any(word == "--gpus" or word.startswith("--gpus=") for word in words)


def _without_gpus(words: tuple[str, ...]) -> tuple[str, ...]:
    kept: list[str] = []
    skip = False
    for word in words:
        if not skip and word != "--gpus" and not word.startswith("--gpus="):
            kept.append(word)
        skip = word == "--gpus" and not skip
    return tuple(kept)


def _singularity(config: Effective, request: Request, known: Facts) -> Platform:
    image = _singularity_image(config, known, shared=request.profile.map_user)
    gpus = config.option("--nv")
    if gpus is None:
        gpus = ""
    limits = Limits(
        memory=config.text("--vm-ram") or config.text("--memory"), gpus=_nv(str(gpus)),
        cpus=config.text("--vm-cpu") or config.text("--cpus"), cpuset=config.text("--cpuset-cpus"),
    )  # fmt: skip
    env = config.option("env_args")
    pairs = [(name, expand(_scalar(v), known)) for name, v in env.items()] if isinstance(env, dict) else []
    base = Job(
        "", (), image=image, limits=limits, network=config.text("--network"), security=config.text("--security"),
        option_words=option_words(config, "run_args", "", known), env=tuple(pairs),
    )  # fmt: skip
    executable = _present_engine(_executable(config, "singularity"), known)
    published = not request.profile.map_user and executable[-1] != "apptainer"
    return Platform(local(Apptainer(executable, virtual_machine=published)), base)


def _present_engine(words: tuple[str, ...], known: Facts) -> tuple[str, ...]:
    """Apptainer is the present name of the same program: it answers for ``singularity`` where only it is there."""
    if words[-1] != "singularity":
        return words
    import shutil

    path = known.environ.get("PATH", os.defpath)
    renamed = not shutil.which("singularity", path=path) and shutil.which("apptainer", path=path)
    return (*words[:-1], "apptainer") if renamed else words


def _nv(text: str) -> str:
    """A device selection for ``--nv``: every form of ``--gpus``, and the bare flag (a true value)."""
    if text.lower() in ("true", ""):
        return "all" if text else ""
    return checked_gpus(text)


def _singularity_image(config: Effective, known: Facts, *, shared: bool) -> Image:
    """The image file and its source (section 8): existing file, the cube's recipe, the docker section.

    Args:
        shared: what is made from a docker image is kept once per user, not in the cube.
    """
    directory = _image_directory(config)
    words = option_words(config, "build_args", "", known)
    own = isinstance(config.definition.raw, dict) and config.definition.raw.get("singularity") is not None
    recipe = config.text("build_file") or "Singularity.recipe"
    named = config.resolver.get(("singularity", "image")) or config.tree["runner"].get("image")
    name = "" if named in (None, "${singularity.image}") else config.text("image").strip()
    docker = config.resolver.get(("docker", "image"))
    usable = is_source(recipe) or os.path.isfile(os.path.join(config.root, recipe))
    if name and os.path.exists(os.path.join(directory, name)):
        return Image(os.path.join(directory, name), context=config.root, recipe=recipe, build_words=words)
    if usable and (name or own):
        file = name or image_file_name(os.path.basename(recipe))
        return Image(os.path.join(directory, file), context=config.root, recipe=recipe, build_words=words)
    if own or not docker:
        raise _no_source(config, recipe, docker)
    archive = config.resolver.get(("docker", "tar_file"))
    source = f"docker-archive:{archive}" if archive else f"docker://{docker}"
    file = name or image_file_name(str(docker))
    own_place = os.path.exists(os.path.join(directory, file))  # `mlcube configure` makes it there
    if shared and not own_place and _is_default(config.tree["runner"].get("image_dir")):
        directory = _shared_directory(config.root, source, known)
    return Image(os.path.join(directory, file), context=config.root, recipe=source, build_words=words)


def _no_source(config: Effective, recipe: str, docker: Any) -> Exception:
    if recipe and config.definition.tree.get("singularity") is not None:
        hint = f"write {recipe}, or set singularity.build_file to docker://IMAGE"
        path = os.path.join(config.root, recipe)
        return MalformedFile(f"the recipe file {path} does not exist",
                             where=config.definition.where(("singularity", "build_file")), hint=hint)  # fmt: skip
    return MalformedFile(
        f"singularity.image is required for platform {config.platform}",
        where=config.definition.where(("singularity",)), hint="add a singularity or a docker section",
    )  # fmt: skip


def _image_directory(config: Effective) -> str:
    """Where image files are kept. The default does not follow ``--workspace``: an image is made once."""
    if _is_default(config.tree["runner"].get("image_dir")):
        return os.path.join(config.root, "workspace", ".image")
    text = os.path.expanduser(config.text("image_dir"))
    return os.path.normpath(os.path.join(config.root, text))


def _is_default(directory: Any) -> bool:
    return directory in (None, "", "${runtime.workspace}/.image")


def _shared_directory(root: str, source: str, known: Facts) -> str:
    """Of an image file in the user's cache: named after its source, an archive's size and time included."""
    from franca.cube.places import cache_directory, key_of

    archive = source.removeprefix("docker-archive:")
    if archive != source:
        path = os.path.join(root, archive)
        stamp = os.stat(path) if os.path.exists(path) else None
        source = f"{path}\0{stamp.st_size} {stamp.st_mtime_ns}" if stamp else path
    return os.path.join(cache_directory(known.environ), "apptainer", key_of(source))


def _native(config: Effective, request: Request, known: Facts) -> Platform:
    from franca.cube.native import native_setup

    setup = native_setup(config, known)
    env = config.option("env_args")
    pairs = tuple((k, expand(_scalar(v), known)) for k, v in env.items()) if isinstance(env, dict) else ()
    base = Job("", (), entrypoint=setup.entrypoint, directory=setup.directory, env=pairs)
    return Platform(local(setup.container), base, setup.warnings, setup)


def _k8s(config: Effective, request: Request, known: Facts) -> Platform:
    from franca.cube.clusters import kubernetes_platform

    return kubernetes_platform(config, known)


def _kubeflow(config: Effective, request: Request, known: Facts) -> Platform:
    from franca.cube.clusters import kubeflow_platform

    return kubeflow_platform(config, known)


def _slurm(config: Effective, request: Request, known: Facts) -> Platform:
    raise UsageError("give the container after the launcher", hint="--platform=slurm+native, slurm+apptainer")


_BUILDERS = {
    "docker": _docker, "singularity": _singularity, "native": _native, "k8s": _k8s, "kubeflow": _kubeflow,
    "slurm": _slurm,
}  # fmt: skip
