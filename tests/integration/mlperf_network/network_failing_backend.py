"""A backend that answers the bare loop and LoadGen's first queries, and then no more. Loaded in the server by name."""

from __future__ import annotations

import os

import numpy as np

from franca.mlperf.inference.plugs import Capabilities

SOME = 40  #: single samples in a row


class Failing:
    """Fails in the first long row of single samples after the bare loop; ``device`` says how: raises or exits."""

    def __init__(self, model: str, device: str, threads: int) -> None:
        self.how = device
        self.sizes: set[int] = set()
        self.singles = 0

    def load(self) -> Capabilities:
        return Capabilities("failing", "1", "cpu")

    def predict(self, batch):
        self.sizes.add(len(batch))
        # The bare loop asks for batches of 1, 8 and the largest, in this order; then comes a SingleStream run.
        self.singles = self.singles + 1 if len(batch) == 1 and len(self.sizes) > 2 else 0
        if self.singles > SOME:
            if self.how == "exits":
                os._exit(9)
            raise RuntimeError("gone for good")
        return np.zeros((len(batch), 10), dtype=np.float32)
