"""Tables of scikit-learn: linear models that are trained here, over data that comes with the package.

Their sets are too small for the checkers' rules, which ask for 1024 samples and more in memory: they are to try things
out over data of another kind than pictures.
"""

from __future__ import annotations

from franca.mlperf.inference import asked
from franca.mlperf.inference.asked import Env
from franca.mlperf.inference.spec import Ingredient, Part
from franca.mlperf.inference.workloads.base import (
    MODEL_KEY,
    Model,
    Parts,
    Wishes,
    Workload,
    engine,
    existing,
    samples,
)

METRICS = {"classes": "label", "binary": "binary-auc", "regression": "r2"}


class Tabular(Workload):
    """One of several classes, the probability of one of two, or a number."""

    name = "tabular"
    models = (
        Model("iris", kind="classes"),
        Model("wine", kind="classes"),
        # The open division holds a model to a benchmark with its own metric; none is judged by R2.
        Model("breast-cancer", kind="binary", stands_for="dlrm-v2-99"),
        Model("diabetes", kind="regression", stands_for=""),
    )
    data_key = "CM_DATASET_TABULAR_PATH"
    takes = ()
    patience_s = 0.0
    given_data = ()

    def parts(self, model: Model, wishes: Wishes, env: Env) -> Parts:
        place = existing(path=asked.text(env, self.data_key))
        output = {"output": asked.text(env, "CM_ML_MODEL_OUTPUT_NAME")}
        return Parts(
            self.name,
            f"{model.name} table (hold-out)",
            Part(wishes.backend, {**engine(self, wishes, env), **output}),
            Part("tabular", {**place, **samples(model, wishes)}),
            Part(METRICS[model.kind]),
        )

    def ingredients(self, model: Model, env: Env) -> list[Ingredient]:
        holdout = f"{asked.text(env, 'CM_DATASET_TABULAR_HOLDOUT_COUNT') or '?'} hold-out samples"
        figure = f"{asked.text(env, 'CM_ML_MODEL_ACCURACY') or '?'} % when trained"
        tags = f"tabular,_{model.name}"
        return [
            Ingredient("Data set", holdout, asked.text(env, self.data_key), f"get,dataset,{tags}"),
            Ingredient("Model", figure, asked.text(env, MODEL_KEY), f"get,ml-model,{tags}"),
        ]
