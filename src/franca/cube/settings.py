"""The per-user system settings: which platforms exist and how they are configured (MLCube spec, section 12).

The file is read as both published versions of the tool write it. What it lacks is filled in from the
built-in defaults in memory; it is written only by ``config`` and when a command that runs something
finds none.
"""

from __future__ import annotations

import os

from franca.cube.tree import copied, merged
from franca.errors import Location, MalformedFile, NotFound, UsageError
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Tree = dict[str, Any]

DOCKER: Tree = {
    "runner": "docker", "image": "${docker.image}", "docker": "docker", "env_args": {}, "gpu_args": "",
    "cpu_args": "", "build_args": {}, "build_context": ".", "build_file": "Dockerfile",
    "build_strategy": "pull", "--network": None, "--security-opt": None, "--gpus": None,
    "--memory": None, "--cpuset-cpus": None,
}  # fmt: skip
SINGULARITY: Tree = {
    "runner": "singularity", "image": "${singularity.image}", "image_dir": "${runtime.workspace}/.image",
    "singularity": "singularity", "build_args": "--fakeroot", "run_args": "",
    "build_file": "Singularity.recipe", "--network": None, "--security": None, "--nv": None,
    "--vm-ram": None, "--vm-cpu": None,
}  # fmt: skip
SSH: Tree = {
    "runner": "ssh", "host": "", "platform": "docker", "remote_root": "",
    "interpreter": {"type": "system", "python": "python3", "requirements": ""}, "authentication": {},
}  # fmt: skip
K8S: Tree = {"runner": "k8s", "pvc": "${name}", "image": "${docker.image}", "namespace": "default"}
KUBEFLOW: Tree = {"runner": "kubeflow", "image": "${docker.image}", "pvc": "???", "namespace": "default",
                  "pipeline_host": ""}  # fmt: skip
GCP: Tree = {"runner": "gcp", "gcp": {}, "instance": {}, "platform": ""}
NATIVE: Tree = {"runner": "native", "python": "", "requirements": None, "entrypoint": "", "cwd": "",
                "environment": "", "env_args": {}}  # fmt: skip
SLURM: Tree = {"runner": "slurm", "platform": "native", "partition": "", "account": "", "time": "", "args": ""}

#: Default platform of each runner, by runner name; the first ones are the published tool's.
DEFAULTS: dict[str, Tree] = {
    "docker": DOCKER, "singularity": SINGULARITY, "ssh": SSH, "k8s": K8S, "kubeflow": KUBEFLOW, "gcp": GCP,
    "native": NATIVE, "slurm": SLURM,
}  # fmt: skip
#: Keys that a platform may have although the defaults lack them.
FURTHER: dict[str, frozenset[str]] = {
    "docker": frozenset({"--mount_opts", "tar_file", "user", "remove", "--cpus", "--shm-size"}),
    "singularity": frozenset({"--mount_opts", "--cpus", "--cpuset-cpus", "--memory", "env_args"}),
    "ssh": frozenset({"host_keys", "port", "ssh", "rsync", "--mount_opts"}),
    "k8s": frozenset({"context", "kubectl", "backoff_limit", "timeout", "env_args", "keep", "--gpus", "--memory"}),
    "kubeflow": frozenset({"pipeline", "kfp", "env_args", "--gpus", "--memory"}),
    "gcp": frozenset(),
    "native": frozenset({"--mount_opts"}),
    "slurm": frozenset({"mode", "gres", "srun", "sbatch"}),
}
#: Platforms that exist without being configured, beside one per runner.
FURTHER_PLATFORMS: dict[str, Tree] = {
    "podman": {**DOCKER, "docker": "podman"},
    "apptainer": {**SINGULARITY, "singularity": "apptainer"},
    "kubernetes": dict(K8S),
}
PACKAGES = {name: f"mlcube_{name}" for name in DEFAULTS}


class Settings:
    """The settings file and what the built-in defaults add to it.

    ``tree`` is complete: ``runners``, ``platforms``, ``storage``.
    """

    def __init__(self, path: str, tree: Tree, exists: bool) -> None:
        self.path = path
        self.tree = tree
        self.exists = exists

    def platform(self, name: str) -> Tree:
        """The entry of the platform ``name``. Raises NotFound with the names there are."""
        entry = self.tree["platforms"].get(name)
        if entry is None:
            known = ", ".join(self.tree["platforms"])
            raise NotFound(
                f"unknown platform {name!r}", where=Location(self.path, key="platforms"),
                hint=f"platforms: {known}; make one: mlcube config --create-platform RUNNER {name}",
            )  # fmt: skip
        if not isinstance(entry, dict) or not isinstance(entry.get("runner"), str):
            raise MalformedFile(
                "a platform is a map with the key 'runner'", where=Location(self.path, key=f"platforms.{name}"),
                hint=f"remove it: mlcube config --remove-platform {name}",
            )  # fmt: skip
        return entry

    def runner_type(self, entry: Tree) -> str:
        """The built-in runner behind an entry; runners may have been renamed in the settings."""
        name = entry["runner"]
        package = self.tree["runners"].get(name) or {}
        known = package.get("pkg", "").removeprefix("mlcube_") if isinstance(package, dict) else ""
        runner = name if name in DEFAULTS else known
        if runner not in DEFAULTS:
            raise NotFound(
                f"unknown runner {name!r}", where=Location(self.path, key="platforms"),
                hint=f"runners: {', '.join(DEFAULTS)}",
            )  # fmt: skip
        return runner

    def save(self) -> None:
        from franca.catalog.marked import dump
        from franca.cube.files import write_atomic

        write_atomic(self.path, dump(self.tree))
        self.exists = True


def settings_path(environ: Mapping[str, str]) -> str:
    return environ.get("MLCUBE_SYSTEM_SETTINGS") or os.path.join(environ.get("HOME", ""), "mlcube.yaml")


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read and complete the settings. Raises MalformedFile when the file is not a map of maps."""
    path = settings_path(environ)
    tree: Tree = {}
    exists = os.path.exists(path)
    if exists:
        tree = _read(path, environ)
    return Settings(path, _completed(tree), exists)


def _read(path: str, environ: Mapping[str, str]) -> Tree:
    from franca.cube.parsed import read_marked

    document, _ = read_marked(path, environ)
    tree = {} if document.value is None else document.value
    hint = "correct the file, or move it away and let 'mlcube config' write a new one"
    if not isinstance(tree, dict):
        raise MalformedFile("the system settings must be a map", where=document.where(()), hint=hint)
    for section in ("runners", "platforms", "storage"):
        if not isinstance(tree.get(section) or {}, dict):
            raise MalformedFile(f"'{section}' must be a map", where=document.where((section,)), hint=hint)
    return tree


def _completed(tree: Tree) -> Tree:
    runners = dict(tree.get("runners") or {})
    platforms = dict(tree.get("platforms") or {})
    renamed = {entry.get("pkg") for name, entry in runners.items() if isinstance(entry, dict) and name not in DEFAULTS}
    for name, defaults in DEFAULTS.items():
        if PACKAGES[name] not in renamed:
            runners.setdefault(name, {"pkg": PACKAGES[name]})
            platforms.setdefault(name, copied(defaults))
    for name, defaults in FURTHER_PLATFORMS.items():
        if defaults["runner"] in runners:
            platforms.setdefault(name, copied(defaults))
    rest = {key: value for key, value in tree.items() if key not in ("runners", "platforms", "storage")}
    return {"runners": runners, "platforms": platforms, "storage": tree.get("storage") or {}, **rest}


def filled(entry: Tree, runner: str) -> tuple[Tree, list[str]]:
    """``entry`` with the keys it lacks taken from the runner's defaults, and the names of those keys."""
    defaults = DEFAULTS[runner]
    lacking = [key for key in defaults if key not in entry]
    return merged({key: copied(defaults[key]) for key in lacking}, entry), lacking


# The edits behind ``mlcube config``: each raises when it is refused, so that the exit status tells.


def create_platform(settings: Settings, runner: str, name: str) -> None:
    if runner not in settings.tree["runners"]:
        raise NotFound(f"unknown runner {runner!r}", hint=f"runners: {', '.join(settings.tree['runners'])}")
    _refuse_existing(settings, name)
    kind = settings.runner_type({"runner": runner})
    settings.tree["platforms"][name] = {**copied(DEFAULTS[kind]), "runner": runner}


def remove_platform(settings: Settings, name: str) -> None:
    settings.tree["platforms"].pop(name, None)


def rename_platform(settings: Settings, old: str, new: str) -> None:
    copy_platform(settings, old, new)
    del settings.tree["platforms"][old]


def copy_platform(settings: Settings, old: str, new: str) -> None:
    entry = settings.platform(old)
    _refuse_existing(settings, new)
    settings.tree["platforms"][new] = copied(entry)


def rename_runner(settings: Settings, old: str, new: str, update_platforms: bool) -> None:
    runners, users = settings.tree["runners"], _users(settings, old)
    if old not in runners:
        raise NotFound(f"unknown runner {old!r}", hint=f"runners: {', '.join(runners)}")
    if new in runners:
        raise UsageError(f"a runner {new!r} exists already")
    if users and not update_platforms:
        raise UsageError(f"platforms use runner {old!r}: {', '.join(users)}", hint="add --update-platforms")
    settings.tree["runners"] = {new if name == old else name: entry for name, entry in runners.items()}
    for name in users:
        settings.tree["platforms"][name]["runner"] = new


def remove_runner(settings: Settings, name: str, remove_platforms: bool) -> None:
    if name not in settings.tree["runners"]:
        raise NotFound(f"unknown runner {name!r}", hint=f"runners: {', '.join(settings.tree['runners'])}")
    users = _users(settings, name)
    if users and not remove_platforms:
        raise UsageError(f"platforms use runner {name!r}: {', '.join(users)}", hint="add --remove-platforms")
    del settings.tree["runners"][name]
    for user in users:
        del settings.tree["platforms"][user]


def _users(settings: Settings, runner: str) -> list[str]:
    platforms = settings.tree["platforms"]
    return [name for name, entry in platforms.items() if isinstance(entry, dict) and entry.get("runner") == runner]


def _refuse_existing(settings: Settings, name: str) -> None:
    if name in settings.tree["platforms"]:
        raise UsageError(f"a platform {name!r} exists already", hint=f"mlcube config --remove-platform {name}")


def stored_value(settings: Settings, key: str) -> Any:
    """The value at the dotted ``key``. Raises NotFound naming the part that is not there."""
    node: Any = settings.tree
    for part in key.split("."):
        if not isinstance(node, dict) or part not in node:
            names = ", ".join(node) if isinstance(node, dict) else "none, it is not a map"
            raise NotFound(f"no key {part!r} in the settings (wanted {key})", where=Location(settings.path),
                           hint=f"keys here: {names}")  # fmt: skip
        node = node[part]
    return node
