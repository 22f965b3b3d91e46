"""Handwritten digits: small networks that are trained here, over data that is made here."""

from __future__ import annotations

from franca.mlperf.inference import asked
from franca.mlperf.inference.asked import Env
from franca.mlperf.inference.spec import Ingredient, Part
from franca.mlperf.inference.workloads.base import MODEL_KEY, Model, Parts, Wishes, Workload, engine, samples


class Digits(Workload):
    """Classifiers of ten classes."""

    name = "digits"
    models = (Model("digits"), Model("digits-mlp", kind="mlp"), Model("digits-cnn", kind="cnn"))
    backends = ("onnxruntime", "pytorch")
    data_key = "CM_DATASET_DIGITS_PATH"
    takes = ()
    trains = True
    patience_s = 0.0
    given_data = ()

    def parts(self, model: Model, wishes: Wishes, env: Env) -> Parts:
        shape = [int(size) for size in asked.text(env, "CM_ML_MODEL_INPUT_SHAPE").split(",")[1:]]
        scale = float(asked.text(env, "CM_ML_MODEL_INPUT_SCALE") or 1)
        place = {"path": asked.text(env, self.data_key), "shape": shape, "scale": scale}
        # A TorchScript module has one output, and no name for it.
        named = {"output": asked.text(env, "CM_ML_MODEL_OUTPUT_NAME")} if wishes.backend == "onnxruntime" else {}
        return Parts(
            self.name,
            "handwritten digits (hold-out)",
            Part(wishes.backend, {**engine(self, wishes, env), **named}),
            Part("digits", {**place, **samples(model, wishes)}),
            Part("label"),
        )

    def model_name(self, model: Model, env: Env) -> str:
        """The network that the recipe has trained."""
        return asked.text(env, "CM_ML_MODEL")

    def ingredients(self, model: Model, env: Env) -> list[Ingredient]:
        tags = "digits,_submission" if asked.text(env, "CM_MLPERF_DIGITS_SPLIT") == "submission" else "digits"
        holdout = f"{asked.text(env, 'CM_DATASET_DIGITS_HOLDOUT_COUNT') or '?'} hold-out samples"
        accuracy = f"{asked.text(env, 'CM_ML_MODEL_ACCURACY') or '?'} % when trained"
        return [
            Ingredient("Data set", holdout, asked.text(env, self.data_key), f"get,dataset,{tags}"),
            Ingredient("Model", accuracy, asked.text(env, MODEL_KEY), f"get,ml-model,{tags}"),
        ]
