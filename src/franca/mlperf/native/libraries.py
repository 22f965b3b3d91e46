"""Finding ONNX Runtime's shared library: the C++ harness opens it when a run begins."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any, NamedTuple

from franca.errors import Unavailable, UsageError

SYSTEM = ("/usr/local/lib", "/usr/local/lib64", "/usr/lib", "/usr/lib64", "/opt/onnxruntime/lib")
HINT = "pip install onnxruntime for the Python of the benchmark, or name a library: --library=FILE"

# Asks each file for its version in a process of its own: a file that is no library, or for another machine, is told
# and not loaded here. Folders in the arguments are searched; of packages, those where their wheels keep the library:
# onnxruntime from 1.23 on, and sherpa-onnx-core, which carries one for its own use.
_ASK = """
import ctypes, glob, importlib.util, json, os, sys

class Base(ctypes.Structure):
    _fields_ = [
        ("get", ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint32)),
        ("version", ctypes.CFUNCTYPE(ctypes.c_char_p)),
    ]

def package(name, folder):
    spec = importlib.util.find_spec(name)
    return [os.path.join(one, folder) for one in (spec.submodule_search_locations or ())] if spec else []

def version(path):
    entry = ctypes.CDLL(path).OrtGetApiBase
    entry.restype = ctypes.POINTER(Base)
    found = entry().contents.version().decode()
    if not found.startswith("1."):
        raise OSError("release " + found)
    return found

given, first, system = json.loads(sys.argv[1])
folders = [*first, *package("onnxruntime", "capi"), *package("sherpa_onnx", "lib"), *system]
names = ("libonnxruntime.so", "libonnxruntime.so.*", "libonnxruntime.dylib", "libonnxruntime.[0-9]*.dylib")
paths = given or [path for place in folders for name in names for path in sorted(glob.glob(os.path.join(place, name)))]
out = {"folders": folders, "wrong": []}
for path in paths:
    try:
        out.update(path=path, version=version(path))
        break
    except (OSError, AttributeError) as error:
        out["wrong"].append([path, str(error).removeprefix(path + ": ")])
print(json.dumps(out))
"""


class Library(NamedTuple):
    """A library that can be opened."""

    path: str
    version: str


def onnxruntime_library(python: str, named: str = "") -> Library:
    """ONNX Runtime's library: the one that is named, else the first of ``ORT_HOME``, the packages, and the system.

    Args:
        python: the interpreter of the benchmark, whose packages may hold it.

    Raises:
        UsageError: the named file cannot be used. Unavailable: there is none; the message says where it was looked for.
    """
    home = os.environ.get("ORT_HOME", "")
    own = [os.path.join(home, folder) for folder in ("lib", "lib64")] if home else []
    found = _ask(python, [[named] if named else [], own, system_folders()])
    if "path" in found:
        return Library(os.path.abspath(found["path"]), found["version"])
    if named:
        raise UsageError(f"--library={named}: cannot be used as ONNX Runtime: {found['wrong'][0][1]}")
    wrong = "".join(f"; {path} cannot be used: {text}" for path, text in found["wrong"])
    raise Unavailable(f"libonnxruntime is not in {', '.join(found['folders'])}{wrong}", hint=HINT)


def system_folders() -> list[str]:
    """Where libraries of the system lie; the last is Debian's."""
    return [*SYSTEM, f"/usr/lib/{os.uname().machine}-linux-gnu"]


def _ask(python: str, words: list[list[str]]) -> dict[str, Any]:
    try:
        argv = [python, "-c", _ASK, json.dumps(words)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
        return dict(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise Unavailable(f"{python} does not say where its packages are: {error}") from error
