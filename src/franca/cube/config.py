"""The effective configuration: definition, settings and command line laid over each other (section 4)."""

from __future__ import annotations

import os

from franca.cube.container_config import run_arguments, volume_target
from franca.cube.definition import Definition, cube_name, load_definition, parameter_names, with_values
from franca.cube.interpolate import Resolver
from franca.cube.request import Options, Request
from franca.cube.schema import runner_section
from franca.cube.settings import FURTHER, Settings, filled
from franca.cube.tree import merged
from franca.errors import MalformedFile, NotFound, UsageError
from franca.model.cube import Cube, Param, Task
from franca.model.light import TYPE_CHECKING, Any, NamedTuple
from franca.runners.words import split_command

if TYPE_CHECKING:
    from collections.abc import Mapping

Tree = dict[str, Any]
#: Command line options as keys of the runner section, by runner (section 11).
OPTION_KEYS: dict[str, dict[str, str]] = {
    "docker": {"network": "--network", "security": "--security-opt", "gpus": "--gpus", "memory": "--memory",
               "cpu": "--cpuset-cpus", "mount": "--mount_opts"},
    "singularity": {"network": "--network", "security": "--security", "gpus": "--nv", "memory": "--vm-ram",
                    "cpu": "--vm-cpu", "mount": "--mount_opts"},
    "k8s": {"gpus": "--gpus", "memory": "--memory"},
    "kubeflow": {"gpus": "--gpus", "memory": "--memory"},
    "native": {"mount": "--mount_opts"},
    "ssh": {"mount": "--mount_opts"},
}  # fmt: skip


class Effective(NamedTuple):
    """Everything that is known about a request before anything is started."""

    definition: Definition
    settings: Settings
    platform: str  #: as it was asked for
    runner: str  #: type of the container runner: docker, singularity, native, ssh, k8s, ...
    launcher: str  #: "" or the launcher in front of it (ssh, slurm)
    tree: Tree  #: with runtime, runner and workspace, interpolations not resolved
    resolver: Resolver
    root: str
    workspace: str  #: absolute
    warnings: tuple[str, ...] = ()

    def option(self, name: str) -> Any:
        """A resolved value of the runner section."""
        return self.resolver.get(("runner", name))

    def text(self, name: str) -> str:
        """A runner value as text, "" for null. Raises MalformedFile when it is not a scalar."""
        value = self.option(name)
        if isinstance(value, (dict, list)):
            raise MalformedFile(f"runner.{name} must be text", where=self.where(("runner", name)))
        return "" if value is None else str(value)

    def where(self, key: tuple[str, ...]) -> Any:
        if key and key[0] == "runner":
            key = (_section_name(self.runner), *key[1:])
        return self.definition.where(key)

    def resolved(self) -> Tree:
        value = self.resolver.value(self.tree, ())
        assert isinstance(value, dict)
        return value


def effective(request: Request, path: str, settings: Settings, environ: Mapping[str, str], directory: str) -> Effective:
    """Lay everything over each other.

    Args:
        path: the definition file.
        directory: what a relative ``--workspace`` is relative to.

    Raises:
        MalformedFile, NotFound, UsageError.
    """
    definition = load_definition(path, request.overrides, environ=environ)
    names = request.platform.split("+")
    if len(names) == 1 and settings.tree["platforms"].get(names[0], {}).get("runner") == "slurm":
        names.append(str(settings.platform(names[0]).get("platform") or "native"))
    if len(names) > 2 or not all(names):
        raise UsageError(f"--platform={request.platform}: expected NAME or LAUNCHER+CONTAINER, as ssh+podman")
    entry, runner, warnings = _platform(settings, names[-1])
    launcher = settings.runner_type(settings.platform(names[0])) if len(names) == 2 else ""
    section = _with_section(entry, definition, runner)
    launch = _launcher_section(settings, definition, names[0], launcher)
    runtime = {"root": definition.root, "workspace": _workspace(request.workspace, definition, environ, directory)}
    tree = {**_checked_values(definition, request), "runtime": runtime, "runner": section}
    if launcher:
        tree["launcher"] = launch
    tree["workspace"] = runtime["workspace"]
    tree = _last_overrides(tree, request, runner)
    tree["runner"] = _with_options(tree["runner"], runner, launcher, request)
    out = Effective(
        definition, settings, request.platform, runner, launcher, tree, Resolver(tree, environ),
        definition.root, runtime["workspace"] or os.path.join(definition.root, "workspace"), tuple(warnings),
    )  # fmt: skip
    _check_runner(out)
    resolver = Resolver(_placed(out), environ, out.where)
    return out._replace(resolver=resolver)


def _platform(settings: Settings, name: str) -> tuple[Tree, str, list[str]]:
    entry = settings.platform(name)
    runner = settings.runner_type(entry)
    full, lacking = filled(entry, runner)
    warnings = []
    if lacking:
        warnings.append(f"platform {name}: not in the settings, defaults are used: {', '.join(lacking)}")
    unknown = [key for key in full if key not in {*filled({}, runner)[0], *FURTHER[runner]}]
    for key in unknown:
        warnings.append(f"platform {name}: unknown key {key!r} in {settings.path} is ignored")
        del full[key]
    full["runner"] = entry["runner"]
    return full, runner, warnings


def _section_name(runner: str) -> str:
    return runner


def _with_section(entry: Tree, definition: Definition, runner: str) -> Tree:
    """The platform entry with the cube's own section of that runner over it."""
    section = definition.tree.get(_section_name(runner))
    _refuse(definition, runner, section)
    if runner == "singularity" and not isinstance(section, dict):
        return entry
    above = {key: value for key, value in (section or {}).items() if key != "runner"}
    if runner == "docker":
        above.pop("run_args", None)
    return {str(key): value for key, value in merged(entry, above).items()}


def _refuse(definition: Definition, runner: str, section: Any) -> None:
    for finding in runner_section(section, (_section_name(runner),), runner):
        if finding.level == "error":
            raise MalformedFile(finding.message, where=definition.where(finding.key), hint=finding.hint)


def _launcher_section(settings: Settings, definition: Definition, name: str, launcher: str) -> Tree:
    if not launcher:
        return {}
    if launcher not in ("ssh", "slurm"):
        raise UsageError(f"{name!r} is not a launcher", hint="launchers in front of a container: ssh, slurm")
    entry, _ = filled(settings.platform(name), launcher)
    section = definition.tree.get(launcher)
    _refuse(definition, launcher, section)
    return {str(key): value for key, value in merged(entry, section or {}).items()}


def _workspace(given: str, definition: Definition, environ: Mapping[str, str], directory: str) -> str:
    """The absolute ``--workspace``; "" when none was given (the default is computed)."""
    if not given:
        return ""
    if given.startswith("storage:"):
        raise UsageError("the storage: scheme is not supported", hint="give a directory with --workspace=PATH")
    home = environ.get("HOME", "")
    if home and (given == "~" or given.startswith("~/")):
        given = home + given[1:]
    return os.path.normpath(os.path.join(directory, given))


def _checked_values(definition: Definition, request: Request) -> Tree:
    if not request.values:
        return definition.tree
    tasks = tuple(definition.tree.get("tasks") or ())
    names = parameter_names(definition.tree, tasks)
    for name, _ in request.values:
        if name not in names:
            raise _unknown_parameter(name, parameter_names(definition.tree, request.tasks or tasks))
    return with_values(definition.tree, dict(request.values))


def _unknown_parameter(name: str, names: list[str]) -> NotFound:
    from difflib import get_close_matches

    close = get_close_matches(name, names, 1)
    hint = f"did you mean {close[0]}=...?" if close else "parameters: " + (", ".join(names) or "none")
    return NotFound(f"unknown parameter {name!r}", hint=hint)


def _last_overrides(tree: Tree, request: Request, runner: str) -> Tree:
    """``-Prunner.*`` and any other override once more, over everything but the computed parts."""
    from franca.cube.tree import with_value

    for override in request.overrides:
        if override.key[0] in ("runner", "launcher"):
            tree = with_value(tree, override.key, override.value)
    return tree


def _with_options(section: Tree, runner: str, launcher: str, request: Request) -> Tree:
    """The command line's options as keys of the runner section; what it cannot do is refused, not dropped."""
    given = {name: getattr(request.options, name) for name in Options._fields}
    out = dict(section)
    for name, value in given.items():
        if value is None or runner == "ssh":
            continue  # the remote side gets them as they are
        key = OPTION_KEYS.get(runner, {}).get(name)
        if key is None and launcher == "slurm" and name in ("gpus", "memory", "cpu"):
            continue
        if key is None:
            raise UsageError(f"--{name} means nothing to runner {runner}", hint="leave it out or choose docker")
        out[key] = value
    return out


def _placed(config: Effective) -> Tree:
    """The tree with the default workspace in place of "", for everything that is resolved."""
    tree = dict(config.tree)
    tree["runtime"] = {"root": config.root, "workspace": config.workspace}
    tree["workspace"] = config.workspace
    return tree


def shown(config: Effective) -> Tree:
    """The tree as ``show_config`` prints it: option maps as option strings, the workspace as a reference."""
    tree = dict(config.tree)
    if not config.tree["runtime"]["workspace"]:
        tree["runtime"] = {"root": config.root, "workspace": "${runtime.root}/workspace"}
        tree["workspace"] = "${runtime.root}/workspace"
    section = dict(tree["runner"])
    if config.runner == "docker":
        section["env_args"] = option_text(section.get("env_args"), "-e")
        section["build_args"] = option_text(section.get("build_args"), "--build-arg")
    tree["runner"] = section
    return tree


def option_text(value: Any, flag: str) -> str:
    """``{K: V}`` as ``-e K=V``, quoted where needed; an option string as it is; null as empty."""
    if isinstance(value, dict):
        return " ".join(f"{flag} {_shown_word(f'{key}={_scalar(item)}')}" for key, item in value.items())
    return "" if value is None else str(value)


def _shown_word(word: str) -> str:
    from shlex import quote as literal

    return literal(word) if any(c in word for c in " \t\n'\"\\;&|<>()`#") else word


def _scalar(value: Any) -> str:
    return "" if value is None else str(value)


def _check_runner(config: Effective) -> None:
    """Keys and types of the runner section as it will be used (overrides included)."""
    for finding in runner_section(config.tree["runner"], ("runner",), config.runner):
        if finding.level == "error":
            raise MalformedFile(finding.message, where=config.where(finding.key), hint=finding.hint)


def command_words(text: str, where: Any) -> tuple[str, ...]:
    """A command as words, split like a POSIX shell does. Raises MalformedFile."""
    try:
        return split_command(text)
    except ValueError as error:
        raise MalformedFile(f"{text!r} cannot be split into words: {error}", where=where, hint="close quotes") from None


def wanted_gpus(config: Effective, option: str) -> str:
    """The device request: the option where it is given, else ``platform.accelerator_count`` (section 7)."""
    given = config.option(option)
    if given is None:
        given = config.resolver.get(("platform", "accelerator_count"))
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    return "" if given is None else str(given)


def select_tasks(config: Effective, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The tasks to run, in order. Raises UsageError when none is named and there are several, NotFound."""
    known = tuple(config.definition.tree["tasks"])
    if not wanted:
        if len(known) == 1:
            return known
        raise UsageError(
            f"Task name could not be automatically resolved (supported tasks = {list(known)}).",
            hint=f"choose with --task={known[0]}" if known else "",
        )
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise NotFound(f"Unknown tasks have been requested: {', '.join(unknown)}", hint="tasks: " + ", ".join(known))
    return wanted


def typed_task(config: Effective, name: str) -> Task:
    """One task with its interpolations resolved. Raises MalformedFile."""
    key = ("tasks", name)
    task = config.resolver.get(key)
    entrypoint = task.get("entrypoint")
    params = tuple(
        _typed_param(config, name, param, value, direction == "outputs")
        for direction in ("inputs", "outputs")
        for param, value in task["parameters"][direction].items()
    )
    return Task(name, params, "" if entrypoint is None else str(entrypoint), run_arguments(config.tree, name))


def _typed_param(config: Effective, task: str, name: str, value: Tree, output: bool) -> Param:
    key = ("tasks", task, "parameters", "outputs" if output else "inputs", name)
    default, kind, opts = value["default"], value["type"], value.get("opts")
    if isinstance(default, (dict, list)) or default is None or not str(default):
        raise MalformedFile(
            f"the path of parameter {name!r} of task {task!r} is empty" if not default else
            f"the path of parameter {name!r} of task {task!r} must be text",
            where=config.where(key), hint=f"give one: {name}=PATH",
        )  # fmt: skip
    if "\0" in str(default):
        raise MalformedFile(f"the path of parameter {name!r} holds a NUL character", where=config.where(key))
    return Param(
        name, output, str(default), str(kind), "" if opts is None else str(opts),
        optional=value.get("optional") is True, target=volume_target(config.tree, task, name, output=output),
    )  # fmt: skip


def typed_cube(config: Effective) -> Cube:
    """The cube with all of its tasks."""
    tree = config.tree
    tasks = tuple(typed_task(config, name) for name in tree["tasks"])
    return Cube(
        config.root, config.definition.path, cube_name(tree), str(tree.get("version", "latest")), tasks,
        fixed_paths="container_config" in tree,
    )  # fmt: skip
