"""Object detection over OpenImages v6."""

from __future__ import annotations

from franca.mlperf.inference import asked
from franca.mlperf.inference.asked import Env
from franca.mlperf.inference.spec import Part
from franca.mlperf.inference.workloads.base import Model, Parts, Wishes, Workload, engine, existing, samples


class OpenImages(Workload):
    """Detectors of 800 x 800 pixels that take one picture at a time."""

    name = "openimages"
    models = (Model("retinanet", "retinanet", batch=1, most=1, sampled=256),)
    data_tags = "get,preprocessed,dataset,openimages"
    data_key = "CM_DATASET_PREPROCESSED_PATH"

    def parts(self, model: Model, wishes: Wishes, env: Env) -> Parts:
        given = self.given(env)
        place = existing(path=given) if given else existing(
            path=asked.text(env, "CM_DATASET_PATH_ROOT"),
            preprocessed=asked.text(env, self.data_key),
            annotations=asked.text(env, "CM_DATASET_ANNOTATIONS_FILE_PATH"),
        )  # fmt: skip
        options = {**engine(self, wishes, env), "outputs": ["boxes", "labels", "scores"], "one_by_one": True}
        return Parts(
            self.name,
            "OpenImages v6, the classes of MLPerf",
            Part(f"{wishes.backend}-tensors", options),
            Part("coco", {**place, **samples(model, wishes)}),
            Part("detections"),
        )
