"""``python -m franca.mlperf.native.build [--engine=NAME] [--root=FOLDER] [--python=PYTHON]``: build the C++ harness.

Prints the path of the program. What was built already for the same sources, compiler and libraries is reused; a
program appears whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from franca.catalog.files import make_directory, write_json_atomic
from franca.catalog.locks import locked
from franca.catalog.roots import roots_of
from franca.errors import FrancaError, StepFailed, Unavailable, UsageError
from franca.mlperf.native.sources import DEFAULT_VERSION, sources
from franca.mlperf.native.toolkits import Toolkit, onnxruntime_headers, toolkit

CPP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cpp")
CORE = (
    "batcher",
    "bridge_sut",
    "channel",
    "local_sut",
    "main",
    "null_sut",
    "onnxruntime_engine",
    "report",
    "row_library",
    "run_config",
    "wire",
)
ALWAYS = ("null", "bridge", "onnxruntime")  #: ONNX Runtime is opened when a run begins, and not linked with
OPTIONAL = ("libtorch",)
PROGRAM = "franca-loadgen"
STANDARD = ("-std=c++17", "-O2", "-fPIC", "-Wall")
COMPILE_S = 900
#: LoadGen's own files as one translation unit: half the time of compiling each.
LOADGEN = (
    "early_stopping.cc",
    "issue_query_controller.cc",
    "loadgen.cc",
    "logging.cc",
    "test_settings_internal.cc",
    "utils.cc",
    "version.cc",
    "results.cc",
    "generated/version_generated.cc",
)

Say = Callable[[str], None]


class Built(NamedTuple):
    """A program that is there."""

    program: str
    engines: tuple[str, ...]
    loadgen: str  #: its version


class Request(NamedTuple):
    """What to build, and where it is kept."""

    root: str  #: folder of sources and programs; may be removed at any time
    python: str = sys.executable  #: has pip, and the packages whose libraries may be used
    engines: tuple[str, ...] = ()  #: of OPTIONAL; those of ALWAYS may be named, and change nothing
    version: str = DEFAULT_VERSION
    sha256: str = ""


def default_root() -> str:
    """Beside the other things that Franca makes for itself."""
    return os.path.join(roots_of(os.environ).own, "native")


def build(request: Request, say: Say = lambda text: None) -> Built:
    """The harness for ``request``, built when it is not there.

    Raises:
        Unavailable: no compiler, no source package, no headers of an engine; UsageError: no such engine;
        StepFailed: the compiler refuses something; the log says what.
    """
    for engine in request.engines:
        if engine not in (*ALWAYS, *OPTIONAL):
            raise UsageError(f"engine {engine!r} is not known (expected {', '.join((*ALWAYS, *OPTIONAL))})")
    compiler = _compiler()
    kits = {engine: toolkit(request.python) for engine in OPTIONAL if engine in request.engines}
    make_directory(request.root)
    with locked(os.path.join(request.root, "build.lock"), on_wait=say):
        loadgen = sources(request.root, request.python, request.version, request.sha256)
        target = os.path.join(request.root, f"harness-{_key(compiler, loadgen, kits)}")
        if not os.path.exists(os.path.join(target, PROGRAM)):
            _make(compiler, loadgen, kits, target, say)
    return Built(os.path.join(target, PROGRAM), (*ALWAYS, *kits), request.version)


def _compiler() -> str:
    name = os.environ.get("CXX") or "g++"
    found = shutil.which(name) or ("" if os.environ.get("CXX") else shutil.which("clang++") or "")
    if not found:
        raise Unavailable(f"there is no C++ compiler {name}", hint="install g++ or clang++, or name one with CXX")
    return found


def _key(compiler: str, loadgen: str, kits: dict[str, Toolkit]) -> str:
    """Changes with everything that decides the program."""
    digest = hashlib.sha256()
    facts = [_version(compiler), os.path.basename(loadgen), repr(kits), onnxruntime_headers(), *STANDARD]
    digest.update("\0".join(facts).encode())
    for name in sorted(os.listdir(CPP)):
        with open(os.path.join(CPP, name), "rb") as source:
            digest.update(name.encode() + source.read())
    return digest.hexdigest()[:16]


def _version(compiler: str) -> str:
    done = subprocess.run([compiler, "--version"], capture_output=True, text=True, timeout=60)
    return compiler + done.stdout


# -- compiling -----------------------------------------------------------------------------------------


def _make(compiler: str, loadgen: str, kits: dict[str, Toolkit], target: str, say: Say) -> None:
    say("building the C++ harness, about a minute")
    with tempfile.TemporaryDirectory(prefix=".building-", dir=os.path.dirname(target)) as work:
        library = _loadgen_object(compiler, loadgen, work)
        headers = onnxruntime_headers()
        plain = Toolkit("", "", includes=(headers,) if headers else ())
        units = [(os.path.join(CPP, f"{name}.cc"), plain) for name in CORE]
        units += [(os.path.join(CPP, kit.source), kit) for kit in kits.values()]
        defines = [f"-D{kit.define}" for kit in kits.values()]

        def compiled(unit: tuple[str, Toolkit]) -> str:
            return _compile(compiler, unit[0], [*_flags(unit[1]), *defines, f"-I{CPP}", f"-I{loadgen}"], work)

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            objects = list(pool.map(compiled, units))
        ready = os.path.join(work, "ready")
        os.mkdir(ready)
        _link(compiler, [*objects, library], kits, ready)
        write_json_atomic(os.path.join(ready, "build.json"), {"loadgen": os.path.basename(loadgen), "engines": [*kits]})
        os.replace(ready, target)


def _flags(kit: Toolkit) -> list[str]:
    # Headers of others may warn as they like.
    return [*kit.flags, *(word for folder in kit.includes for word in ("-isystem", folder))]


def _loadgen_object(compiler: str, loadgen: str, work: str) -> str:
    """LoadGen, compiled once for each of its versions."""
    kept = os.path.join(loadgen, f"franca-{hashlib.sha256(_version(compiler).encode()).hexdigest()[:8]}.o")
    if not os.path.exists(kept):
        unit = os.path.join(work, "loadgen_all.cc")
        with open(unit, "w", encoding="utf-8") as out:
            out.writelines(f'#include "{name}"\n' for name in LOADGEN)
        major, minor = os.path.basename(loadgen).split("-")[1].split(".")[:2]
        defines = [f"-DMAJOR_VERSION={major}", f"-DMINOR_VERSION={minor}"]
        os.replace(_compile(compiler, unit, [*defines, f"-I{loadgen}"], work), kept)
    return kept


def _compile(compiler: str, source: str, flags: Sequence[str], work: str) -> str:
    made = os.path.join(work, os.path.basename(source) + ".o")
    _run([compiler, *STANDARD, *flags, "-c", source, "-o", made], os.path.basename(source))
    return made


def _link(compiler: str, objects: Sequence[str], kits: dict[str, Toolkit], folder: str) -> None:
    libraries: list[str] = []
    for kit in kits.values():
        libraries += [*kit.libraries, *(f"-Wl,-rpath,{one}" for one in kit.library_folders)]
    argv = [compiler, *STANDARD, *objects, *libraries, "-pthread", "-ldl"]
    _run([*argv, "-o", os.path.join(folder, PROGRAM)], PROGRAM)


def _run(argv: Sequence[str], what: str) -> None:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=COMPILE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StepFailed(f"{what} cannot be compiled: {error}", step="build the C++ harness") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line or "undefined" in line]
        said = (lines or done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[0]
        raise StepFailed(f"{what} cannot be compiled: {said}", step="build the C++ harness")


# -- the program ---------------------------------------------------------------------------------------


def main(argv: list[str]) -> int:
    try:
        built = build(_request(argv), lambda text: print(f"  {text}", file=sys.stderr, flush=True))
    except FrancaError as error:
        print("franca: error: " + "\n  ".join(error.lines()), file=sys.stderr, flush=True)
        return error.status
    print(built.program)
    return 0


def _request(argv: list[str]) -> Request:
    given: dict[str, list[str]] = {}
    for word in argv:
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or not equals or name not in ("engine", "root", "python", "version", "sha256"):
            raise UsageError(f"unexpected {word!r}", hint=(__doc__ or "").splitlines()[0])
        given.setdefault(name, []).append(value)
    one = {name: values[-1] for name, values in given.items() if name != "engine"}
    root = os.path.abspath(one.pop("root", "") or default_root())
    return Request(root, engines=tuple(name for name in given.get("engine", ()) if name), **one)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
