"""Launchers in front of a cube's container: another machine by ssh, or Slurm."""

from __future__ import annotations

import os

from franca.cube.config import Effective
from franca.cube.platform import Platform
from franca.cube.request import Options, Request
from franca.errors import MalformedFile, UsageError
from franca.model.job import Limits
from franca.model.light import Any
from franca.runners.container import checked_gpus
from franca.runners.runner import Runner
from franca.runners.ssh import SSH, Connection
from franca.runners.words import Facts, split_options

Tree = dict[str, Any]


def launched(found: Platform, config: Effective, request: Request, known: Facts) -> Platform:
    """The platform's container behind the launcher that the request names."""
    section = config.resolver.get(("launcher",))
    if config.launcher == "ssh":
        connection = connection_of(section, config, request)
        root = text_of(section, "remote_root") or "franca-cubes"
        launcher: Any = SSH(connection, root, config.root)
        return found._replace(runner=Runner(launcher, found.runner.container))
    launcher = _slurm(section, config, known)
    base = found.base._replace(limits=_granted(found.base.limits, request.options))
    return found._replace(runner=Runner(launcher, found.runner.container), base=base)


def _granted(limits: Limits, options: Options) -> Limits:
    """Slurm gives what was asked for on the command line also where the container cannot."""
    return limits._replace(
        memory=limits.memory or options.memory or "",
        cpuset=limits.cpuset or (options.cpu or "" if not limits.cpus else ""),
        gpus=limits.gpus or checked_gpus(options.gpus or ""),
    )


def _slurm(section: Tree, config: Effective, known: Facts) -> Any:
    from franca.runners.slurm import Slurm

    mode = text_of(section, "mode") or "srun"
    if mode not in ("srun", "sbatch"):
        raise MalformedFile(
            f"slurm.mode must be srun or sbatch, not {mode!r}", where=config.definition.where(("slurm",))
        )
    log = os.path.join(config.workspace, "slurm-%x.log")
    return Slurm(
        text_of(section, "partition"), text_of(section, "account"), text_of(section, "time"), text_of(section, "gres"),
        split_options(text_of(section, "args"), known, "slurm.args"), mode == "sbatch", log,
    )  # fmt: skip


def connection_of(section: Tree, config: Effective, request: Request) -> Connection:
    """The other machine, from the platform's keys; ``identify_file`` is the published spelling."""
    host = text_of(section, "host")
    if not host or host.startswith("-") or host != host.strip():
        raise MalformedFile(
            f"ssh needs the host of the other machine, not {host!r}", where=config.definition.where(("ssh",)),
            hint=f"set platforms.{config.platform.split('+')[0]}.host in {config.settings.path}, or -Pssh.host=NAME",
        )  # fmt: skip
    authentication = section.get("authentication") or {}
    if not isinstance(authentication, dict):
        raise MalformedFile("authentication must be a map", where=config.definition.where(("ssh", "authentication")))
    identity = text_of(authentication, "identify_file") or text_of(authentication, "identity_file")
    wanted = section.get("host_keys")
    safe = request.profile.check_host_keys or bool(config.launcher)
    check = safe if wanted is None else wanted in (True, "check")
    return Connection(
        host, text_of(authentication, "user"), identity, text_of(section, "port"), check,
        tuple((text_of(section, "ssh") or "ssh").split()), tuple((text_of(section, "rsync") or "rsync").split()),
    )  # fmt: skip


def text_of(section: Tree, key: str) -> str:
    """A key's value as text; "" where it is absent."""
    value = section.get(key)
    if isinstance(value, (dict, list)):
        raise UsageError(f"{key} must be text")
    return "" if value is None else str(value)
