"""Parts of a benchmark with unusual manners. Loaded in the workers by name."""

from __future__ import annotations

import sys
import threading

import numpy as np

from franca.mlperf.inference.plugs import Capabilities, Score


class Holding:
    """A system under test that answers from a thread of its own, and holds the last samples back until the flush."""

    def __init__(self, predictor, complete) -> None:
        self.predictor, self.complete = predictor, complete
        self.held: list[tuple[int, int]] = []
        self.lock = threading.Lock()

    def start(self) -> None:
        pass

    def issue(self, ids, indices) -> None:
        with self.lock:
            self.held += zip(ids, indices, strict=True)
            ready, self.held = self.held[:-5], self.held[-5:]
        threading.Thread(target=self.answer, args=(ready,)).start()

    def flush(self) -> None:
        with self.lock:
            ready, self.held = self.held, []
        self.answer(ready)

    def stop(self) -> None:
        pass

    def answer(self, pairs) -> None:
        if not pairs:
            return
        out = self.predictor.buffer(len(pairs))
        self.predictor([index for _, index in pairs], out)
        self.complete([one for one, _ in pairs], out)


class Words:
    """A metric with payloads of one to five bytes."""

    payload_dtype = "uint8"
    payload_shape = None

    def pack(self, outputs, indices):
        pairs = zip(indices, outputs.argmax(axis=1), strict=True)
        return [np.full(1 + int(index) % 5, winner, dtype=np.uint8) for index, winner in pairs]

    def score(self, payloads, labels) -> Score:
        good = sum(int(payload[0] == label) for payload, label in zip(payloads, labels, strict=True))
        return Score("acc", 100.0 * good / len(labels), good, len(labels), f"accuracy={good}")


class LosesLater:
    """A backend that loses a sample of a batch, but only in a worker and after its warm-up: six sizes, five times."""

    def __init__(self, model: str) -> None:
        self.calls = 0

    def load(self):
        return Capabilities("loses", "1", "cpu")

    def predict(self, batch):
        self.calls += 1
        lost = int(self.calls > 30 and "franca.mlperf.native.worker" in sys.modules)
        return np.zeros((len(batch) - lost, 10), dtype=np.float32)
