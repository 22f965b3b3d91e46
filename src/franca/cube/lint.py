"""Every problem of a definition, with its line and what to do: ``franca lint cube``, ``mlcube validate``."""

from __future__ import annotations

import os

from franca.cube.definition import Definition, load_definition, locate
from franca.cube.interpolate import Resolver
from franca.cube.schema import Finding, findings
from franca.errors import FrancaError, MalformedFile
from franca.model.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Report(NamedTuple):
    """What lint found in one definition."""

    path: str
    problems: tuple[tuple[str, str], ...]  #: level and text, in file order

    @property
    def errors(self) -> int:
        return sum(level == "error" for level, _ in self.problems)

    @property
    def warnings(self) -> int:
        return sum(level == "warning" for level, _ in self.problems)

    def lines(self) -> list[str]:
        lines = [f"{level}: {text}" for level, text in self.problems]
        if not lines:
            return [f"{self.path}: no problems"]
        return [*lines, f"{self.path}: {self.errors} errors, {self.warnings} warnings"]


def lint(cube: str, environ: Mapping[str, str], directory: str) -> Report:
    """Check the definition that ``cube`` names. Raises NotFound when there is none."""
    path = locate(cube, directory, environ.get("HOME", ""))
    try:
        definition = load_definition(path, strict=False)
    except MalformedFile as error:
        return Report(path, (("error", "; ".join(error.lines())),))
    found = list(findings(definition.raw if "container_config" not in definition.tree else definition.tree))
    if not any(finding.level == "error" for finding in found):
        found += [*_references(definition, environ), *_files(definition)]
    found.sort(key=lambda finding: (definition.where(finding.key).line, finding.key))
    return Report(path, tuple((finding.level, _text(definition, finding)) for finding in found))


def _text(definition: Definition, finding: Finding) -> str:
    hint = f" ({finding.hint})" if finding.hint else ""
    return f"{definition.where(finding.key)}: {finding.message}{hint}"


def _references(definition: Definition, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Interpolations that cannot be resolved, each at its own key."""
    runtime = {"root": definition.root, "workspace": os.path.join(definition.root, "workspace")}
    tree = {**definition.tree, "runtime": runtime, "workspace": runtime["workspace"]}
    resolver = Resolver(tree, environ, definition.where)
    for key, text in _texts(definition.tree, ()):
        try:
            resolver.value(text, key)
        except FrancaError as error:
            yield Finding("error", key, error.message, error.hint)


def _texts(value: object, key: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _texts(child, (*key, name))
    elif isinstance(value, str) and ("${" in value or value == "???"):
        yield key, value


def _files(definition: Definition) -> Iterator[Finding]:
    """Doubts that only the directory shows: no way to run, outputs whose type nobody can know."""
    tree = definition.tree
    if not any(section in tree for section in ("docker", "singularity", "native")):
        yield Finding("warning", (), "no docker, singularity or native section: only Dockerfile defaults can run it")
    for task, value in (tree.get("tasks") or {}).items():
        for name, param in value["parameters"]["outputs"].items():
            if param["type"] == "unknown" and "${" not in str(param["default"]):
                yield Finding(
                    "error", ("tasks", task, "parameters", "outputs", name),
                    f"the type of output {name!r} of task {task!r} is unknown",
                    f"end the path with a slash for a directory, or write {name}: {{type: file, default: "
                    f"{param['default']}}}",
                )  # fmt: skip
