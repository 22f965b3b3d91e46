"""MLCube's nouns: a cube, its tasks and their parameters, after normalisation (MLCube spec, section 3)."""

from __future__ import annotations

from franca.model.light import Any, NamedTuple

FILE = "file"
DIRECTORY = "directory"
UNKNOWN = "unknown"


class Param(NamedTuple):
    """A parameter of a task: a path, given to the code as ``--NAME=PATH``."""

    name: str
    output: bool
    default: str
    type: str = UNKNOWN
    mode: str = ""  #: "", "ro" or "rw"
    optional: bool = False
    target: str = ""  #: fixed path inside the container, "" = one is assigned (container_config.yaml has them)

    @property
    def may_be_absent(self) -> bool:
        """The word ``null`` as a default means "not given" in published cubes (spec, section 16)."""
        return self.optional or self.default == "null"


class Task(NamedTuple):
    """A unit of work; without ``entrypoint`` the image's own entry point gets the task's name first."""

    name: str
    params: tuple[Param, ...] = ()  #: inputs, then outputs, in file order
    entrypoint: str = ""
    options: dict[str, Any] = {}  #: run_args of a container_config.yaml

    @property
    def inputs(self) -> tuple[Param, ...]:
        return tuple(p for p in self.params if not p.output)

    @property
    def outputs(self) -> tuple[Param, ...]:
        return tuple(p for p in self.params if p.output)


class Cube(NamedTuple):
    """A cube: where it lies, what it is called, what it can do."""

    root: str  #: absolute directory; build context and relative build paths start here
    file: str  #: absolute path of the definition
    name: str
    version: str
    tasks: tuple[Task, ...]
    fixed_paths: bool = False  #: paths inside the container are part of the contract; no task words are passed

    def task(self, name: str) -> Task | None:
        return next((task for task in self.tasks if task.name == name), None)
