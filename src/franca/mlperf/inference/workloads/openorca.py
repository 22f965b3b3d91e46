"""Answers to questions: OpenOrca."""

from __future__ import annotations

from franca.mlperf.inference.workloads.base import Model
from franca.mlperf.inference.workloads.generation import LICENCE, Generation, Lengths

LLAMA2 = Lengths(prompt=1024, most=1024)  #: of the reference implementation


class OpenOrca(Generation):
    """Prompts in the token ids of llama2."""

    name = "openorca"
    title = "OpenOrca, the prompts of MLPerf"
    models = (
        Model("llama2-70b-99", "llama2-70b-99", batch=1, generates=True, weights="fp16", missing=LICENCE),
        Model("llama2-70b-99.9", "llama2-70b-99.9", batch=1, generates=True, weights="fp16", missing=LICENCE),
    )
    lengths = {"llama2-70b-99": LLAMA2, "llama2-70b-99.9": LLAMA2}
    data_tags = "get,dataset,openorca,preprocessed"
    data_key = "CM_DATASET_PREPROCESSED_PATH"
