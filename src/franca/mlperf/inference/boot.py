"""Starts a module of this package in another interpreter: the one that has LoadGen and the runtime."""

from __future__ import annotations

import os

PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Gives the process this package and nothing beside it: on the search path, the folder that Franca is installed in
# would also offer its other packages, built for another Python.
_BOOT = """
import importlib.util, sys
sys.path[:] = [p for p in sys.path if p]
spec = importlib.util.spec_from_file_location("franca", sys.argv[1] + "/__init__.py",
                                              submodule_search_locations=[sys.argv[1]])
sys.modules["franca"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["franca"])
importlib.import_module(sys.argv[2]).run_and_exit(sys.argv[3:])
"""


def boot_argv(executable: str, module: str, *args: str) -> list[str]:
    """The command line that runs ``module.run_and_exit(args)`` with ``executable``."""
    return [executable, "-c", _BOOT, PACKAGE, module, *args]
