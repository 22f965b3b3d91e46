"""Where the headers and libraries are that can be compiled into the harness."""

from __future__ import annotations

import json
import os
import subprocess
from typing import NamedTuple

from franca.errors import Unavailable

ORT_HEADER = "onnxruntime_c_api.h"
_ORT_INCLUDES = ("include", "include/onnxruntime", "include/onnxruntime/core/session")

_ASK = """
import importlib.util, json, os
spec = importlib.util.find_spec("torch")
out = {"torch": os.path.dirname(spec.origin) if spec and spec.origin else ""}
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
    version: str = ""  #: another version is another program


def onnxruntime_headers() -> str:
    """The folder of ONNX Runtime's own header in ``ORT_HOME``; "" = the harness declares what it needs itself."""
    home = os.environ.get("ORT_HOME", "")
    folders = [os.path.join(home, part) for part in _ORT_INCLUDES] if home else []
    return next((one for one in folders if os.path.isfile(os.path.join(one, ORT_HEADER))), "")


def toolkit(python: str) -> Toolkit:
    """LibTorch on this machine.

    Args:
        python: the interpreter whose package ``torch`` may hold it.

    Raises:
        Unavailable: headers or library are not here; the message says where they were looked for.
    """
    packages = _ask(python)
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
        version=str(packages.get("version", "")),
    )


def _ask(python: str) -> dict[str, str]:
    try:
        done = subprocess.run([python, "-c", _ASK], capture_output=True, text=True, timeout=120, check=True)
        return dict(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise Unavailable(f"{python} does not say where its packages are: {error}") from error
