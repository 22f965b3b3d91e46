"""Texts that go on in one right way: a small language model that is trained here."""

from __future__ import annotations

import os

from franca.mlperf.inference import asked
from franca.mlperf.inference.asked import Env
from franca.mlperf.inference.spec import Part
from franca.mlperf.inference.workloads.base import Model, Parts, Wishes, Workload, engine, existing, samples

TRIAL_PROMPTS = 200  #: where nothing is to be submitted


class Counting(Workload):
    """All prompts where a submission is meant, some to try it out."""

    name = "counting"
    models = (Model("counting", stands_for="llama3.1-8b-edge", generates=True, tests=("TEST06",)),)
    data_tags = "get,dataset,counting"
    data_key = "CM_DATASET_COUNTING_PATH"
    takes = ()
    trains = True
    inputs = "int64"
    patience_s = 0.0
    given_data = ()

    def parts(self, model: Model, wishes: Wishes, env: Env) -> Parts:
        data = asked.text(env, self.data_key)
        some = {} if asked.text(env, "CM_MLPERF_RUN_KIND") else {"count": TRIAL_PROMPTS}
        numbers = {key: asked.text(env, f"CM_DATASET_COUNTING_{key.upper()}") for key in ("end", "longest_answer")}
        limits = {"end": int(numbers["end"] or -1), "most": int(numbers["longest_answer"] or 1)}
        prompts = existing(path=os.path.join(data, "prompts.json"))
        return Parts(
            self.name,
            "counting (hold-out)",
            Part(f"{wishes.backend}-greedy", {**engine(self, wishes, env), **limits}),
            Part("texts", {**prompts, **some, **samples(model, wishes)}),
            Part("rouge", {"tokenizer": data, "sentences": "none"}),
        )
