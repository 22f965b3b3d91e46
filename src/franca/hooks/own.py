"""What recipes share whose native script runs a program of Franca itself."""

from __future__ import annotations

import os
import sys
from typing import Any

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def hand_over(env: dict[str, Any]) -> None:
    """Tell the native script this process's Python, and the folder that Franca is imported from."""
    env["CM_MLPERF_FRANCA_PYTHON"] = sys.executable
    env["CM_MLPERF_FRANCA_SOURCE"] = os.path.dirname(PACKAGE)


def with_newer_names(env: dict[str, Any]) -> None:
    """Read the keys of the newer dialect (``MLC_...``) under the names that recipes know, where those are not set."""
    for key in [key for key in env if key.startswith("MLC_")]:
        env.setdefault("CM_" + key[4:], env[key])
