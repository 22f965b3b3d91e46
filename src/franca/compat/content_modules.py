"""Executing content's Python files: compiled once, executed anew each time, and cleaned up after.

What content adds to ``sys.path``, and the modules of its own that it imports, are put back for the next
hook of the same run and taken away in between, so that neither reaches Franca's own imports.
"""

from __future__ import annotations

import os
import sys

from franca import _boot
from franca.compat import shims
from franca.compat.code_memory import compiled
from franca.model.dialect import Dialect
from franca.model.light import TYPE_CHECKING, contextmanager

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType


def executed(path: str, name: str, *, code_folder: str = "", ours: bool = False) -> ModuleType:
    """A fresh module made from the file, not registered in ``sys.modules``.

    Args:
        code_folder: where its code is kept for other processes; "" for nowhere.
        ours: whether it is one of our recipes, which leave nothing to be done at the end of the process.

    Raises:
        OSError, SyntaxError, UnicodeDecodeError: as reading and compiling raise them, and whatever content raises.
    """
    module = type(sys)(name)
    module.__file__ = path
    if not ours:
        _boot.end_gently()
    exec(compiled(path, code_folder), module.__dict__)  # noqa: S102 - running content is the purpose
    return module


class ContentImports:
    """The import state of the content of one run."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.paths: list[str] = []
        self.modules: dict[str, ModuleType] = {}

    @contextmanager
    def active(self, dialect: Dialect, root: str, folder: str = "") -> Iterator[None]:
        """Everything that content of ``dialect`` may import is importable inside the block.

        Args:
            root: the repository; modules from below it are content's own.
            folder: the script's folder, which the new dialect has on ``sys.path``.
        """
        if folder and dialect.is_new and folder not in self.paths:
            self.paths.append(folder)
        saved_path, before = list(sys.path), set(sys.modules)
        sys.path[:] = [*saved_path, *(path for path in self.paths if path not in saved_path)]
        entered = list(sys.path)
        lent = {name: module for name, module in self.modules.items() if name not in sys.modules}
        sys.modules.update(lent)
        try:
            with shims.serving(dialect, self.environ):
                yield
        finally:
            self.paths += [path for path in sys.path if path not in entered and path not in self.paths]
            sys.path[:] = saved_path
            self._collect(before, root)

    def _collect(self, before: set[str], root: str) -> None:
        homes = tuple(os.path.join(os.path.realpath(path), "") for path in (root, *self.paths) if path)
        for name in set(sys.modules) - before:
            place = getattr(sys.modules[name], "__file__", None)
            own = bool(place) and os.path.realpath(str(place)).startswith(homes)
            if own or name in self.modules:
                self.modules[name] = sys.modules.pop(name)
