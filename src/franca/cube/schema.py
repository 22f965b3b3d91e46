"""What a cube's definition may contain: every rule once, for loading (first error) and for lint (all).

Rules: MLCube spec, section 3; keys of the runner sections: sections 7 to 10.
"""

from __future__ import annotations

from franca.cube.settings import DEFAULTS, FURTHER
from franca.model.light import TYPE_CHECKING, Any, NamedTuple
from franca.runners.words import split_command

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str, ...]
TASK_KEYS = ("entrypoint", "parameters")
PARAM_KEYS = ("type", "default", "opts", "optional", "description")
DIRECTORY, UNKNOWN = "directory", "unknown"
TYPES = ("file", DIRECTORY, UNKNOWN)
MODES = ("ro", "rw")
STRATEGIES = ("pull", "auto", "always")
#: Keys that hold a map or an option string; every other key of a runner section holds a scalar.
MAPS = frozenset({"env_args", "build_args", "interpreter", "authentication", "gcp", "instance", "requirements"})


class Finding(NamedTuple):
    """Something wrong (``error``) or doubtful (``warning``) at a key of the definition."""

    level: str
    key: Path
    message: str
    hint: str = ""


def _error(key: Path, message: str, hint: str = "") -> Finding:
    return Finding("error", key, message, hint)


def _warning(key: Path, message: str, hint: str = "") -> Finding:
    return Finding("warning", key, message, hint)


def kind(value: Any) -> str:
    """A value's type in the words of a YAML author."""
    if value is None:
        return "nothing"
    names = {dict: "a map", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return (
        f"{names.get(type(value), 'a value')} ({value!r})"
        if not isinstance(value, (dict, list))
        else names[type(value)]
    )


def findings(tree: Any) -> Iterator[Finding]:
    """All findings of a definition, in the order of its sections."""
    if not isinstance(tree, dict):
        yield _error((), f"the definition must be a map, not {kind(tree)}", "start it with 'name: NAME'")
        return
    yield from _head(tree)
    for section in DEFAULTS:
        if section in tree:
            yield from runner_section(tree[section], (section,), section)
    yield from _tasks(tree)


def _head(tree: dict[str, Any]) -> Iterator[Finding]:
    if tree.get("name") is None:
        yield _warning(("name",), "the cube has no name", "add 'name: NAME'")
    for key in ("name", "description", "version"):
        if isinstance(tree.get(key), (dict, list)):
            yield _error((key,), f"{key} must be text, not {kind(tree[key])}")
    authors = tree.get("authors")
    if authors is not None and not isinstance(authors, list):
        yield _error(("authors",), f"authors must be a list of maps, not {kind(authors)}",
                     'write: authors: [{name: "A B", email: a@b.org}]')  # fmt: skip
    yield from _platform(tree.get("platform"))
    for key in ("runtime", "runner"):
        if key in tree:
            yield _warning((key,), f"'{key}' is computed and replaces what stands here", "remove it")


def _platform(platform: Any) -> Iterator[Finding]:
    if platform is None:
        return
    if not isinstance(platform, dict):
        yield _error(("platform",), f"platform must be a map, not {kind(platform)}")
        return
    count = platform.get("accelerator_count")
    if isinstance(count, (dict, list, bool)) or (isinstance(count, float) and not count.is_integer()):
        yield _error(("platform", "accelerator_count"), f"accelerator_count must be a whole number, not {kind(count)}")


def runner_section(section: Any, key: Path, runner: str) -> Iterator[Finding]:
    """Findings of one runner's section: unknown keys, wrong types, unknown build strategy."""
    if section is None:
        return
    if not isinstance(section, dict):
        yield _error(key, f"{key[-1]} must be a map, not {kind(section)}", f"write: {key[-1]}: {{image: NAME}}")
        return
    allowed = {*DEFAULTS[runner], *FURTHER[runner], "runner"}
    for name, value in section.items():
        at = (*key, name)
        if name not in allowed:
            yield _error(at, f"unknown key {name!r} for runner {runner}", _closest(name, allowed))
        elif isinstance(value, list) or (isinstance(value, dict) and name not in MAPS):
            yield _error(at, f"{name} must be text, not {kind(value)}")
        elif isinstance(value, dict):
            yield from _flat(value, at)
        elif name == "image" and value is not None and not str(value).strip():
            yield _error(at, f"{'.'.join(at)} must not be empty", "give the image a name, as org/name:1.0")
        elif name == "build_strategy" and value not in STRATEGIES and "${" not in str(value):
            yield _error(at, f"build_strategy must be pull, auto or always, not {value!r}")


def _flat(values: dict[str, Any], key: Path) -> Iterator[Finding]:
    for name, value in values.items():
        if isinstance(value, (dict, list)) and key[-1] in ("env_args", "build_args"):
            yield _error((*key, name), f"{name} must be text or a number, not {kind(value)}")


def _tasks(tree: dict[str, Any]) -> Iterator[Finding]:
    tasks = tree.get("tasks")
    if tasks is None:
        yield _error(("tasks",), "the definition declares no tasks", "add 'tasks: {NAME: }'")
    elif not isinstance(tasks, dict):
        yield _error(("tasks",), f"tasks must be a map from task names, not {kind(tasks)}")
    else:
        if not tasks:
            yield _error(("tasks",), "the definition declares no tasks", "add 'tasks: {NAME: }'")
        for name, task in tasks.items():
            yield from _task(task, ("tasks", name))


def _task(task: Any, key: Path) -> Iterator[Finding]:
    name = key[-1]
    if not name or "," in name or name != name.strip() or name.startswith("-"):
        yield _warning(key, f"the task name {name!r} cannot be given to --task", "use letters, digits and '_'")
    if task is None:
        return
    if not isinstance(task, dict):
        yield _error(key, f"task {name!r} must be a map, not {kind(task)}", f"write: {name}: {{parameters: ...}}")
        return
    for extra in task:
        if extra not in TASK_KEYS:
            yield _warning(
                (*key, extra), f"unknown key {extra!r} in task {name!r} is ignored", _closest(extra, TASK_KEYS)
            )
    if "entrypoint" in task and task["entrypoint"] is None:
        yield _warning(
            (*key, "entrypoint"), "an empty entrypoint is no entrypoint: the image's own is used", "remove it"
        )
    yield from _entrypoint(task.get("entrypoint"), (*key, "entrypoint"))
    yield from _parameters(task.get("parameters"), (*key, "parameters"))


def _entrypoint(entrypoint: Any, key: Path) -> Iterator[Finding]:
    if entrypoint is None:
        return
    if not isinstance(entrypoint, str):
        yield _error(key, f"entrypoint must be text, not {kind(entrypoint)}", "write: entrypoint: python main.py")
        return
    try:
        empty = not split_command(entrypoint)
    except ValueError as error:
        yield _error(key, f"entrypoint cannot be split into words: {error}", "close the quotes")
        return
    if empty:
        yield _error(key, "entrypoint is empty", "name a program, or remove the key")


def _parameters(parameters: Any, key: Path) -> Iterator[Finding]:
    if parameters is None:
        return
    if not isinstance(parameters, dict):
        yield _error(key, f"parameters must be a map, not {kind(parameters)}", "its keys are inputs and outputs")
        return
    for direction, params in parameters.items():
        at = (*key, direction)
        if direction not in ("inputs", "outputs"):
            yield _warning(at, f"unknown key {direction!r} beside inputs and outputs is ignored",
                           _closest(direction, ("inputs", "outputs")))  # fmt: skip
        elif params is not None and not isinstance(params, dict):
            yield _error(at, f"{direction} must be a map from parameter names, not {kind(params)}")
        else:
            for name, param in (params or {}).items():
                yield from _param(param, (*at, name))
    twice = set(_names(parameters.get("inputs"))) & set(_names(parameters.get("outputs")))
    for name in sorted(twice):
        yield _warning((*key, "outputs", name), f"{name!r} is an input and an output; the code gets both words")


def _names(params: Any) -> list[str]:
    return list(params) if isinstance(params, dict) else []


def _param(param: Any, key: Path) -> Iterator[Finding]:
    task, name = key[1], key[-1]
    if param is None or isinstance(param, str):
        return
    if not isinstance(param, dict):
        yield _error(key, f"parameter {name!r} of task {task!r} must be a path or a map, not {kind(param)}",
                     f"every parameter is a path; quote it: {name}: '{param}'")  # fmt: skip
        return
    for extra in param:
        if extra not in PARAM_KEYS:
            yield _warning((*key, extra), f"unknown key {extra!r} in parameter {name!r} is ignored",
                           _closest(extra, PARAM_KEYS))  # fmt: skip
    default, kind_, opts = param.get("default"), param.get("type"), param.get("opts")
    if default is not None and not isinstance(default, str):
        yield _error((*key, "default"), f"the default of parameter {name!r} of task {task!r} must be a path, "
                     f"not {kind(default)}", f"quote it: default: '{default}'")  # fmt: skip
    if kind_ is not None and kind_ not in TYPES and "${" not in str(kind_):
        yield _error((*key, "type"), f"Type is invalid: {kind_!r} (parameter {name!r} of task {task!r})",
                     "use file or directory")  # fmt: skip
    if opts is not None and opts not in MODES and "${" not in str(opts):
        yield _error((*key, "opts"), f"Invalid mount options: {opts!r} (parameter {name!r} of task {task!r})",
                     "use ro or rw")  # fmt: skip
    elif opts == "ro" and key[3] == "outputs":
        yield _warning((*key, "opts"), f"output {name!r} is read-only", "remove opts: ro")


def _closest(word: str, known: Any) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, sorted(known), 1)
    return f"did you mean {close[0]!r}?" if close else "known: " + ", ".join(sorted(known))
