"""The server of the released MLCommons power tool: checks what was named, a program of Franca starts it."""

from __future__ import annotations

import os

from franca.hooks.own import hand_over, with_newer_names


def preprocess(i):
    """Prepare the command, or say what is missing."""
    from franca.errors import FrancaError
    from franca.mlperf.power.tool import explain, prepare_server

    env = i["env"]
    with_newer_names(env)
    try:
        env.update(prepare_server(env, os.getcwd()))
    except FrancaError as error:
        return explain(error)
    hand_over(env)
    return {"return": 0}


def postprocess(i):
    """Remove the prepared command."""
    os.unlink(i["env"]["CM_MLPERF_POWER_COMMAND_FILE"])
    return {"return": 0}
