"""The client of the released MLCommons power tool: checks what was named, a program of Franca starts it."""

from __future__ import annotations

import os
import sys


def preprocess(i):
    """Prepare the command, or say what is missing."""
    import franca
    from franca.errors import FrancaError
    from franca.mlperf.power.tool import explain, prepare_client

    env = i["env"]
    for key in [key for key in env if key.startswith("MLC_")]:  # the newer front end's names
        env.setdefault("CM_" + key[4:], env[key])
    try:
        env.update(prepare_client(env, os.getcwd()))
    except FrancaError as error:
        return explain(error)
    env["CM_MLPERF_FRANCA_PYTHON"] = sys.executable
    env["CM_MLPERF_FRANCA_SOURCE"] = os.path.dirname(os.path.dirname(os.path.abspath(franca.__file__)))
    return {"return": 0}


def postprocess(i):
    """Remove the prepared command."""
    os.unlink(i["env"]["CM_MLPERF_POWER_COMMAND_FILE"])
    return {"return": 0}
