"""Summaries of articles: CNN/DailyMail."""

from __future__ import annotations

from franca.mlperf.inference.workloads.base import Model
from franca.mlperf.inference.workloads.generation import LICENCE, Generation, Lengths

#: Beams, lengths and prompts of the reference implementation; of a beam search no first token is known.
GPTJ = Lengths(prompt=1919, most=128, least=30, beams=4)
LLAMA = Lengths(prompt=8000, most=128)


class CnnDailyMail(Generation):
    """gptj writes its prompt around the article; the data of llama3.1-8b has prompts in token ids."""

    name = "cnndm"
    title = "CNN/DailyMail, validation set"
    models = (
        Model("gptj-99", "gptj-99", batch=1),
        Model("gptj-99.9", "gptj-99.9", batch=1),
        Model("llama3.1-8b", "llama3.1-8b", batch=1, generates=True, weights="bf16", missing=LICENCE),
        Model("llama3.1-8b-edge", "llama3.1-8b-edge", batch=1, generates=True, weights="bf16", missing=LICENCE),
    )
    lengths = {"gptj-99": GPTJ, "gptj-99.9": GPTJ, "llama3.1-8b": LLAMA, "llama3.1-8b-edge": LLAMA}
    data_tags = "get,dataset,cnndm"
    data_key = "CM_DATASET_EVAL_PATH"
