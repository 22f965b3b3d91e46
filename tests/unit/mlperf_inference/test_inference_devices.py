"""A device that is not there is told before anything is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from franca.errors import Unavailable
from franca.mlperf.inference import devices


def test_a_gpu_is_missed_only_where_nothing_speaks_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "CUDA_DEVICES", (f"{tmp_path}/nvidia[0-9]*",))
    monkeypatch.setenv("PATH", str(tmp_path))
    devices.check_device("cpu")
    with pytest.raises(Unavailable, match="no NVIDIA GPU"):
        devices.check_device("cuda")
    (tmp_path / "nvidiactl").touch()
    with pytest.raises(Unavailable):
        devices.check_device("cuda")
    (tmp_path / "nvidia0").touch()
    devices.check_device("cuda")


def test_a_tool_of_the_driver_speaks_for_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "CUDA_DEVICES", ())
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\n", "utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    devices.check_device("cuda")
