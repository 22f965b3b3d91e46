"""Model, data and metric as one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from franca.mlperf.inference.payloads import Slots

WARM_UP_RUNS = 5  #: at least, per batch size used (section 5.3)


def warm_sizes(most: int, samples: int) -> list[int]:
    """Batch sizes that are warmed up where up to ``most`` samples are taken at a time.

    Server fills batches to any size: a runtime that settles on a size does so for powers of two. The last batch of a
    data set of ``samples`` is smaller than the others.
    """
    powers = {1 << k for k in range(most.bit_length())}
    return sorted({*powers, most, samples % most or most})


class Predictor:
    """Model, data and metric as one step: sample indices in, payloads out."""

    _generate: Callable[..., Any] | None = None

    def __init__(self, backend: Any, dataset: Any, metric: Any) -> None:
        self._predict = backend.predict if hasattr(backend, "predict") else _unheard(backend.generate)
        self._generate = getattr(backend, "generate", None)
        self._batch = dataset.batch
        self._samples = int(getattr(dataset, "count", 0))
        self._varied = metric.payload_shape is None
        self._encode = metric.pack if self._varied else metric.encode
        self.metric = metric

    def __call__(self, indices: Sequence[int], out: Any) -> None:
        """Write the payloads of ``indices`` into ``out`` [len(indices), ...].

        Raises:
            ValueError: the backend answered another number of samples than it was given.
        """
        self._put(self._predict(self._batch(indices)), indices, out)

    @property
    def streams(self) -> bool:
        """Whether the backend tells when first tokens are there."""
        return self._generate is not None

    def generate(self, indices: Sequence[int], out: Any, first: Callable[[Sequence[int], Any], None]) -> None:
        """The same, with ``first(places, tokens)`` called by a backend that tells first tokens."""
        batch = self._batch(indices)
        self._put(self._generate(batch, first) if self._generate else self._predict(batch), indices, out)

    def _put(self, outputs: Any, indices: Sequence[int], out: Any) -> None:
        if len(outputs) != len(indices):
            raise ValueError(f"the backend answered {len(outputs)} samples to a batch of {len(indices)}")
        if self._varied:
            out.put(self._encode(outputs, indices))
        else:
            self._encode(outputs, out)

    def warm_up_to(self, most: int) -> None:
        """Run the batch sizes that come where up to ``most`` samples are taken at a time."""
        self.warm_up(warm_sizes(most, self._samples))

    def warm_up(self, sizes: Sequence[int]) -> None:
        """Run each batch size a few times on the first sample, which must be loaded."""
        for size in sizes:
            out = self.buffer(size)
            for _ in range(WARM_UP_RUNS):
                self([0] * size, out)

    def buffer(self, capacity: int) -> Any:
        """Places for ``capacity`` payloads: an array, or :class:`Slots` where each has its own length."""
        if self._varied:
            return Slots(capacity)
        import numpy as np

        return np.empty((capacity, *self.metric.payload_shape), dtype=self.metric.payload_dtype)


def _unheard(generate: Callable[..., Any]) -> Callable[[Any], Any]:
    """``generate`` of a backend where nobody asks for first tokens: the bare loop, runs without token latencies."""
    return lambda batch: generate(batch, lambda places, tokens: None)


def payload_bytes(metric: Any) -> int:
    """Bytes of one sample's payload; 0 where each has its own length."""
    if metric.payload_shape is None:
        return 0
    import numpy as np

    return int(np.prod(metric.payload_shape, dtype=np.int64)) * int(np.dtype(metric.payload_dtype).itemsize)
