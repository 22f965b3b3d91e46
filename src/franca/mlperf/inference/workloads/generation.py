"""Text generation with a large language model: what the workloads of that kind share.

The model is a folder in the Hugging Face form, which has its tokenizer as well. Runs of full length judge texts as the
official scripts do, which needs NLTK's list of abbreviations; shorter ones cut sentences without it.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from franca.errors import UsageError
from franca.mlperf.inference import asked
from franca.mlperf.inference.asked import Env
from franca.mlperf.inference.spec import Part
from franca.mlperf.inference.workloads.base import MODEL_KEY, Model, Parts, Wishes, Workload, engine, existing, samples

LICENCE = "its weights come with a licence that everybody accepts for themselves"
MOST_BEAMS = 64  #: each is a whole copy of the model's memory of the text
PICKLES = (".pkl", ".pickle", ".pkl.gz")


class Lengths(NamedTuple):
    """Of a prompt and an answer, in tokens, and how the answer is searched (the benchmark's reference)."""

    prompt: int
    most: int
    least: int = 1
    beams: int = 1


class Generation(Workload):
    """Prompts with expected answers, and a model that continues them."""

    title: ClassVar[str]
    lengths: ClassVar[dict[str, Lengths]]  #: by the name of the model
    backends = ("pytorch",)
    inputs = "int64"
    precisions = ("float32", "bfloat16", "float16")
    model_is = ("folder",)

    def check_data(self, path: str) -> None:
        if path.endswith(PICKLES):
            raise UsageError(
                f"{path} is a pickle, which could run code when it is read",
                hint="convert it where you trust it: get dataset openorca preprocessed _convert-pickle",
            )

    def parts(self, model: Model, wishes: Wishes, env: Env) -> Parts:
        path = existing(path=self.given(env) or asked.text(env, self.data_key))["path"]
        self.check_data(path)
        lengths = self.lengths[model.name]
        limits: dict[str, Any] = {"most": lengths.most, "least": lengths.least, "beams": _beams(env, lengths)}
        if wishes.precision:
            limits["dtype"] = wishes.precision
        tokenizer = asked.path(env, MODEL_KEY)
        prompts = {"path": path, "tokenizer": tokenizer, "longest": lengths.prompt}
        return Parts(
            self.name,
            self.title,
            Part(f"{wishes.backend}-causal", {**engine(self, wishes, env), **limits}),
            Part("texts", {**prompts, **samples(model, wishes)}),
            Part("rouge", {"tokenizer": tokenizer, "sentences": "punkt" if wishes.profile == "full" else "untrained"}),
        )


def _beams(env: Env, lengths: Lengths) -> int:
    """Beams of the search, as asked for; one where the benchmark takes the likeliest token each time."""
    return read_beams(env, lengths.beams) if lengths.beams > 1 else 1


def read_beams(env: Env, default: int = 0) -> int:
    """The number that ``--beam_size`` gives. Raises UsageError: none that a search can have."""
    return asked.whole(env, "GPTJ_BEAM_SIZE", "beam_size", default, least=1, most=MOST_BEAMS)
