"""ONNX models with several inputs and outputs: named arrays in, all outputs of each sample out."""

from __future__ import annotations

from typing import Any

from franca.mlperf.inference.backends.ort import OrtBackend
from franca.mlperf.inference.plugs import Capabilities, PlugError


class TensorsBackend(OrtBackend):
    """Takes ``{name: array}`` with the samples on the first axis, gives a tuple of arrays for each sample.

    An entry ``counts`` in the batch is no input: it says how many rows of every input belong to each sample
    (click logs), and the outputs are parted in the same way.

    Args:
        model, device, threads: see ``OrtBackend``.
        outputs: names of the outputs, in the order that the metric wants; none = all, in the model's order.
        one_by_one: run samples singly, for models whose outputs have no axis for them (detection).
    """

    def __init__(
        self,
        model: str,
        device: str = "cpu",
        threads: int = 0,
        outputs: list[str] | None = None,
        one_by_one: bool = False,
    ) -> None:
        super().__init__(model, device, threads)
        self.wanted = outputs or None
        self.one_by_one = one_by_one

    def load(self) -> Capabilities:
        import onnxruntime

        session = self._opened(onnxruntime)
        self.session = session
        self.inputs = [one.name for one in session.get_inputs()]
        known = [one.name for one in session.get_outputs()]
        for name in self.wanted or ():
            if name not in known:
                raise PlugError(f"model {self.model} has no output {name} ({', '.join(known)})")
        return Capabilities(
            "onnxruntime",
            str(onnxruntime.__version__),
            str(session.get_providers()[0]),
            max_batch=1 if self.one_by_one else 0,
        )

    def predict(self, batch: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Raises ValueError: an input is missing, or an output has another number of samples than the input."""
        counts = batch.get("counts")
        if len(self.inputs) == 1 and len(batch) == 1:  # nothing to mix up: whatever the data set calls it
            batch = {self.inputs[0]: next(iter(batch.values()))}
        missing = [name for name in self.inputs if name not in batch]
        if missing:
            raise ValueError(f"the model wants the inputs {', '.join(missing)}, the data set has {', '.join(batch)}")
        feed = {name: batch[name] for name in self.inputs}
        if counts is not None:
            return self._parted(feed, counts)
        n = len(feed[self.inputs[0]])
        if self.one_by_one:
            return [self._run_all({k: v[at : at + 1] for k, v in feed.items()}) for at in range(n)]
        return list(zip(*self._checked(feed, n), strict=True))

    def _run_all(self, feed: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(self.session.run(self.wanted, feed))

    def _checked(self, feed: dict[str, Any], n: int) -> tuple[Any, ...]:
        outputs = self._run_all(feed)
        for output in outputs:
            if not output.ndim or len(output) != n:
                raise ValueError(
                    f"an output has shape {output.shape} for {n} samples: a model without an axis for them "
                    "needs one_by_one"
                )
        return outputs

    def _parted(self, feed: dict[str, Any], counts: Any) -> list[tuple[Any, ...]]:
        """Outputs cut where one sample ends and the next begins."""
        ends = counts.cumsum()
        outputs = self._checked(feed, int(ends[-1]))
        return [tuple(output[end - count : end] for output in outputs) for end, count in zip(ends, counts, strict=True)]
