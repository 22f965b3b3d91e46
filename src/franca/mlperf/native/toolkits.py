"""Where the runtimes that can be compiled into the harness have their headers and libraries."""

from __future__ import annotations

import glob
import json
import os
import subprocess
from collections.abc import Iterable
from typing import NamedTuple

from franca.errors import Unavailable

ORT_HEADER = "onnxruntime_c_api.h"
SYSTEM = ("/usr/local", "/usr", "/opt/onnxruntime")
_INCLUDES = ("include", "include/onnxruntime", "include/onnxruntime/core/session")

_ASK = """
import importlib.util, json, os
def folder(name):
    spec = importlib.util.find_spec(name)
    return os.path.dirname(spec.origin) if spec and spec.origin else ""
out = {"onnxruntime": folder("onnxruntime"), "torch": folder("torch")}
if out["torch"]:
    import torch
    out["cxx11_abi"] = bool(torch.compiled_with_cxx11_abi())
    out["version"] = torch.__version__
print(json.dumps(out))
"""


class Toolkit(NamedTuple):
    """What an engine needs of the compiler and the linker."""

    source: str  #: of ours, in ``cpp``
    define: str
    includes: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()  #: full paths
    library_folders: tuple[str, ...] = ()  #: searched when the program starts
    flags: tuple[str, ...] = ()
    links: tuple[str, ...] = ()  #: names under which the first library must also be found


def toolkit(engine: str, python: str) -> Toolkit:
    """The parts of ``engine`` on this machine.

    Args:
        python: the interpreter whose packages may hold the library.

    Raises:
        Unavailable: headers or library are not here; the message says where they were looked for.
    """
    return _onnxruntime(_ask(python)) if engine == "onnxruntime" else _libtorch(_ask(python))


def _ask(python: str) -> dict[str, str]:
    try:
        done = subprocess.run([python, "-c", _ASK], capture_output=True, text=True, timeout=120, check=True)
        return dict(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise Unavailable(f"{python} does not say where its packages are: {error}") from error


def _onnxruntime(packages: dict[str, str]) -> Toolkit:
    homes = [home for home in (os.environ.get("ORT_HOME", ""), *SYSTEM) if home]
    include = _first(os.path.join(home, part) for home in homes for part in _INCLUDES)
    if not include:
        raise Unavailable(
            f"ONNX Runtime's header {ORT_HEADER} is not under {', '.join(homes)}; the Python wheel has none",
            hint="unpack a release of ONNX Runtime for C++ and name its folder: ORT_HOME=FOLDER",
        )
    places = [os.path.join(home, lib) for home in homes for lib in ("lib", "lib64")]
    places.append(os.path.join(packages["onnxruntime"], "capi"))
    found = [path for place in places for path in sorted(glob.glob(os.path.join(place, "libonnxruntime.so*")))]
    if not found:
        raise Unavailable(f"libonnxruntime.so is not in {', '.join(places)}")
    library = os.path.realpath(found[0])
    return Toolkit(
        "onnxruntime_engine.cc",
        "FRANCA_WITH_ONNXRUNTIME",
        includes=(include,),
        libraries=(library,),
        library_folders=(os.path.dirname(library),),
        links=("libonnxruntime.so.1", "libonnxruntime.so"),
    )


def _first(folders: Iterable[str]) -> str:
    return next((one for one in folders if os.path.isfile(os.path.join(one, ORT_HEADER))), "")


def _libtorch(packages: dict[str, str]) -> Toolkit:
    home = os.environ.get("LIBTORCH_HOME", "") or packages["torch"]
    include, lib = os.path.join(home, "include"), os.path.join(home, "lib")
    if not home or not os.path.isfile(os.path.join(include, "torch", "script.h")):
        raise Unavailable(
            "LibTorch's headers are not here: no package torch, and LIBTORCH_HOME does not name them",
            hint="install torch for the Python of the benchmark, or set LIBTORCH_HOME to an unpacked LibTorch",
        )
    names = [
        name for name in ("libtorch.so", "libtorch_cpu.so", "libc10.so") if os.path.exists(os.path.join(lib, name))
    ]
    return Toolkit(
        "libtorch_engine.cc",
        "FRANCA_WITH_LIBTORCH",
        includes=(include, os.path.join(include, "torch", "csrc", "api", "include")),
        libraries=tuple(os.path.join(lib, one) for one in names),
        library_folders=(lib,),
        flags=(f"-D_GLIBCXX_USE_CXX11_ABI={int(bool(packages.get('cxx11_abi', True)))}",),
    )
