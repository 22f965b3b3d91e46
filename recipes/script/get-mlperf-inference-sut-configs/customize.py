"""Reads the targets that earlier runs measured for a system, the SUT configuration, into the state."""

from __future__ import annotations

import os

from franca.catalog.files import read_yaml
from franca.errors import FrancaError, UsageError
from franca.mlperf.inference.asked import path, text
from franca.mlperf.inference.configs import place_of
from franca.mlperf.inference.spec import RUN_CONFIG

SUFFIXES = ["CM_MLPERF_SUT_NAME_RUN_CONFIG_SUFFIX" + str(number or "") for number in range(6)]


def preprocess(i):
    """An unknown system has no targets yet, which is no mistake."""
    env, state = i["env"], i["state"]
    try:
        if text(env, "CM_GIT_URL"):
            raise UsageError(
                f"--configs_git_url={env['CM_GIT_URL']}: nothing is cloned here", hint="--repo_path=FOLDER of a clone"
            )
        file = config_file(env)
        content = read_yaml(file) if os.path.isfile(file) else {}
    except FrancaError as error:
        return {"return": error.status, "error": "\n".join(error.lines())}
    name = env["CM_SUT_NAME"]
    state.setdefault("CM_SUT_CONFIG", {})[name] = content or {}
    state.setdefault("CM_SUT_CONFIG_PATH", {})[name] = file
    state["CM_SUT_CONFIG_NAME"] = name
    if not content:
        print(f"no targets are known for {name}; runs write them to {file}", flush=True)
    return {"return": 0}


def config_file(env):
    """The file of this system; fills in its name and the name of its run."""
    hw_name = text(env, "CM_HW_NAME") or "default"
    implementation = text(env, "CM_MLPERF_IMPLEMENTATION") or "franca"
    device = text(env, "CM_MLPERF_DEVICE") or "cpu"
    backend = text(env, "CM_MLPERF_BACKEND") or "onnxruntime"
    version = text(env, "CM_MLPERF_BACKEND_VERSION")
    run = "_".join(filter(None, (text(env, key) for key in SUFFIXES))) or RUN_CONFIG
    parts = (hw_name, implementation, device, backend, "v" + (version.removeprefix("v") or "default"), run)
    if any(os.sep in part or part.startswith(".") for part in parts):
        raise UsageError(f"{'-'.join(parts)} is no name of a system", hint="names without / and a leading dot")
    env["CM_HW_NAME"], env["CM_MLPERF_INFERENCE_SUT_RUN_CONFIG"] = hw_name, run
    env["CM_SUT_NAME"] = text(env, "CM_SUT_NAME") or "-".join(parts)
    root = path(env, "CM_SUT_CONFIGS_PATH") or os.path.abspath(os.path.join("mlperf-results", "configs"))
    return place_of(root, hw_name, implementation, device, backend, run)
