"""Image classification over ImageNet 2012."""

from __future__ import annotations

from franca.mlperf.inference import asked
from franca.mlperf.inference.asked import Env
from franca.mlperf.inference.spec import Part
from franca.mlperf.inference.workloads.base import (
    DATA_KEY,
    Model,
    Parts,
    Wishes,
    Workload,
    engine,
    existing,
    has_one_of,
    samples,
)
from franca.mlperf.tasks.imagenet import LABEL_FILES

SYMMETRIC = "symmetric"  #: pictures from -1 to 1, as the networks of these names have been trained on


class ImageNet(Workload):
    """Classifiers of 1000 classes; the published ResNet-50 and MobileNet have one more, the background, before them."""

    name = "imagenet"
    models = (
        Model("resnet50", "resnet", batch=32),
        Model("mobilenet", kind=SYMMETRIC, batch=32),
        Model("efficientnet", kind=SYMMETRIC, batch=32, missing="no ONNX file of it is published with the benchmarks"),
    )
    data_tags = "get,preprocessed,dataset,imagenet"
    data_key = "CM_DATASET_PREPROCESSED_PATH"
    takes = ("dataset_path", "imagenet_path", "model_file")
    given_data = (DATA_KEY, "IMAGENET_PATH")

    def check_data(self, path: str) -> None:
        has_one_of(path, LABEL_FILES)

    def parts(self, model: Model, wishes: Wishes, env: Env) -> Parts:
        given = self.given(env)
        prepared = asked.text(env, self.data_key)
        labels = asked.text(env, "CM_DATASET_PREPROCESSED_LABELS")
        place = existing(path=given) if given else existing(path=prepared, preprocessed=prepared, labels=labels)
        return Parts(
            self.name,
            "ImageNet 2012 validation",
            Part(wishes.backend, {**engine(self, wishes, env), "output": asked.text(env, "CM_ML_MODEL_OUTPUT_NAME")}),
            Part("imagenet", {**place, **({"form": model.kind} if model.kind else {}), **samples(model, wishes)}),
            Part("label", {"classes": 1000}),
        )
