"""A cube's definition file: found, read, overridden by ``-P``, checked and normalised (MLCube spec, 2 to 4)."""

from __future__ import annotations

import os

from franca.cube.parsed import read_marked
from franca.cube.schema import DIRECTORY, UNKNOWN, Finding, findings
from franca.cube.tree import lookup, with_value
from franca.errors import Location, MalformedFile, NotFound, UsageError
from franca.model.light import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Path = tuple[str, ...]
Tree = dict[str, Any]
FILE_NAME = "mlcube.yaml"
CONFIG_NAME = "container_config.yaml"


class Override(NamedTuple):
    """A ``-PKEY=VALUE`` of the command line."""

    key: Path
    value: Any


class Definition(NamedTuple):
    """A definition as it stands in its file, and the tree with overrides and normalised tasks."""

    path: str  #: absolute
    root: str  #: absolute directory of the file
    raw: Any  #: the file's own words
    tree: Tree
    marks: dict[Path, tuple[int, int]]
    overrides: tuple[Override, ...] = ()
    digest: str = ""  #: sha256 of the file

    def where(self, key: Path) -> Location:
        """The position of ``key`` in the file, or the command line when an override put it there."""
        dotted = ".".join(key)
        if any(o.key[: len(key)] == key or key[: len(o.key)] == o.key for o in self.overrides):
            return Location(f"-P{dotted}")
        for length in range(len(key), -1, -1):
            if mark := self.marks.get(key[:length]):
                return Location(self.path, *mark, key=dotted)
        return Location(self.path, key=dotted)


def locate(text: str, directory: str, home: str = "") -> str:
    """The absolute path of the definition that ``--mlcube=text`` names (section 2). Raises NotFound."""
    given = text or "."
    if home and (given == "~" or given.startswith("~/")):
        given = home + given[1:]
    path = os.path.normpath(os.path.join(directory, given))
    if os.path.isfile(path):
        return path
    for name in (FILE_NAME, CONFIG_NAME):
        if os.path.isfile(os.path.join(path, name)):
            return os.path.join(path, name)
    what = "has no " + FILE_NAME if os.path.isdir(path) else "does not exist"
    raise NotFound(f"{path} {what}", hint="give the cube's directory or its yaml file with --mlcube=PATH")


def parse_override(text: str) -> Override:
    """``KEY=VALUE`` with a dotted key and a YAML value (section 4)."""
    from franca.catalog.marked import parse_value

    dotted, equals, value = text.partition("=")
    key = tuple(dotted.split("."))
    if not equals or not all(key):
        raise UsageError(f"-P{text}: expected -PKEY.SUBKEY=VALUE", hint="for example -Pdocker.image=org/name:1")
    try:
        return Override(key, parse_value(value))
    except MalformedFile as error:
        raise UsageError(f"-P{text}: {error.message}", hint="quote the value: -P" + dotted + "='\"...\"'") from None


def load_definition(
    path: str,
    overrides: tuple[Override, ...] = (),
    *,
    strict: bool = True,
    environ: Mapping[str, str] | None = None,
) -> Definition:
    """Read the file, lay the overrides over it, check it and normalise its tasks.

    Args:
        environ: where the cache of parsed files is.
        strict: raise on the first error; otherwise (lint) the tree is left as far as it is sound.

    Raises:
        MalformedFile: with file, line, key and a remedy.
    """
    document, digest = read_marked(path, os.environ if environ is None else environ)
    tree = document.value
    if isinstance(tree, dict) and "container_type" in tree:
        from franca.cube.container_config import as_cube_tree

        tree = as_cube_tree(tree, document)
    definition = Definition(path, os.path.dirname(path), tree, {}, document.marks, overrides, digest)
    if not isinstance(tree, dict):
        tree = {} if not strict else _fail(definition, next(findings(tree)))
    for override in overrides:
        tree = _overridden(tree, override)
    if strict:
        for finding in findings(tree):
            if finding.level == "error" and _matters(finding):
                _fail(definition, finding)
    return definition._replace(tree=normalised(tree))


def _overridden(tree: Tree, override: Override) -> Tree:
    """An override below a short-form parameter keeps what its short form says about the type."""
    key = override.key
    if len(key) == 6 and key[0] == "tasks" and key[2] == "parameters":
        found, param = lookup(tree, key[:5])
        if found and isinstance(param, str):
            tree = with_value(tree, key[:5], normalised_param(key[4], param))
    return with_value(tree, key, override.value)


def _matters(finding: Finding) -> bool:
    """Errors in a runner's section matter only when that runner is chosen; it is checked again then."""
    return not finding.key or finding.key[0] in ("name", "description", "version", "authors", "platform", "tasks")


def _fail(definition: Definition, finding: Finding) -> Any:
    raise MalformedFile(finding.message, where=definition.where(finding.key), hint=finding.hint)


def normalised(tree: Tree) -> Tree:
    """``tree`` with every task in long form: rules 1 to 4 of section 3."""
    tasks = tree.get("tasks")
    if not isinstance(tasks, dict):
        return tree
    return {**tree, "tasks": {name: _task(task) for name, task in tasks.items()}}


def _task(value: Any) -> Tree:
    task: Tree = dict(value) if isinstance(value, dict) else {}
    if task.get("entrypoint", "") is None:
        del task["entrypoint"]
    parameters = task.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    task["parameters"] = {direction: _params(parameters.get(direction)) for direction in ("inputs", "outputs")}
    return task


def _params(params: Any) -> Tree:
    if not isinstance(params, dict):
        return {}
    return {name: normalised_param(name, value) for name, value in params.items()}


def normalised_param(name: str, value: Any) -> Tree:
    """One parameter in long form."""
    param: Tree = {"default": value} if isinstance(value, str) else dict(value) if isinstance(value, dict) else {}
    if param.get("default") is None:
        param["default"] = name
    if param.get("type") is None:
        param["type"] = UNKNOWN
    return _typed_by_slash(param)


def _typed_by_slash(param: Tree) -> Tree:
    if param["type"] == UNKNOWN and str(param["default"]).endswith(("/", "\\")):
        param["type"] = DIRECTORY
    return param


def with_values(tree: Tree, values: dict[str, str]) -> Tree:
    """``tree`` with the command line's ``NAME=VALUE`` in every parameter of that name (rules 5 and 6)."""
    for task, definition in tree.get("tasks", {}).items():
        for direction in ("inputs", "outputs"):
            for name, param in definition["parameters"][direction].items():
                if name in values:
                    changed = _typed_by_slash({**param, "default": values[name]})
                    tree = with_value(tree, ("tasks", task, "parameters", direction, name), changed)
    return tree


def parameter_names(tree: Tree, tasks: tuple[str, ...]) -> list[str]:
    """Names of the parameters of ``tasks``, each once, in file order."""
    names: dict[str, None] = {}
    for task in tasks:
        for direction in ("inputs", "outputs"):
            _, params = lookup(tree, ("tasks", task, "parameters", direction))
            names.update(dict.fromkeys(params or ()))
    return list(names)


def cube_name(tree: Tree) -> str:
    """The cube's name, for people and file names."""
    return str(tree.get("name") or "unnamed")
