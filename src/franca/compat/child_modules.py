"""``import cmind`` and ``import mlc`` in Python programs that native scripts of content start.

Such a program runs in its own process, often under another interpreter. The folder ``child_path`` is put
on its search path; the stubs in it hand over to an installed ``cmind`` or ``mlc`` where there is one, and
otherwise to our modules, which load if the interpreter is compatible with the one that Franca runs under.
"""

from __future__ import annotations

import os
import sys

from franca.model.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping

#: Where the stubs look for Franca and what it needs.
VARIABLE = "FRANCA_PYTHON_PATHS"


def folder() -> str:
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "child_path")


def offer(environ: MutableMapping[str, str]) -> None:
    """Let processes started with ``environ`` find the stubs. Doing it again changes nothing."""
    present = [path for path in environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if folder() not in present:
        environ["PYTHONPATH"] = os.pathsep.join([*present, folder()])
    environ[VARIABLE] = os.pathsep.join(_own_paths())


def _own_paths() -> list[str]:
    """The directories that hold this package and the modules that it imports."""
    own = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    others = [path for path in sys.path if os.path.isdir(os.path.join(path, "msgspec"))]
    return list(dict.fromkeys((own, *map(os.path.abspath, others[:1]))))
