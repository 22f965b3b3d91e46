"""Scripts on other machines: the command lines of ``remote-*`` and ``slurm-*`` (script engine, 15.7 and 15.8).

What runs there is the request again, for another action: ``remote-docker`` is ``docker`` on the other side.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from franca.errors import UsageError
from franca.grammar.shell import is_name, quote
from franca.model.dialect import Dialect
from franca.model.job import Command
from franca.planner.guards import is_true
from franca.publish.containers.inner import SECRET_INPUTS, Inner
from franca.runners.ssh import Connection
from franca.runners.words import Facts, split_options

_SLURM = (
    "partition", "nodes", "ntasks", "ntasks_per_node", "cpus_per_task", "gpus", "gpus_per_node", "gpus_per_task", "mem",
    "mem_per_cpu", "mem_per_gpu", "time", "job_name", "output", "error", "account", "qos", "constraint", "export",
)  # fmt: skip
_DEFAULTS = {"nodes": "1", "ntasks": "1", "export": "ALL"}
_ARTIFACTS = "mlc-remote-artifacts"
_REPOS = {True: "MLC/repos", False: "CM/repos"}


class Elsewhere(NamedTuple):
    """Commands in order; ``secrets`` are variables of the environment in which they start."""

    commands: tuple[Command, ...]
    inner: str
    secrets: dict[str, str]
    hidden: tuple[str, ...] = ()  #: texts in them that nobody is to be shown


class ToCopy(NamedTuple):
    """Files of this machine that a remote run needs: those of variables, others, and whole repositories."""

    by_variable: Mapping[str, str] = {}
    mapping: Mapping[str, str] = {}  #: input -> variable: inputs that name a copied file are rewritten
    repos: tuple[str, ...] = ()


def slurm_run(inputs: Mapping[str, Any], dialect: Dialect, facts: Facts, action: str = "run") -> Elsewhere:
    """One job step that runs the script. Raises UsageError for flags that exclude each other."""
    read = _Wishes("slurm", inputs)
    inner = Inner(inputs, dialect, action=action)
    lines = _lines(read, inner.line("--quiet"), dialect)
    words = ["srun"]
    for name in _SLURM:
        if value := read.text(name, _DEFAULTS.get(name, "")):
            words.append(f"--{name.replace('_', '-')}={_exported(value, inner) if name == 'export' else value}")
    words += ["--exclusive"] if read.on("exclusive") else []
    words += split_options(read.text("srun_extra_args"), facts, "slurm_srun_extra_args")
    step = Command((*words, "bash", "-c", " && ".join(lines.all)), purpose="run the job step")
    return Elsewhere((step,), lines.command, inner.secrets)


def _exported(value: str, inner: Inner) -> str:
    """The variables that go along; secrets go with them, since the command reads them there."""
    if not inner.secrets or "ALL" in value.split(","):
        return value
    return SECRET_INPUTS if value == "NONE" else f"{value},{SECRET_INPUTS}"


def remote_run(
    inputs: Mapping[str, Any], dialect: Dialect, facts: Facts, action: str = "run", files: ToCopy | None = None
) -> Elsewhere:
    """Files there, the script there, files back. What the other side runs goes over its standard input.

    Raises:
        UsageError: a password (it would stand in a command line), a host that looks like an option, a bad port.
    """
    read = _Wishes("remote", inputs)
    connection = _connection(read)
    files = files or ToCopy()
    folder = read.text("copy_directory", _ARTIFACTS)
    there = {key: f"{folder}/{os.path.basename(str(path))}" for key, path in sorted(files.by_variable.items())}
    inner = Inner(inputs, dialect, action=action, mounted=there, mapping=files.mapping)
    lines = _lines(read, inner.line("--quiet"), dialect, [os.path.basename(path) for path in files.repos])
    exports = {**read.mapping("env"), **inner.secrets}
    for name in exports:
        if not is_name(name):
            raise UsageError(f"--remote_env.{name}: not the name of a variable")
    text = "\n".join([*(f"export {k}={quote(str(v))}" for k, v in sorted(exports.items())), " && ".join(lines.all), ""])
    words = (*connection.words(), connection.target, *_shell(read), "-s")
    run = Command(words, stdin=text, purpose=f"run the script on {connection.target}")
    copies = _copies([*read.texts("files_to_copy"), *map(str, files.by_variable.values())], folder, connection)
    copies += _copies(files.repos, read.text("mlc_repos_path", _REPOS[dialect.is_new]), connection)
    hidden = tuple(map(quote, inner.secrets.values()))
    return Elsewhere((*copies, run, *_copies_back(read, dialect, connection)), lines.command, {}, hidden)


def _connection(read: _Wishes) -> Connection:
    if read.text("password"):
        raise UsageError("--remote_password would stand in a command line", hint="use a key: --remote_ssh_key_file=..")
    host, user, port = read.text("host", "localhost"), read.text("user"), read.text("port", "22")
    if host.startswith("-") or user.startswith("-") or not (host + user).isprintable() or " " in host + user:
        raise UsageError(f"--remote_host={host!r} is not the name of a host")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(f"--remote_port={port!r} is not a port")
    refresh = read.text("client_refresh")
    if refresh and not refresh.isdigit():
        raise UsageError(f"--remote_client_refresh={refresh!r} is not a number of seconds")
    program: tuple[str, ...] = ("ssh", "-o", "BatchMode=yes")
    program += ("-o", f"ServerAliveInterval={refresh}") if refresh else ()
    check = not read.on("skip_host_verify")
    return Connection(host, user, read.text("ssh_key_file"), port, check_host_keys=check, program=program)


def _shell(read: _Wishes) -> list[str]:
    """The shell there and its options; what it reads is written for bash."""
    words = (read.text("shell") or "bash").split()
    if os.path.basename(words[0]) != "bash":
        raise UsageError(f"--remote_shell={words[0]}: only bash reads what is sent", hint="--remote_shell='bash -l'")
    return [quote(word) for word in words]


class _Lines(NamedTuple):
    all: list[str]
    command: str  #: the script's own among them


def _lines(read: _Wishes, command: str, dialect: Dialect, repos: list[str] | None = None) -> _Lines:
    """What happens there, in order."""
    if read.on("no_internet") and (read.on("mlcflow_upgrade") or read.value("pull_mlc_repos")):
        what = "mlcflow_upgrade" if read.on("mlcflow_upgrade") else "pull_mlc_repos"
        raise UsageError(f"--{read.prefix}_no_internet and --{read.prefix}_{what} exclude each other")
    venv = read.text("python_venv")
    word = "mlc" if dialect.is_new else "cm"
    lines = [f". {quote(venv)}/bin/activate"] if venv else []
    lines += ["python3 -m pip install --upgrade franca"] if read.on("mlcflow_upgrade") else []
    lines += _isolated(read, dialect) if read.on("isolated") else []
    lines += [f"{word} pull repo"] if read.value("pull_mlc_repos") is True else []
    lines += [f"{word} pull repo {quote(name)}" for name in read.texts("pull_mlc_repos")]
    at = read.text("mlc_repos_path", _REPOS[dialect.is_new])
    lines += [f"{word} add repo {quote(f'{at}/{name}')}" for name in repos or ()]
    lines += [*read.texts("pre_run_cmds"), command]
    lines += _kept_cache(read, dialect) if read.prefix == "slurm" else []
    return _Lines([*lines, *read.texts("post_run_cmds")], command)


def _isolated(read: _Wishes, dialect: Dialect) -> list[str]:
    """A storage root of its own, removed at the end."""
    base = read.text("isolated_base_dir")
    made = f"mktemp -d -p {quote(base)}" if base else "mktemp -d"
    key = "MLC_REPOS" if dialect.is_new else "CM_REPOS"
    start = [f"mkdir -p {quote(base)}"] if base else []
    return [*start, f'export {key}="$({made})"', f"trap 'rm -rf \"${key}\"' EXIT"]


def _kept_cache(read: _Wishes, dialect: Dialect) -> list[str]:
    """The cache entries of an isolated run, kept in a folder; nodes of a cluster share their files with us."""
    if not read.on("copy_back_mlc_cache"):
        return []
    if not read.on("isolated"):
        raise UsageError("--slurm_copy_back_mlc_cache: without --slurm_isolated the cache is here already")
    folder = quote(read.text("copy_back_mlc_cache_path", "mlc-cache"))
    root = '"$MLC_REPOS"/local/cache' if dialect.is_new else '"$CM_REPOS"/repos/local/cache'
    return [f"mkdir -p {folder}", f"cp -R {root}/. {folder}"]


def _copies(paths: Collection[str], folder: str, connection: Connection) -> tuple[Command, ...]:
    if not paths:
        return ()
    make = connection.command(f"mkdir -p -- {quote(folder)}", f"make {folder} on {connection.target}")
    return (make, *(connection.push(_local(path), f"{folder}/") for path in paths))


def _local(path: str) -> str:
    """A path that is neither taken for ``host:path`` nor for a flag."""
    return f"./{path}" if path.startswith("-") or (":" in path and not path.startswith(("/", "."))) else path


def _copies_back(read: _Wishes, dialect: Dialect, connection: Connection) -> tuple[Command, ...]:
    target = str(read.inputs.get("path_to_copy_back_files") or ".")
    pairs = [(path, target) for path in _texts(read.inputs.get("files_to_copy_back"))]
    if read.on("copy_back_mlc_cache"):
        if read.on("isolated"):
            raise UsageError("--remote_copy_back_mlc_cache: an isolated run leaves no cache there")
        repos = read.text("mlc_repos_path", _REPOS[dialect.is_new])
        pairs.append((f"{repos}/local/cache", read.text("copy_back_mlc_cache_path", ".")))
    return tuple(connection.pull(path, _local(target)) for path, target in pairs)


class _Wishes:
    """Inputs that begin with ``remote_`` or ``slurm_``."""

    def __init__(self, prefix: str, inputs: Mapping[str, Any]) -> None:
        self.prefix, self.inputs = prefix, inputs

    def value(self, name: str) -> Any:
        return self.inputs.get(f"{self.prefix}_{name}")

    def text(self, name: str, default: str = "") -> str:
        value = self.value(name)
        return default if value in (None, "", True, False) else str(value)

    def texts(self, name: str) -> list[str]:
        return _texts(self.value(name))

    def on(self, name: str) -> bool:
        return is_true(self.value(name))

    def mapping(self, name: str) -> dict[str, Any]:
        value = self.value(name)
        return dict(value) if isinstance(value, Mapping) else {}


def _texts(value: Any) -> list[str]:
    if value in (None, "", True, False):
        return []
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else [str(value)]
