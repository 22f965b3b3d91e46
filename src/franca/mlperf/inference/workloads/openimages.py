"""Object detection over OpenImages v6, or over annotations of one's own in the COCO form."""

from __future__ import annotations

from typing import Any

from franca.errors import UsageError
from franca.mlperf.inference import asked
from franca.mlperf.inference.asked import Env
from franca.mlperf.inference.spec import Part
from franca.mlperf.inference.workloads.base import Model, Parts, Wishes, Workload, engine, existing, samples
from franca.mlperf.tasks.imagenet import TORCH, TORCH_DEVIATIONS, TORCH_MEANS

OUTPUTS = ("boxes", "labels", "scores")
MOST_PIXELS = 1 << 14  #: of a side


class OpenImages(Workload):
    """Detectors of 800 x 800 pixels, or what the user says of theirs, that take one picture at a time."""

    name = "openimages"
    models = (Model("retinanet", "retinanet", batch=1, most=1, sampled=256),)
    data_tags = "get,preprocessed,dataset,openimages"
    data_key = "CM_DATASET_PREPROCESSED_PATH"
    takes = ("dataset_path", "model_file", "preprocess", "image_size", "outputs")

    def check_options(self, model: Model, env: Env) -> None:
        _outputs(env)
        pictures = {**_size(env), **_form(env)}
        if pictures and not self.given(env):
            raise UsageError(
                f"--image_size, --preprocess: the pictures of the recipe are prepared for {model.name} as published",
                hint="give pictures and their annotations in the COCO form: --dataset_path=FOLDER",
            )

    def parts(self, model: Model, wishes: Wishes, env: Env) -> Parts:
        self.check_options(model, env)
        given = self.given(env)
        place = existing(path=given) if given else existing(
            path=asked.text(env, "CM_DATASET_PATH_ROOT"),
            preprocessed=asked.text(env, self.data_key),
            annotations=asked.text(env, "CM_DATASET_ANNOTATIONS_FILE_PATH"),
        )  # fmt: skip
        options = {**engine(self, wishes, env), "outputs": _outputs(env), "one_by_one": True}
        size = _size(env)
        return Parts(
            self.name,
            "OpenImages v6, the classes of MLPerf",
            Part(f"{wishes.backend}-tensors", options),
            Part("coco", {**place, **size, **_form(env), **samples(model, wishes)}),
            Part("detections", dict(size)),
        )


def _outputs(env: Env) -> list[str]:
    """Names of the outputs with boxes, labels and scores."""
    text = asked.text(env, "CM_MLPERF_MODEL_OUTPUTS")
    names = [name.strip() for name in text.split(",")] if text else list(OUTPUTS)
    if len(names) != len(OUTPUTS) or not all(names):
        raise UsageError(f"--outputs={text}: expected the names of {', '.join(OUTPUTS)}, parted by commas")
    return names


def _size(env: Env) -> dict[str, int]:
    """Height and width of the input, where they are given."""
    text = asked.text(env, "CM_MLPERF_IMAGE_SIZE")
    sides = text.lower().split("x")
    if not text:
        return {}
    if len(sides) != 2 or not all(side.isdigit() and 0 < int(side) <= MOST_PIXELS for side in sides):
        raise UsageError(f"--image_size={text}: expected HEIGHTxWIDTH in pixels")
    return {"height": int(sides[0]), "width": int(sides[1])}


def _form(env: Env) -> dict[str, Any]:
    """Mean and deviation of each channel, where the model wants them."""
    text = asked.text(env, "CM_MLPERF_PREPROCESS")
    if text not in ("", TORCH):
        raise UsageError(f"--preprocess={text}: expected {TORCH}")
    return {"means": list(TORCH_MEANS), "deviations": list(TORCH_DEVIATIONS)} if text else {}
