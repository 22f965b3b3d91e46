"""What a user gives of their own is looked at before anything is installed."""

from __future__ import annotations

import os

from franca.errors import NotFound, UsageError
from franca.mlperf.inference import asked
from franca.mlperf.inference.asked import Env
from franca.mlperf.inference.workloads.base import DATA_KEY, MODEL_KEY, Model, Workload, kind_of

#: Flag to environment key of what may be said of a model of one's own.
OPTIONS = {
    "preprocess": "CM_MLPERF_PREPROCESS",
    "image_size": "CM_MLPERF_IMAGE_SIZE",
    "outputs": "CM_MLPERF_MODEL_OUTPUTS",
}
#: The same of all places that may be given.
GIVEN = {
    "dataset_path": DATA_KEY,
    "imagenet_path": "IMAGENET_PATH",
    "dlrm_data_path": "DLRM_DATA_PATH",
    "vocabulary": "CM_MLPERF_VOCABULARY",
    "model_file": MODEL_KEY,
}


def check_given(workload: Workload, model: Model, env: Env) -> None:
    """Look at the places that the user names.

    Raises:
        UsageError: the model takes no such place. NotFound: nothing is there, or not what is needed.
    """
    if asked.is_on(env, "CM_MLPERF_LIGHT"):  # generated inputs have rules of their own
        return
    for flag, key in GIVEN.items():
        path = asked.path(env, key)
        if path:
            _check(workload, model, flag, path)
    for flag, key in OPTIONS.items():
        if asked.text(env, key) and flag not in workload.takes:
            raise UsageError(f"--{flag}={asked.text(env, key)}: --model={model.name} takes nothing of that kind")
    workload.check_options(model, env)
    if model.missing and not asked.text(env, MODEL_KEY):
        raise UsageError(
            f"--model={model.name}: {model.missing}",
            hint=f"give yours with --model_file={workload.model_is[0].upper()}",
        )
    given = workload.given(env)
    if given:
        workload.check_data(given)


def _check(workload: Workload, model: Model, flag: str, path: str) -> None:
    if flag not in workload.takes:
        takes = f"it takes --{', --'.join(workload.takes)}" if workload.takes else "its data and model are made here"
        raise UsageError(
            f"--{flag}={path}: --model={model.name} takes nothing of that kind; {takes}",
            hint="name the model that it is for with --model=NAME; a model without data: _light --model_file=FILE",
        )
    if not os.path.exists(path):
        raise NotFound(f"--{flag}={path} does not exist")
    if flag == "model_file" and kind_of(path) not in workload.model_is:
        raise UsageError(f"--{flag}={path}: is a {kind_of(path)}, expected a {' or a '.join(workload.model_is)}")
