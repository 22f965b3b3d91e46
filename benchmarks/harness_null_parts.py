"""Parts with nothing to compute, for ``harness.py``: what is left is the harness. Loaded in the child by name."""

from __future__ import annotations

import numpy as np

from franca.mlperf.inference.plugs import Capabilities, Score

COUNT = 1024
MOST = 1 << 14  #: largest batch


class Backend:
    def load(self) -> Capabilities:
        return Capabilities("null", "1", "cpu")

    def predict(self, batch):
        return batch


class Dataset:
    count = performance_count = COUNT

    def open(self) -> None:
        self._zeros = np.zeros(MOST, dtype=np.int64)

    def load(self, indices) -> None:
        pass

    def unload(self, indices) -> None:
        pass

    def batch(self, indices):
        return self._zeros[: len(indices)]

    def labels(self):
        return np.zeros(COUNT, dtype=np.int64)


class Metric:
    payload_dtype = "int64"
    payload_shape: tuple[int, ...] = ()

    def encode(self, outputs, out) -> None:
        out[:] = outputs

    def score(self, payloads, labels) -> Score:
        return Score("none", 0.0, 0, len(payloads), "nothing to compute")
