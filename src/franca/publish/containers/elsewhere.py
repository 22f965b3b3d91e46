"""Scripts on other machines: the command lines of ``remote-run`` and ``slurm-run`` (script engine, 15.7 and 15.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from franca.errors import UsageError
from franca.grammar.shell import is_name, quote
from franca.model.dialect import Dialect
from franca.model.job import Command
from franca.planner.guards import is_true
from franca.publish.containers.inner import Inner
from franca.runners.words import Facts, split_options

_SLURM = (
    "partition", "nodes", "ntasks", "ntasks_per_node", "cpus_per_task", "gpus", "gpus_per_node", "gpus_per_task", "mem",
    "mem_per_cpu", "mem_per_gpu", "time", "job_name", "output", "error", "account", "qos", "constraint", "export",
)  # fmt: skip
_DEFAULTS = {"nodes": "1", "ntasks": "1", "export": "ALL"}


class Elsewhere(NamedTuple):
    """Commands in order; ``secrets`` are variables of the environment in which they start."""

    commands: tuple[Command, ...]
    inner: str
    secrets: dict[str, str]


def slurm_run(inputs: Mapping[str, Any], dialect: Dialect, facts: Facts) -> Elsewhere:
    """One job step that runs the script. Raises UsageError for flags that exclude each other."""
    read = _Wishes("slurm", inputs)
    inner = Inner(inputs, dialect)
    lines = _lines(read, inner.line("--quiet"), dialect)
    words = ["srun"]
    for name in _SLURM:
        if value := read.text(name, _DEFAULTS.get(name, "")):
            words.append(f"--{name.replace('_', '-')}={value}")
    words += ["--exclusive"] if read.on("exclusive") else []
    words += split_options(read.text("srun_extra_args"), facts, "slurm_srun_extra_args")
    step = Command((*words, "bash", "-c", " && ".join(lines)), purpose="run the job step")
    return Elsewhere((step,), lines[-1], inner.secrets)


def remote_run(inputs: Mapping[str, Any], dialect: Dialect, facts: Facts) -> Elsewhere:
    """Files there, the script there, files back. What the other side runs goes over its standard input.

    Raises:
        UsageError: a password (it would stand in a command line), a host that looks like an option, a bad port.
    """
    read = _Wishes("remote", inputs)
    place, options = _place(read)
    inner = Inner(inputs, dialect)
    lines = _lines(read, inner.line("--quiet", *_copied_env(read)), dialect)
    exports = {**read.mapping("env"), **inner.secrets}
    for name in exports:
        if not is_name(name):
            raise UsageError(f"--remote_env.{name}: not the name of a variable")
    text = "\n".join([*(f"export {k}={quote(str(v))}" for k, v in sorted(exports.items())), " && ".join(lines), ""])
    run = Command(("ssh", *options, place, "bash", "-s"), stdin=text, purpose=f"run the script on {place}")
    copies = _copies(read, place, options)
    back = _copies_back(inputs, place, options)
    return Elsewhere((*copies, run, *back), lines[-1], {})


def _place(read: _Wishes) -> tuple[str, tuple[str, ...]]:
    """``user@host`` and the options of ssh."""
    if read.text("password"):
        raise UsageError("--remote_password would stand in a command line", hint="use a key: --remote_ssh_key_file=..")
    host, user, port = read.text("host", "localhost"), read.text("user"), read.text("port", "22")
    if host.startswith("-") or user.startswith("-") or not (host + user).isprintable() or " " in host + user:
        raise UsageError(f"--remote_host={host!r} is not the name of a host")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(f"--remote_port={port!r} is not a port")
    options = ["-o", "BatchMode=yes", "-o", f"Port={port}"]
    options += ["-i", read.text("ssh_key_file")] if read.text("ssh_key_file") else []
    options += ["-o", "StrictHostKeyChecking=no"] if read.on("skip_host_verify") else []
    return (f"{user}@{host}" if user else host), tuple(options)


def _lines(read: _Wishes, command: str, dialect: Dialect) -> list[str]:
    """What happens there, in order; the script's own command is last but for the commands after it."""
    if read.on("no_internet") and read.on("mlcflow_upgrade"):
        raise UsageError(f"--{read.prefix}_no_internet and --{read.prefix}_mlcflow_upgrade exclude each other")
    venv = read.text("python_venv")
    lines = [f". {quote(venv)}/bin/activate"] if venv else []
    lines += ["python3 -m pip install --upgrade franca"] if read.on("mlcflow_upgrade") else []
    pull = "mlc pull repo" if dialect.is_new else "cm pull repo"
    lines += [f"{pull} {quote(name)}" for name in read.texts("pull_mlc_repos")]
    return [*lines, *read.texts("pre_run_cmds"), command, *read.texts("post_run_cmds")]


def _copied_env(read: _Wishes) -> list[str]:
    """Flags for the variables that name copied files."""
    folder = read.text("copy_directory", "mlc-remote-artifacts")
    files = read.mapping("copy_env_files")
    return [quote(f"--env.{key}={folder}/{str(path).rpartition('/')[2]}") for key, path in sorted(files.items())]


def _copies(read: _Wishes, place: str, options: tuple[str, ...]) -> tuple[Command, ...]:
    files = [*read.texts("files_to_copy"), *map(str, read.mapping("copy_env_files").values())]
    if not files:
        return ()
    folder = read.text("copy_directory", "mlc-remote-artifacts")
    make = Command(("ssh", *options, place, "mkdir", "-p", "--", quote(folder)), purpose=f"make {folder} on {place}")
    copy = Command(("scp", "-r", *options, "--", *files, f"{place}:{folder}/"), purpose=f"copy files to {place}")
    return make, copy


def _copies_back(inputs: Mapping[str, Any], place: str, options: tuple[str, ...]) -> tuple[Command, ...]:
    files = _texts(inputs.get("files_to_copy_back"))
    target = str(inputs.get("path_to_copy_back_files") or ".")
    words = ("scp", "-r", *options, "--", *(f"{place}:{path}" for path in files), target)
    return (Command(words, purpose=f"bring files back from {place}"),) if files else ()


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
