"""One request about one cube: what was read for it, and how it talks to the user."""

from __future__ import annotations

import os

from franca.cube.config import Effective, effective, typed_cube
from franca.cube.platform import Platform
from franca.cube.platforms import platform
from franca.cube.request import Request
from franca.cube.settings import Settings, load_settings
from franca.cube.sources import resolve_cube
from franca.cube.workspace import Workspace
from franca.model.cube import Cube
from franca.model.light import TYPE_CHECKING, NamedTuple
from franca.runners.process import Executor, Processes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from franca.cube.jobs import Warn


class Console(NamedTuple):
    """How a command talks: results on stdout, warnings and notes on stderr."""

    say: Callable[[str], None]
    warn: Warn
    note: Callable[[str], None]  #: progress, shown at log level info


class Session:
    """One request about one cube, with everything read that it needs.

    Raises (on construction): NotFound, MalformedFile, UsageError, Unavailable.
    """

    def __init__(self, request: Request, environ: Mapping[str, str], console: Console, directory: str = "") -> None:
        self.request = request
        self.environ = environ
        self.console = console
        here = directory or os.getcwd()
        path = resolve_cube(request.cube, here, environ, offline=request.offline)
        self.settings: Settings = load_settings(environ)
        self.config: Effective = effective(request, path, self.settings, environ, here)
        for warning in self.config.warnings:
            console.note(warning)

    def executor(self) -> Executor:
        return Processes(self.environ, say=self.console.note)

    def workspace(self) -> Workspace:
        return Workspace(self.config.workspace, os.path.join(self.config.root, "workspace"), self.environ)

    def platform(self) -> Platform:
        found = platform(self.config, self.request, self.environ)
        for warning in found.warnings:
            self.console.warn(warning)
        return found

    def cube(self) -> Cube:
        return typed_cube(self.config)


class Shown(NamedTuple):
    """A task of a plan: the stages before it and its commands, exactly as they would be started."""

    task: str
    lines: tuple[str, ...]
