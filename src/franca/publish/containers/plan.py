"""Everything that running one script in a container takes, as data: what a dry run shows and a run does."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from franca.grammar.shell import quote
from franca.model.artifact import Repo
from franca.model.dialect import Dialect
from franca.model.job import Command, Image, Job, Limits, Mount, Stage
from franca.model.script import Script
from franca.planner.guards import is_true
from franca.publish.containers.dockerfile import dockerfile
from franca.publish.containers.inner import Inner
from franca.publish.containers.mounts import Mounted, Places, mounted
from franca.publish.containers.settings import Settings
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
    folder: str  #: where Dockerfile and build context may be made
    tool: tuple[str, ...] = ("docker",)


class ContainerPlan(NamedTuple):
    dockerfile: str
    path: str  #: of the Dockerfile
    copies: tuple[tuple[str, str], ...]  #: (path on the host, name in the build context)
    image: Stage
    command: Command
    inner: str
    mounted: Mounted
    secrets: dict[str, str]  #: variables for the engine's environment, from where the container takes them


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
    inner = Inner(inputs, dialect, mounted=brought.env, mapping=mapping)
    line = _final_line(inner, settings)
    copies, commands = _while_building(script, inputs, settings, mapping, brought)
    path = os.path.join(host.folder, "dockerfiles", f"{settings.os}_{settings.os_version}.Dockerfile")
    with_state = {dialect.key("RUN_STATE_DOCKER"): "True", **settings.dockerfile_env}
    text = dockerfile(_with_env(settings, with_state), commands=commands, copies=[(n, t) for _, n, t in copies])
    job = _job(script, settings, brought, inner, line, path, host)
    engine = DockerLike(host.tool)
    stage = engine.prepare(job)
    return ContainerPlan(
        text, path, tuple((s, n) for s, n, _ in copies), stage, engine.command(job), line, brought, inner.secrets
    )


def _with_env(settings: Settings, env: dict[str, Any]) -> Settings:
    import msgspec

    return msgspec.structs.replace(settings, dockerfile_env=env)


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


def _final_line(inner: Inner, settings: Settings) -> str:
    line = inner.line("--quiet", "--docker_run_deps")
    if settings.skip_run_cmd:
        line = "cm version"
    prefixed = [settings.run_cmd_prefix] if settings.run_cmd_prefix else []
    return " && ".join([*settings.pre_run_cmds, *prefixed, line])


def _while_building(
    script: Script, inputs: Mapping[str, Any], settings: Settings, mapping: Mapping[str, str], brought: Mounted
) -> tuple[list[tuple[str, str, str]], list[str]]:
    """What is copied into the image (host path, name in the context, target), and the commands of its making."""
    dialect = script.dialect
    copies, commands = [], []
    if settings.package.endswith(".whl"):
        name = os.path.basename(settings.package)
        copies.append((os.path.abspath(settings.package), name, f"/tmp/{name}"))  # noqa: S108 - inside the image
    pull = _pull(script.repo, settings, dialect)
    if pull:
        commands.append(pull)
    elif script.repo.writable:
        copies.append((script.path, "script", _home_of_script(script, settings)))
    host_only = [flag for flag, key in mapping.items() if key in brought.env or key in brought.unknown]
    again = Inner(
        inputs,
        dialect,
        mapping=mapping,
        leave_out=[*settings.skip_input_for_fake_run, *host_only, *_secret_inputs(inputs)],
    )
    flags = ["--quiet"] if settings.real_run else ["--fake_run", "--quiet"]
    if settings.fake_run_deps:
        flags.append("--fake_deps")
    line = again.line(*flags)
    if not again.secrets:  # an image is made to be shared
        commands.append(" && ".join([*settings.pre_run_cmds, line]))
    return copies, [*commands, *settings.run_final_cmds]


def _secret_inputs(inputs: Mapping[str, Any]) -> list[str]:
    return [key for key in ("gh_token", "hf_token") if inputs.get(key)]


def _pull(repo: Repo, settings: Settings, dialect: Dialect) -> str:
    """The command that brings the script's repository into the image; "" when it comes otherwise."""
    pulled = repo.writable and is_true(repo.meta.get("git")) and "@" in repo.ref.alias
    name = settings.repo or (repo.ref.alias if pulled else "")
    if not name:
        return ""
    words = [*("mlc pull repo" if dialect.is_new else "cm pull repo").split(), name]
    if settings.repo_branch:
        words.append(f"--branch={settings.repo_branch}")
    return " ".join([*map(quote, words), *settings.repo_flags.split()])


def _home_of_script(script: Script, settings: Settings) -> str:
    home = "/root" if settings.user == "root" else f"/home/{settings.user}"
    store = "MLC/repos/local" if script.dialect.is_new else "CM/repos/local"
    return f"{home}/{store}/script/{script.alias or script.uid}"


def _job(script: Script, settings: Settings, brought: Mounted, inner: Inner, line: str, path: str, host: Host) -> Job:
    proxies = [name for base in _PROXIES for name in (base, base.upper()) if host.environ.get(name)]
    passed = dict.fromkeys([*proxies, *(name for name in _TOKENS if host.environ.get(name)), *inner.secrets])
    return Job(
        name=script.alias or script.uid,
        words=("/bin/bash", "-c", line),
        image=Image(
            settings.image_name,
            context=os.path.join(host.folder, "context"),
            recipe=path,
            strategy="always" if settings.rebuild else "auto",
            build_words=_build_words(settings, proxies, host),
        ),
        mounts=brought.mounts,
        env=tuple((str(key), str(value)) for key, value in sorted(settings.env.items())),
        limits=Limits(gpus=settings.gpus),
        remove=not settings.detached,
        option_words=tuple(_options(settings, list(passed), host)),
    )


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
