"""Text generation with a language model in the ONNX format: always the likeliest next token, told as it comes.

The model takes token ids [n, s] and, where it has a second input, their mask [n, s], and gives scores [n, s,
vocabulary]. It keeps nothing between two steps, so each step reads the whole text again: right for small models and for
tests of a harness, slow for large ones, which bring a backend of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from franca.mlperf.inference.backends.tensors import TensorsBackend
from franca.mlperf.inference.plugs import Capabilities, PlugError

First = Callable[[Sequence[int], Any], None]


class GreedyBackend(TensorsBackend):
    """Continues prompts as ``tasks.texts.Texts`` gives them; an answer is its tokens, the end mark with them.

    Args:
        model, device, threads: see ``OrtBackend``.
        end: token that ends an answer; -1 = none does. most: tokens of an answer at most.
    """

    def __init__(self, model: str, device: str = "cpu", threads: int = 0, end: int = -1, most: int = 128) -> None:
        super().__init__(model, device, threads)
        if most < 1:
            raise PlugError(f"answers of at most {most} tokens: expected 1 or more")
        self.end = end
        self.most = most

    def load(self) -> Capabilities:
        found = super().load()
        if len(self.inputs) > 2:
            raise PlugError(
                f"model {self.model} has the inputs {', '.join(self.inputs)}; expected token ids and a mask"
            )
        return found

    def predict(self, batch: Any) -> list[Any]:
        return self.generate(batch, lambda places, tokens: None)

    def generate(self, batch: Any, first: First) -> list[Any]:
        """Tokens of each answer, int64; ``first`` is called once, for the whole batch, after the first step."""
        import numpy as np

        feed = [batch[name] for name in self._names(batch)]
        found: Any = np.full((len(feed[0]), self.most), self.end, dtype=np.int64)
        lengths: Any = np.zeros(len(found), dtype=np.int64)
        going: Any = np.arange(len(found))
        for step in range(self.most):
            tokens = self._next(feed)
            if step == 0:
                first(range(len(found)), tokens)
            found[going, step] = tokens
            lengths[going] = step + 1
            unfinished = tokens != self.end
            going = going[unfinished]
            if not len(going):
                break
            ones: Any = np.ones((len(going), 1), dtype=np.int64)
            added = [tokens[unfinished, None], ones]
            feed = [np.concatenate([rows[unfinished], new], axis=1) for rows, new in zip(feed, added, strict=False)]
        return [row[:length] for row, length in zip(found, lengths, strict=True)]

    def _names(self, batch: Any) -> list[str]:
        """The batch's names for the model's inputs, by position: ids, then the mask where the model has one."""
        return list(batch)[: len(self.inputs)]

    def _next(self, feed: Sequence[Any]) -> Any:
        scores = self.session.run(self.wanted, dict(zip(self.inputs, feed, strict=True)))[0]
        return scores[:, -1].argmax(axis=1)
