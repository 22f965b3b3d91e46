"""Everything that running one script in a container takes, as data: what a dry run shows and a run does."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from franca.errors import UsageError
from franca.grammar.shell import quote
from franca.model.artifact import Repo
from franca.model.dialect import Dialect
from franca.model.job import Command, Image, Job, Limits, Mount, Stage
from franca.model.script import Script
from franca.planner.guards import is_true
from franca.publish import own_wheel
from franca.publish.containers.definition import definition, first_run
from franca.publish.containers.dockerfile import dockerfile
from franca.publish.containers.image import copied_files
from franca.publish.containers.inner import HOST_PLACES, Inner
from franca.publish.containers.mounts import Mounted, Places, mounted
from franca.publish.containers.settings import Settings
from franca.runners.apptainer import Apptainer, image_file_name
from franca.runners.container import Container
from franca.runners.docker import DockerLike
from franca.runners.words import Facts, split_options

_PROXIES = ("ftp_proxy", "http_proxy", "https_proxy", "no_proxy")
_TOKENS = ("GH_TOKEN", "HF_TOKEN")


class Host(NamedTuple):
    """What the plan needs to know about this machine."""

    environ: Mapping[str, str]
    uid: int
    gid: int
    directory: str
    cache: str  #: folder of cache entries of the script's dialect
    folder: str  #: where the recipe of the image and its build context may be made
    tool: tuple[str, ...] = ("docker",)
    beside: tuple[str, ...] = ()  #: folders of further scripts of the same repository that the script may call for

    @property
    def context(self) -> str:
        return os.path.join(self.folder, "context")

    @property
    def own_wheel(self) -> str:
        """Where a wheel of the running Franca may be made."""
        return os.path.join(self.folder, "wheels", own_wheel.NAME)

    @property
    def apptainer(self) -> bool:
        return os.path.basename(self.tool[-1]) in ("apptainer", "singularity")


class Copy(NamedTuple):
    """A file or folder of the host that goes into the image."""

    source: str
    name: str  #: in the build context
    target: str


class ContainerPlan(NamedTuple):
    recipe: str  #: the text of the Dockerfile or definition
    path: str  #: where it is written
    copies: tuple[Copy, ...]
    job: Job
    image: Stage
    command: Command
    inner: str
    mounted: Mounted
    secrets: dict[str, str]  #: variables for the engine's environment, from where the container takes them
    folders: tuple[str, ...] = ()  #: to be made before the run
    own_wheel: str = ""  #: where a wheel of the running Franca is expected


class _Making(NamedTuple):
    """What is copied into the image, and the commands of its making."""

    copies: tuple[Copy, ...]
    content: tuple[Copy, ...]
    commands: tuple[str, ...]
    package: str


def plan(
    script: Script, inputs: Mapping[str, Any], settings: Settings, env: Mapping[str, Any],
    mapping: Mapping[str, str], host: Host,
) -> ContainerPlan:  # fmt: skip
    """Raises UsageError for settings that cannot be met.

    Args:
        env: the variables of the script as far as they are known.
        mapping: the script's ``input_mapping``.
    """
    dialect = script.dialect
    brought = _brought(script, settings, env, host)
    inner = Inner(inputs, dialect, mounted=brought.env, mapping=mapping, leave_out=_host_only(dialect))
    making = _making(script, inputs, settings, mapping, brought, host)
    with_state = {dialect.key("RUN_STATE_DOCKER"): "True", **settings.dockerfile_env}
    settings = msgspec.structs.replace(settings, dockerfile_env=with_state, package=making.package)
    write = definition if host.apptainer else dockerfile
    text = write(settings, commands=making.commands, copies=_pairs(making.copies), content=_pairs(making.content))
    suffix = "def" if host.apptainer else "Dockerfile"
    path = os.path.join(host.folder, "dockerfiles", f"{settings.os}_{settings.os_version}.{suffix}")
    line = _final_line(inner, settings, host)
    job = _job(script, settings, brought, line, path, host, tuple(inner.secrets))
    engine: Container = Apptainer(host.tool) if host.apptainer else DockerLike(host.tool)
    image = Stage(engine.configure(job)) if settings.rebuild else engine.prepare(job)
    passed = {name: host.environ[name] for name in _passed(host)} if host.apptainer else {}
    secrets = {_variable(name, host): value for name, value in (passed | inner.secrets).items()}
    folders = (_home_here(host), _temporary_here(host)) if host.apptainer else ()
    copies = (*making.copies, *making.content)
    wheel = next((one.source for one in copies if one.source == host.own_wheel), "")
    return ContainerPlan(text, path, copies, job, image, engine.command(job), line, brought, secrets, folders, wheel)


def _pairs(copies: Sequence[Copy]) -> list[tuple[str, str]]:
    return [(one.name, one.target) for one in copies]


def _host_only(dialect: Dialect) -> tuple[str, ...]:
    return HOST_PLACES if dialect.is_new else ()


def _variable(name: str, host: Host) -> str:
    """What a variable of the container is called in the environment of the engine."""
    family = "APPTAINER" if "apptainer" in host.tool[-1] else "SINGULARITY"
    return f"{family}ENV_{name}" if host.apptainer else name


def _brought(script: Script, settings: Settings, env: Mapping[str, Any], host: Host) -> Mounted:
    dialect = script.dialect
    places = Places(dialect, settings.user, host.cache, host.directory)
    meta = script.meta
    files = [str(key) for key in meta.get("file_path_env_keys") or ()] if dialect.is_new else []
    folders = [str(key) for key in meta.get("folder_path_env_keys") or ()] if dialect.is_new else []
    if dialect.is_new:
        folders += ["MLC_INPUT", "MLC_OUTPUT", "MLC_OUTDIRNAME"]
    found = mounted(settings.mounts, env, places, files=files, folders=folders)
    if settings.mount_current_dir:
        target = settings.mount_current_dir if settings.mount_current_dir.startswith("/") else f"{places.home}/work"
        found = found._replace(mounts=(*found.mounts, Mount(host.directory, target)))
    return found


def _final_line(inner: Inner, settings: Settings, host: Host) -> str:
    line = "cm version && exec /bin/bash" if settings.skip_run_cmd else inner.line("--quiet", "--docker_run_deps")
    first = [first_run(settings)] if host.apptainer else []
    prefixed = [settings.run_cmd_prefix] if settings.run_cmd_prefix else []
    return " && ".join([*first, *settings.pre_run_cmds, *prefixed, line])


def _making(
    script: Script, inputs: Mapping[str, Any], settings: Settings, mapping: Mapping[str, str],
    brought: Mounted, host: Host,
) -> _Making:  # fmt: skip
    package, copies = _package(settings, host)
    for number, (source, target) in enumerate(copied_files(settings)):
        copies.append(_copied(source, target, number, script, host))
    commands, content = [], []
    if pull := _pull(script.repo, settings, script.dialect):
        commands.append(pull)
    elif script.repo.writable:
        content.append(Copy(script.path, "script", _home_of_script(script, settings, script.alias or script.uid)))
        names = [(path, os.path.basename(path)) for path in host.beside if path != script.path]
        content += [Copy(path, f"script-{name}", _home_of_script(script, settings, name)) for path, name in names]
    if line := _while_building(script.dialect, inputs, settings, mapping, brought):
        commands.append(" && ".join([*settings.pre_run_cmds, line]))
    return _Making(tuple(copies), tuple(content), (*commands, *settings.run_final_cmds), package)


def _package(settings: Settings, host: Host) -> tuple[str, list[Copy]]:
    """What pip installs there: wheels of the host by their places in the image."""
    words, copies = [], []
    for word in settings.package.split() or [host.own_wheel]:
        if word.endswith(".whl") and "://" not in word:
            name = os.path.basename(word)
            copies.append(Copy(os.path.join(host.directory, word), name, f"/opt/wheels/{name}"))
            word = copies[-1].target
        words.append(word)
    return " ".join(words), copies


def _copied(source: str, target: str, number: int, script: Script, host: Host) -> Copy:
    """A file of ``copy_files``: of the script's folder, else of the current directory."""
    for folder in (script.path, host.directory):
        path = os.path.join(folder, os.path.expanduser(source))
        if os.path.exists(path):
            return Copy(path, f"{number}-{os.path.basename(os.path.normpath(path))}", target)
    raise UsageError(f"docker_copy_files: there is no {source}", hint="name a file here, or one of the script's folder")


def _while_building(
    dialect: Dialect, inputs: Mapping[str, Any], settings: Settings, mapping: Mapping[str, str], brought: Mounted
) -> str:
    """The request without what only the host has; "" when it needs a secret, because an image is made to be shared."""
    host_only = [flag for flag, key in mapping.items() if key in brought.env or key in brought.unknown]
    left_out = {*settings.skip_input_for_fake_run, *host_only, *_host_only(dialect), "gh_token", "hf_token"}
    again = Inner(inputs, dialect, mapping=mapping, leave_out=left_out)
    if again.secrets:
        return ""
    flags = ["--quiet"] if settings.real_run else ["--fake_run", "--quiet"]
    return again.line(*flags, *(["--fake_deps"] if settings.fake_run_deps else []))


def is_pulled(repo: Repo) -> bool:
    """Whether it was brought by name, so that it can be brought into the image in the same way."""
    return repo.writable and is_true(repo.meta.get("git")) and "@" in repo.ref.alias


def _pull(repo: Repo, settings: Settings, dialect: Dialect) -> str:
    """The command that brings the script's repository into the image; "" when it comes otherwise."""
    name = settings.repo or (repo.ref.alias if is_pulled(repo) else "")
    if not name:
        return ""
    words = [*("mlc pull repo" if dialect.is_new else "cm pull repo").split(), name]
    if settings.repo_branch:
        words.append(f"--branch={settings.repo_branch}")
    return " ".join([*map(quote, words), *settings.repo_flags.split()])


def _home_of_script(script: Script, settings: Settings, name: str) -> str:
    store = "MLC/repos/local" if script.dialect.is_new else "CM/repos/local"
    return f"{settings.home}/{store}/script/{name}"


def _job(
    script: Script, settings: Settings, brought: Mounted, line: str, path: str, host: Host, secrets: tuple[str, ...]
) -> Job:  # fmt: skip
    passed = dict.fromkeys([*_passed(host), *secrets])
    env = {str(key): str(value) for key, value in settings.env.items()}
    user = _user(settings, host)
    if user:
        env.setdefault("HOME", settings.home)  # an account with other numbers than the image's has no home
    options = _apptainer_options(settings, host) if host.apptainer else _options(settings, list(passed), host)
    words = ("/bin/bash", "-c", line)
    return Job(
        name=script.alias or script.uid,
        words=() if host.apptainer else words,
        entrypoint=words if host.apptainer else (),
        image=_image(settings, path, host),
        mounts=brought.mounts,
        env=tuple(sorted(env.items())),
        directory=settings.home if host.apptainer else "",
        limits=Limits(gpus=settings.gpus),
        user=user,
        remove=not settings.detached,
        option_words=tuple(options),
    )


def _user(settings: Settings, host: Host) -> str:
    """The caller's numbers, unless the engine gives them anyway or the image's own account is asked for."""
    if host.apptainer or settings.user == "root" or not settings.use_host_user_id:
        return ""
    return f"{host.uid}:{host.gid}" if settings.use_host_group_id else str(host.uid)


def _proxies(host: Host) -> list[str]:
    return [name for base in _PROXIES for name in (base, base.upper()) if host.environ.get(name)]


def _passed(host: Host) -> list[str]:
    """Variables of the caller that the container has as well; their values stand in no command line."""
    return [*_proxies(host), *(name for name in _TOKENS if host.environ.get(name))]


def _image(settings: Settings, path: str, host: Host) -> Image:
    strategy = "always" if settings.rebuild else "auto"
    if not host.apptainer:
        words = _build_words(settings, _proxies(host), host)
        return Image(settings.image_name, context=host.context, recipe=path, strategy=strategy, build_words=words)
    name = settings.image_path or os.path.join(host.folder, image_file_name(settings.image_name))
    words = ("--force",) if settings.rebuild else ()
    words += ("--fakeroot",) if settings.fakeroot else ()
    words += ("--sandbox",) if settings.sandbox else ()
    name = os.path.join(host.directory, name)
    return Image(name, context=host.context, recipe=path, strategy=strategy, build_words=words)


def _home_here(host: Host) -> str:
    """The caller's folder that is the home of the image's account."""
    return os.path.join(host.folder, "home")


def _temporary_here(host: Host) -> str:
    """Without a folder of the host, ``/tmp`` of a contained run holds 64 MB only."""
    return os.path.join(host.folder, "work")


def _apptainer_options(settings: Settings, host: Host) -> list[str]:
    """The host's environment, home and temporary files stay outside; its network is the container's."""
    words = ["--cleanenv", "--contain", "--workdir", _temporary_here(host), "--writable-tmpfs"]
    words += ["--home", f"{_home_here(host)}:{settings.home}"]
    words += ["--fakeroot"] if settings.fakeroot else []
    facts = Facts(host.environ, host.uid, host.gid)
    return [*words, *split_options(settings.extra_run_args, facts, "extra_run_args")]


def _build_words(settings: Settings, proxies: Sequence[str], host: Host) -> tuple[str, ...]:
    """Arguments without values take them from the environment, and a proxy's never enters the image's history."""
    words = [f"--build-arg=UID={host.uid}"] if settings.use_host_user_id and host.uid else []
    words += [f"--build-arg=GID={host.gid}"] if settings.use_host_group_id and host.gid else []
    return (*words, *(f"--build-arg={name}" for name in proxies))


def _options(settings: Settings, passed: Sequence[str], host: Host) -> list[str]:
    """Options of ``run``; ``passed`` are variables whose values the engine takes from its own environment."""
    words = [word for name in passed for word in ("-e", name)]
    switches = (
        ("-d", settings.detached), ("-it", settings.interactive or settings.skip_run_cmd),
        ("--privileged", settings.privileged),
    )  # fmt: skip
    words += [flag for flag, on in switches if on]
    words += [f"--publish={one}" for one in settings.port_maps]
    words += [
        f"{flag}={value}" for flag, value in (("--device", settings.device), ("--shm-size", settings.shm_size)) if value
    ]
    facts = Facts(host.environ, host.uid, host.gid)
    return [*words, *split_options(settings.extra_run_args, facts, "docker_extra_run_args")]
