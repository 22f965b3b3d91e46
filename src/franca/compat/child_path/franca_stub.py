"""What the stubs beside this file do; it runs under interpreters that know nothing of Franca."""

import importlib
import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def hand_over(name: str) -> None:
    """Put the installed module ``name``, or ours, into the place of the stub that called."""
    paths = [path for path in sys.path if os.path.abspath(path or ".") != _HERE]
    spec = importlib.machinery.PathFinder.find_spec(name, paths)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return
    for path in os.environ.get("FRANCA_PYTHON_PATHS", "").split(os.pathsep):
        if path and path not in sys.path:
            sys.path.append(path)
    try:
        install = importlib.import_module("franca.compat.shims").install
    except ImportError as error:
        raise ImportError(
            f"the module {name!r} comes with Franca, which this interpreter ({sys.executable}) cannot load "
            f"({error}); install it here: python -m pip install franca"
        ) from error
    del sys.modules[name]
    install(name)
    importlib.import_module(name)
