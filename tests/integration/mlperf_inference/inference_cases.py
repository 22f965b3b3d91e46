"""The request that the integration tests vary, and what is fixed about its parts."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import msgspec

from franca.mlperf.inference.spec import RunSpec, checked

COUNT = 61  #: samples; not a multiple of eight, so that MultiStream has to pad
ALL = ["SingleStream", "MultiStream", "Server", "Offline"]
COMMAND = "franca run script '<run>' --note='a & \"b\"'"


def request_data(parts: Path, output: Path | str, **changes: Any) -> dict[str, Any]:
    """A request as its file holds it; keywords replace fields."""
    data: dict[str, Any] = {
        "benchmark": "test",
        "model": "linear",
        "model_file": str(parts / "model.onnx"),
        "dataset_name": "random",
        "backend": {"name": "onnxruntime", "options": {"model": str(parts / "model.onnx")}},
        "dataset": {"name": "digits", "options": {"path": str(parts)}},
        "metric": {"name": "label"},
        "output": str(output),
        "interpreter": sys.executable,
        "python_path": [str(Path(__file__).parent)],
        "user_conf": str(parts / "user.conf"),
        "command": COMMAND,
        "max_batchsize": 16,
    }
    return {**data, **changes}


def bad_sut(how: str) -> dict[str, Any]:
    """The part of a request for a system under test that goes wrong in this way; "" = as ``BAD_SUT`` says."""
    return {"name": "inference_bad_parts:BadSut", "options": {"how": how}}


def going_wrong(measured: dict[str, Any], output: Path, environ: dict[str, str], how: str) -> dict[str, Any]:
    """A request that goes on with ``measured``, whose system goes wrong from now on."""
    shutil.copytree(measured["output"], output)
    environ["BAD_SUT"] = how
    return {**measured, "output": str(output), "watchdog_s": 2.0 if how == "hangs" else 0.0}


def named_log(said: str) -> str:
    """The log that a message of a failed run names."""
    return next(line.split("log: ", 1)[1] for line in said.splitlines() if "log: " in line)


def request(parts: Path, output: Path, **changes: Any) -> RunSpec:
    return checked(msgspec.convert(request_data(parts, output, **changes), RunSpec))
