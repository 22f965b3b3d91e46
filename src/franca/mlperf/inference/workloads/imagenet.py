"""Image classification over ImageNet 2012."""

from __future__ import annotations

import os

from franca.catalog.files import read_json
from franca.errors import Location, MalformedFile, UsageError
from franca.mlperf.inference import asked
from franca.mlperf.inference.asked import Env
from franca.mlperf.inference.spec import Part
from franca.mlperf.inference.workloads.base import (
    DATA_KEY,
    MODEL_KEY,
    Model,
    Parts,
    Wishes,
    Workload,
    engine,
    existing,
    has_one_of,
    samples,
)
from franca.mlperf.tasks.imagenet import FORMS, LABEL_FILES, SYMMETRIC

CARD = "model-card.json"  #: beside a model file; its ``preprocess`` is one of FORMS


class ImageNet(Workload):
    """Classifiers of 1000 classes; the published ResNet-50 and MobileNet have one more, the background, before them."""

    name = "imagenet"
    models = (
        Model("resnet50", "resnet", batch=32),
        # Pictures from -1 to 1, as the networks of these names have been trained on.
        Model("mobilenet", kind=SYMMETRIC, batch=32),
        Model("efficientnet", kind=SYMMETRIC, batch=32, missing="no ONNX file of it is published with the benchmarks"),
    )
    data_tags = "get,preprocessed,dataset,imagenet"
    data_key = "CM_DATASET_PREPROCESSED_PATH"
    takes = ("dataset_path", "imagenet_path", "model_file", "preprocess")
    given_data = (DATA_KEY, "IMAGENET_PATH")

    def check_data(self, path: str) -> None:
        has_one_of(path, LABEL_FILES)

    def check_options(self, model: Model, env: Env) -> None:
        self._form(model, env)

    def _form(self, model: Model, env: Env) -> str:
        """What the model wants of pictures: as the user says, or the card of their model; "" = the usual."""
        form, where = asked.text(env, "CM_MLPERF_PREPROCESS"), "--preprocess"
        if not form:
            form, where = _by_card(asked.path(env, MODEL_KEY)), f"preprocess in {CARD}"
        if form and form not in FORMS:
            raise UsageError(f"{where}={form}: expected {', '.join(FORMS)}")
        if form and form != (model.kind or FORMS[0]) and not self.given(env):
            raise UsageError(
                f"{where}={form}: the pictures of the recipe are prepared for {model.name} as it was published",
                hint="give pictures and their val_map.txt: --dataset_path=FOLDER",
            )
        return form or model.kind

    def parts(self, model: Model, wishes: Wishes, env: Env) -> Parts:
        given = self.given(env)
        prepared = asked.text(env, self.data_key)
        labels = asked.text(env, "CM_DATASET_PREPROCESSED_LABELS")
        place = existing(path=given) if given else existing(path=prepared, preprocessed=prepared, labels=labels)
        form = self._form(model, env)
        return Parts(
            self.name,
            "ImageNet 2012 validation",
            Part(wishes.backend, {**engine(self, wishes, env), "output": asked.text(env, "CM_ML_MODEL_OUTPUT_NAME")}),
            Part("imagenet", {**place, **({"form": form} if form else {}), **samples(model, wishes)}),
            Part("label", {"classes": 1000}),
        )


def _by_card(model: str) -> str:
    """What the card beside a model file says, if there is one. Raises MalformedFile."""
    path = os.path.join(os.path.dirname(model), CARD)
    if not model or not os.path.isfile(path):
        return ""
    card = read_json(path)
    if not isinstance(card, dict) or not isinstance(card.get("preprocess", ""), str):
        raise MalformedFile("expected an object whose preprocess is a word", where=Location(path))
    return str(card.get("preprocess", ""))
