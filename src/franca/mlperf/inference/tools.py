"""The interpreter of a benchmark: is everything there, and which versions."""

from __future__ import annotations

import json
import platform
import subprocess
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from franca.errors import Unavailable
from franca.mlperf.inference.runner import Interpreter

#: distribution -> what to do when it is missing
NEEDED = {
    "mlcommons_loadgen": 'franca run script "get mlperf inference loadgen"',
    "numpy": 'franca run script "get generic-python-lib _numpy"',
}
_ORT = ("onnxruntime", 'franca run script "get generic-python-lib _onnxruntime"')
_TORCH = ("torch", 'franca run script "get generic-python-lib _torch"')
_NEEDS = {"onnxruntime": _ORT, "pytorch": _TORCH}  #: by the first word of a built-in backend's name

_PROBE = """
import json, platform, sys
from importlib.metadata import PackageNotFoundError, version
out = {"python": platform.python_version()}
for name in sys.argv[1:]:
    try:
        out[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(out))
"""


_ALL = """
import json
from importlib.metadata import distributions
print(json.dumps({str(one.metadata["Name"]): one.version for one in distributions() if one.metadata["Name"]}))
"""


def package_of(backend: str) -> tuple[str, str] | None:
    """Package and remedy of a built-in backend; None for a plug-in (``module:Class``)."""
    return None if ":" in backend else _NEEDS.get(backend.partition("-")[0])


def runtime_version(backend: str, software: dict[str, str]) -> str:
    """Version of the package behind a backend; of a plug-in what it said of itself, "unknown" before it was asked."""
    needed = package_of(backend)
    name = needed[0] if needed else plain_name(backend)
    return software.get(name, "unknown")


def plain_name(backend: str) -> str:
    """A backend as it is named in folders and tables: of a plug-in the class alone."""
    return backend.rpartition(":")[2]


def versions(interpreter: Interpreter, backend: str) -> dict[str, str]:
    """Versions of Python, LoadGen, numpy and the backend's runtime in the benchmark's interpreter.

    Reads package metadata only; ``mlcommons_loadgen`` is never imported (section 1.1).

    Raises:
        Unavailable: the interpreter does not run, or a package is missing; the hint says how to get it.
    """
    needed = dict(NEEDED)
    if extra := package_of(backend):
        name, remedy = extra
        needed[name] = remedy
    found = _ask(interpreter, _PROBE, *needed)
    for name, remedy in needed.items():
        if name not in found:
            raise Unavailable(f"package {name} is not installed for {interpreter.executable}", hint=f"run: {remedy}")
    return found


@lru_cache(maxsize=8)
def installed(interpreter: Interpreter) -> dict[str, str]:
    """Every distribution of the benchmark's interpreter and its version. Raises Unavailable."""
    return _ask(interpreter, _ALL)


def versions_here(backend: str) -> dict[str, str]:
    """The same packages as ``versions`` has them, in this interpreter; those that are missing are left out."""
    extra = package_of(backend)
    found = {"python": platform.python_version()}
    for name in (*NEEDED, *((extra[0],) if extra else ())):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def framework_here(backend: str) -> str:
    """``onnxruntime v1.31.1`` of this interpreter; ``N/A`` where it has none."""
    found = runtime_version(backend, versions_here(backend))
    return "N/A" if found == "unknown" else f"{plain_name(backend)} v{found}"


def _ask(interpreter: Interpreter, program: str, *names: str) -> dict[str, str]:
    argv = [interpreter.executable, "-c", program, *names]
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=60, check=True, env=interpreter.environment()
        )
        return dict(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise Unavailable(
            f"the Python of the benchmark, {interpreter.executable}, does not work: {error}",
            hint='run: franca run script "get python3" --new',
        ) from error
