"""Where parameters lie on the host: paths, types, copies into a custom workspace, directories to make
(MLCube spec, sections 3 and 5)."""

from __future__ import annotations

import os

from franca.errors import MalformedFile, NotFound, Unavailable, UsageError
from franca.model.cube import DIRECTORY, FILE, UNKNOWN, Param, Task
from franca.model.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Place(NamedTuple):
    """A parameter with its host path and its type as far as it is known."""

    param: Param
    path: str  #: absolute and normal, without trailing slash
    type: str

    @property
    def directory(self) -> str:
        """The host directory that has to be visible: the path itself, or the parent of a file."""
        return self.path if self.type == DIRECTORY else os.path.dirname(self.path)


class Workspace(NamedTuple):
    """The directory for a cube's inputs and outputs.

    Args:
        path: absolute.
        own: the cube's own workspace, ``ROOT/workspace``; inputs are copied from there.
        environ: for ``~`` and ``$VAR`` in paths.
    """

    path: str
    own: str
    environ: Mapping[str, str]

    def resolve(self, text: str) -> str:
        """A parameter's path on the host. ``$VAR`` that is not set stays as it is."""
        text = text.rstrip("/\\") or "/"
        home = self.environ.get("HOME", "")
        if home and (text == "~" or text.startswith("~/")):
            text = home + text[1:]
        path = os.path.normpath(os.path.join(self.path, _expand(text, self.environ)))
        return path[1:] if path.startswith("//") else path

    def place(self, param: Param) -> Place:
        """The parameter's place; an unknown input gets the type of what exists (section 3, rule 7)."""
        path = self.resolve(param.default)
        kind = param.type
        if kind == UNKNOWN and not param.output:
            kind = _existing_type(path) or _existing_type(self._original(path)) or UNKNOWN
        return Place(param, path, kind)

    def places(self, task: Task) -> tuple[Place, ...]:
        return tuple(self.place(param) for param in task.params)

    def exists(self, path: str) -> bool:
        """Whether an input is there, or would be after the copy from the cube's own workspace."""
        return os.path.exists(path) or os.path.exists(self._original(path))

    def _original(self, path: str) -> str:
        inside = path.startswith(self.path + "/")
        return self.own + path[len(self.path) :] if inside and self.path != self.own else path

    def copies(self, task: Task, every: Iterable[Task]) -> list[tuple[str, str]]:
        """What has to be copied before ``task`` runs: (from, to) pairs (section 5).

        Inputs inside the cube's own workspace that exist there and not here, and are no task's output.
        """
        if self.path == self.own or not os.path.isdir(self.own):
            return []
        outputs = {self.resolve(param.default) for other in every for param in other.outputs}
        pairs = []
        for param in task.inputs:
            target = self.resolve(param.default)
            source = self._original(target)
            if target not in outputs and source != target and os.path.exists(source) and not os.path.exists(target):
                pairs.append((source, target))
        return pairs


def _expand(text: str, environ: Mapping[str, str]) -> str:
    """``$VAR`` and ``${VAR}`` where set."""
    if "$" not in text:
        return text
    import re

    return re.sub(
        r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})",
        lambda m: environ.get(m[1] or m[2], m[0]),
        text,
    )


def _existing_type(path: str) -> str:
    if os.path.isdir(path):
        return DIRECTORY
    return FILE if os.path.exists(path) else ""


def copy_inputs(pairs: list[tuple[str, str]]) -> None:
    """Copy files and trees; nothing that exists is overwritten, links inside trees stay links."""
    if not pairs:
        return
    import shutil

    for source, target in pairs:
        part = f"{target}.{os.getpid()}.part"  # a copy that fails half way is never taken for the input
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if os.path.isdir(source):
                shutil.copytree(source, part, symlinks=True)
            else:
                shutil.copy2(source, part)
            os.rename(part, target)
        except OSError as error:
            shutil.rmtree(part, ignore_errors=True) if os.path.isdir(part) else _forget(part)
            raise Unavailable(f"cannot copy {source} to {target}: {_reason(error)}",
                              hint="check permissions and free space of the workspace") from None  # fmt: skip


def _forget(path: str) -> None:
    if os.path.lexists(path):
        os.unlink(path)


def _reason(error: OSError) -> str:
    """The system's words; a tree's copy collects one entry per file, of which the first is told."""
    if error.strerror:
        return error.strerror
    entries = error.args[0] if error.args else ""
    return str(entries[0][2]) if isinstance(entries, list) and entries else str(error)


def check_types(task: Task, places: Iterable[Place]) -> None:
    """Every type must be known by now. Raises UsageError naming task, parameter and the rule."""
    for place in places:
        if place.type != UNKNOWN:
            continue
        name = place.param.name
        prefix = f"Invalid task: task={task.name}, param={name}, type=unknown. "
        if place.param.output:
            raise UsageError(
                prefix + "Type cannot be unknown for output parameters.",
                hint=f"end the path with a slash for a directory ({name}: {place.param.default}/), or write "
                f"{name}: {{type: file, default: {place.param.default}}}",
            )
        raise UsageError(
            prefix + f"Type is unknown and unable to identify it ({place.path}).",
            hint=f"make {place.path}, or give another path: {name}=PATH",
        )


def missing_files(task: Task, places: Iterable[Place], workspace: Workspace, made: set[str]) -> list[Place]:
    """File inputs that are not there and that no earlier task (paths in ``made``) makes."""
    return [
        place
        for place in places
        if not place.param.output
        and place.type == FILE
        and not place.param.may_be_absent
        and not workspace.exists(place.path)
        and not is_made(place.path, made)
    ]


def is_made(path: str, made: set[str]) -> bool:
    """Whether an earlier task makes ``path``, or the directory that it lies in."""
    return any(path == one or path.startswith(one + "/") for one in made)


def missing_error(task: Task, place: Place) -> NotFound:
    return NotFound(
        f"missing input file {place.path} (parameter {place.param.name} of task {task.name})",
        hint=f"make it, give another one with {place.param.name}=PATH, or declare it optional: true",
    )


def make_directories(places: Iterable[Place], warn: Callable[[str], None]) -> None:
    """Directories that must exist before the start; a missing input directory is worth a warning."""
    places = tuple(places)
    outputs = {place.path for place in places if place.param.output}
    for place in places:
        directory = place.directory
        if os.path.isdir(directory):
            continue
        if not place.param.output and place.type == DIRECTORY and directory not in outputs:
            warn(f"input directory {directory} (parameter {place.param.name}) does not exist; it is made empty")
        try:
            os.makedirs(directory, exist_ok=True)
        except OSError as error:
            raise Unavailable(
                f"cannot make {directory} (parameter {place.param.name}): {error.strerror}",
                hint=f"give another path: {place.param.name}=PATH",
            ) from None


def check_mode(value: str, where: str) -> str:
    """``ro``, ``rw`` or nothing. Raises MalformedFile otherwise."""
    if value not in ("", "ro", "rw"):
        raise MalformedFile(f"Invalid mount options: {value!r} ({where})", hint="use ro or rw")
    return value
