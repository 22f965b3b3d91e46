"""Reads pickles that hold numpy arrays in plain containers, and nothing else.

Some official data sets are handed out as pickles. Python's own reader would run any code in them; this one
knows four names, all of which only build arrays, and refuses the rest.
"""

from __future__ import annotations

import importlib
import os
import pickle
from typing import Any

from franca.errors import Location, MalformedFile, Refused
from franca.mlperf.tasks.files import existing

MAX_BYTES = 8 << 30
_CORES = ("numpy.core.", "numpy._core.")  #: the name before and since numpy 2
_BUILDERS = {("multiarray", "_reconstruct"), ("multiarray", "scalar"), ("numeric", "_frombuffer")}


class _Unpickler(pickle.Unpickler):
    """Finds array constructors only."""

    path = ""

    def find_class(self, module: str, name: str) -> Any:
        import numpy as np

        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        if (module, name) == ("_codecs", "encode"):
            return _latin
        part = module.rpartition(".")[2]
        if module in [core + part for core in _CORES] and (part, name) in _BUILDERS:
            return getattr(_core(part), name)
        raise Refused(f"{self.path} is a pickle that wants {module}.{name}; only arrays are read here")


def _core(part: str) -> Any:
    """The module of this numpy, whatever the name in the file."""
    try:
        return importlib.import_module(_CORES[1] + part)
    except ImportError:
        return importlib.import_module(_CORES[0] + part)


def _latin(text: str, encoding: str) -> bytes:
    """What old pickles use to hold bytes."""
    return text.encode("latin1")


def load_arrays(path: str) -> Any:
    """Content of a pickle of arrays.

    Raises:
        NotFound, MalformedFile: no such file, or no pickle. Refused: it wants more than arrays.
    """
    existing(path, "data file")
    if os.path.getsize(path) > MAX_BYTES:
        raise MalformedFile(f"is longer than {MAX_BYTES} bytes", where=Location(path))
    try:
        with open(path, "rb") as source:
            reader = _Unpickler(source)
            reader.path = path
            return reader.load()
    except Refused:
        raise
    except Exception as error:  # a broken pickle may fail in any way
        raise MalformedFile(f"is no pickle of arrays: {type(error).__name__}: {error}", where=Location(path)) from error
