"""From what the recipes found to the three parts of a benchmark: backend, data set, metric."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from franca.errors import NotFound, UsageError
from franca.mlperf.inference import asked
from franca.mlperf.inference.asked import Env
from franca.mlperf.inference.models import Model
from franca.mlperf.inference.profiles import TEST_QUERY_COUNT
from franca.mlperf.inference.spec import Part
from franca.mlperf.inference.wishes import Wishes

TRIAL_PROMPTS = 200  #: of the counting data, where nothing is to be submitted
TEST = "test"  #: the profile of a few queries: accuracy is then that of as many samples (section 16.6)


class Parts(NamedTuple):
    """What a benchmark is made of; ``dataset_name`` is for people."""

    benchmark: str
    dataset_name: str
    backend: Part
    dataset: Part
    metric: Part


def parts_of(model: Model, wishes: Wishes, env: Env) -> Parts:
    """The parts of ``model``'s task over the files that ``env`` names.

    Raises:
        NotFound, UsageError: a file that the user gave is not there, or was needed and not given.
    """
    build = {
        "digits": _digits,
        "counting": _counting,
        "imagenet": _imagenet,
        "openimages": _openimages,
        "squad": _squad,
    }[model.task]
    return build(model, wishes, env)


def given_data_key(model: Model, env: Env) -> str:
    """The key with the user's own copy of the data; "" where there is none."""
    keys = ("CM_MLPERF_DATASET_PATH", *(["IMAGENET_PATH"] if model.task == "imagenet" else []))
    return next((key for key in keys if asked.text(env, key)), "")


def samples(model: Model, wishes: Wishes) -> dict[str, int]:
    """How many samples there are, and are in memory at once; absent = as the data set has it."""
    found = {}
    if wishes.profile == TEST and model.checked_as:
        found["count"] = wishes.test_query_count or TEST_QUERY_COUNT
    performance = wishes.performance_count or (wishes.rules.performance_samples if model.checked_as else 0)
    return {**found, **({"performance_count": performance} if performance else {})}


def _digits(model: Model, wishes: Wishes, env: Env) -> Parts:
    shape = [int(size) for size in asked.text(env, "CM_ML_MODEL_INPUT_SHAPE").split(",")[1:]]
    scale = float(asked.text(env, "CM_ML_MODEL_INPUT_SCALE") or 1)
    place = {"path": asked.text(env, "CM_DATASET_DIGITS_PATH"), "shape": shape, "scale": scale}
    # A TorchScript module has one output, and no name for it.
    named = {"output": asked.text(env, "CM_ML_MODEL_OUTPUT_NAME")} if wishes.backend == "onnxruntime" else {}
    return Parts(
        "digits",
        "handwritten digits (hold-out)",
        Part(wishes.backend, {**_engine(wishes, env), **named}),
        Part("digits", {**place, **samples(model, wishes)}),
        Part("label"),
    )


def _counting(model: Model, wishes: Wishes, env: Env) -> Parts:
    """Texts that go on in one right way; all prompts where a submission is meant, some to try it out."""
    data = asked.text(env, "CM_DATASET_COUNTING_PATH")
    some = {} if asked.text(env, "CM_MLPERF_RUN_KIND") else {"count": TRIAL_PROMPTS}
    numbers = {key: asked.text(env, f"CM_DATASET_COUNTING_{key.upper()}") for key in ("end", "longest_answer")}
    limits = {"end": int(numbers["end"] or -1), "most": int(numbers["longest_answer"] or 1)}
    return Parts(
        "counting",
        "counting (hold-out)",
        Part(f"{wishes.backend}-greedy", {**_engine(wishes, env), **limits}),
        Part("texts", {**_checked({"path": os.path.join(data, "prompts.json")}), **some, **samples(model, wishes)}),
        Part("rouge", {"tokenizer": data, "sentences": "none"}),
    )


def _imagenet(model: Model, wishes: Wishes, env: Env) -> Parts:
    """Classifiers of 1000 classes; the published ResNet-50 has one more, the background, before them."""
    given = asked.path(env, given_data_key(model, env))
    prepared = asked.text(env, "CM_DATASET_PREPROCESSED_PATH")
    place = {"path": given} if given else {
        "path": prepared, "preprocessed": prepared, "labels": asked.text(env, "CM_DATASET_PREPROCESSED_LABELS"),
    }  # fmt: skip
    return Parts(
        "imagenet",
        "ImageNet 2012 validation",
        Part(wishes.backend, {**_engine(wishes, env), "output": asked.text(env, "CM_ML_MODEL_OUTPUT_NAME")}),
        Part("imagenet", {**_checked(place), **samples(model, wishes)}),
        Part("label", {"classes": 1000}),
    )


def _openimages(model: Model, wishes: Wishes, env: Env) -> Parts:
    """Detectors of 800 x 800 pixels that take one picture at a time."""
    given = asked.path(env, given_data_key(model, env))
    place = {"path": given} if given else {
        "path": asked.text(env, "CM_DATASET_PATH_ROOT"),
        "preprocessed": asked.text(env, "CM_DATASET_PREPROCESSED_PATH"),
        "annotations": asked.text(env, "CM_DATASET_ANNOTATIONS_FILE_PATH"),
    }  # fmt: skip
    engine = {**_engine(wishes, env), "outputs": ["boxes", "labels", "scores"], "one_by_one": True}
    return Parts(
        "openimages",
        "OpenImages v6, the classes of MLPerf",
        Part(f"{wishes.backend}-tensors", engine),
        Part("coco", {**_checked(place), **samples(model, wishes)}),
        Part("detections"),
    )


def _squad(model: Model, wishes: Wishes, env: Env) -> Parts:
    """Question answering over windows of 384 pieces."""
    place = {
        "path": asked.path(env, given_data_key(model, env)) or asked.text(env, "CM_DATASET_SQUAD_VAL_PATH"),
        "vocabulary": asked.path(env, "CM_MLPERF_VOCABULARY") or asked.text(env, "CM_DATASET_SQUAD_VOCAB_PATH"),
    }
    engine = {**_engine(wishes, env), "outputs": ["output_start_logits", "output_end_logits"]}
    return Parts(
        "squad",
        "SQuAD 1.1, development set",
        Part(f"{wishes.backend}-tensors", engine),
        Part("squad", {**_checked(place), **samples(model, wishes)}),
        Part("answers"),
    )


def _engine(wishes: Wishes, env: Env) -> dict[str, Any]:
    return {"model": model_file(env), "device": wishes.device, "threads": wishes.threads}


def model_file(env: Env) -> str:
    """The model, found by a recipe or given. Raises UsageError, NotFound."""
    path = asked.path(env, "CM_ML_MODEL_FILE_WITH_PATH")
    if not path:
        raise UsageError("no model was found", hint="give one with --model_file=FILE")
    if not os.path.isfile(path):
        raise NotFound(f"model file {path} does not exist")
    return path


def _checked(place: dict[str, str]) -> dict[str, str]:
    for what, path in place.items():
        if not path or not os.path.exists(path):
            raise NotFound(f"data set: {what} {path or '(not named)'} does not exist",
                           hint="give your copy with --dataset_path=PLACE")  # fmt: skip
    return place
