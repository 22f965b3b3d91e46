"""Whether this machine has the device that a run is meant for: asked before anything is installed."""

from __future__ import annotations

import glob
import shutil

from franca.errors import Unavailable

#: Devices of NVIDIA's drivers: of a computer, of the small boards, and of Linux inside Windows.
CUDA_DEVICES = ("/dev/nvidia[0-9]*", "/dev/nvhost-gpu", "/dev/nvgpu", "/dev/dxg")


def check_device(device: str) -> None:
    """Raises Unavailable: there is no sign of such a device. One that is there may still be refused by the runtime."""
    if device != "cuda" or shutil.which("nvidia-smi") or any(glob.glob(pattern) for pattern in CUDA_DEVICES):
        return
    raise Unavailable(
        "--device=cuda: this machine shows no NVIDIA GPU (no nvidia-smi, no device file of its driver)",
        hint="run on a machine with one, give a container its GPUs, or --device=cpu",
    )
