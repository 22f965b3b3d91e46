"""Image classification over ImageNet 2012."""

from __future__ import annotations

from typing import TYPE_CHECKING

from franca.mlperf.inference import asked
from franca.mlperf.inference.asked import Env
from franca.mlperf.inference.spec import Part
from franca.mlperf.inference.workloads.base import DATA_KEY, Model, Parts, Workload, engine, existing, samples

if TYPE_CHECKING:
    from franca.mlperf.inference.wishes import Wishes


class ImageNet(Workload):
    """Classifiers of 1000 classes; the published ResNet-50 has one more, the background, before them."""

    name = "imagenet"
    models = (Model("resnet50", "resnet", batch=32),)
    data_tags = "get,preprocessed,dataset,imagenet"
    data_key = "CM_DATASET_PREPROCESSED_PATH"
    given_data = (DATA_KEY, "IMAGENET_PATH")

    def parts(self, model: Model, wishes: Wishes, env: Env) -> Parts:
        given = self.given(env)
        prepared = asked.text(env, self.data_key)
        labels = asked.text(env, "CM_DATASET_PREPROCESSED_LABELS")
        place = existing(path=given) if given else existing(path=prepared, preprocessed=prepared, labels=labels)
        return Parts(
            self.name,
            "ImageNet 2012 validation",
            Part(wishes.backend, {**engine(wishes, env), "output": asked.text(env, "CM_ML_MODEL_OUTPUT_NAME")}),
            Part("imagenet", {**place, **samples(model, wishes)}),
            Part("label", {"classes": 1000}),
        )
