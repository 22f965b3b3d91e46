"""Question answering over SQuAD 1.1."""

from __future__ import annotations

from franca.mlperf.inference import asked
from franca.mlperf.inference.asked import Env
from franca.mlperf.inference.spec import Part
from franca.mlperf.inference.workloads.base import Model, Parts, Wishes, Workload, engine, existing, samples


class Squad(Workload):
    """Answers in windows of 384 pieces."""

    name = "squad"
    models = (Model("bert-99", "bert-99", batch=8), Model("bert-99.9", "bert-99.9", batch=8))
    takes = ("dataset_path", "vocabulary", "model_file")
    data_tags = "get,dataset,squad"
    data_key = "CM_DATASET_SQUAD_VAL_PATH"

    def parts(self, model: Model, wishes: Wishes, env: Env) -> Parts:
        place = existing(
            path=self.given(env) or asked.text(env, self.data_key),
            vocabulary=asked.path(env, "CM_MLPERF_VOCABULARY") or asked.text(env, "CM_DATASET_SQUAD_VOCAB_PATH"),
        )
        return Parts(
            self.name,
            "SQuAD 1.1, development set",
            Part(
                f"{wishes.backend}-tensors",
                {**engine(self, wishes, env), "outputs": ["output_start_logits", "output_end_logits"]},
            ),
            Part("squad", {**place, **samples(model, wishes)}),
            Part("answers"),
        )
