"""Serving our modules under the names that content imports, while content of that dialect runs.

``cmind`` (classic), ``mlc`` and the top-level ``utils`` (new) exist for the length of one hook or one
automation call and are gone afterwards; what stood under those names before comes back. Where the user
sets ``FRANCA_REAL_CMIND=yes`` an installed ``cmind`` or ``mlc`` wins and ours is the fallback
(CM core, section 11; script engine, sections 12.8 and 22).
"""

from __future__ import annotations

import sys

from franca.model.dialect import Dialect
from franca.model.light import TYPE_CHECKING, Any, contextmanager
from franca.planner.guards import is_true

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_CLASSIC = {"cmind": "franca.compat.cmind_shim"}
_NEW = {"mlc": "franca.compat.mlc_shim", "utils": "franca.compat.utils_shim"}


def served_names(dialect: Dialect) -> dict[str, str]:
    """Top-level import name -> the package that stands behind it."""
    return dict(_NEW if dialect.is_new else _CLASSIC)


class _Finder:
    """Finds ``cmind.x`` as ``franca.compat.cmind_shim.x``: one module object under two names."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = dict(names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top, dot, rest = fullname.partition(".")
        package = self.names.get(top)
        if package is None:
            return None
        from importlib import import_module
        from importlib.machinery import ModuleSpec, PathFinder

        real = package + dot + rest
        if dot and PathFinder.find_spec(real, import_module(package).__path__) is None:
            return None
        loader: Any = _Loader(real)
        return ModuleSpec(fullname, loader, is_package=not dot)


class _Loader:
    """A loader by its two methods; the base class would pull in far more than all the rest of a run."""

    def __init__(self, real: str) -> None:
        self.real = real
        self.spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        from importlib import import_module

        module = import_module(self.real)
        self.spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec  # the import system has put the borrowed name there


@contextmanager
def serving(dialect: Dialect, environ: Mapping[str, str]) -> Iterator[None]:
    """Make the modules of ``dialect`` importable inside the block. Blocks may nest, also across dialects.

    Not for several threads at once: the names are the process's.
    """
    names = served_names(dialect)
    finder = _Finder(names)
    prefer_real = is_true(environ.get("FRANCA_REAL_CMIND", ""))
    stash = _take_away(names)
    if prefer_real:
        sys.meta_path.append(finder)
    else:
        sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        _take_away(names)
        sys.modules.update(stash)


def install(name: str) -> None:
    """Serve ``cmind`` or ``mlc`` for the rest of this process: for programs that content starts."""
    names = {**_CLASSIC, **_NEW}
    sys.meta_path.insert(0, _Finder({name: names[name]}))


def _take_away(names: Mapping[str, str]) -> dict[str, ModuleType]:
    taken = [name for name in sys.modules if name.partition(".")[0] in names]
    return {name: sys.modules.pop(name) for name in taken}
