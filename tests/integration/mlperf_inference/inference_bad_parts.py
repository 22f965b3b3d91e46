"""Systems under test that go wrong on purpose, each from its 20th query on. Loaded in the child by name.

How is an option, or where that is empty the variable ``BAD_SUT``: the results of a good one can then be gone on with.
"""

from __future__ import annotations

import os
import signal
import sys

import numpy as np


class BadSut:
    def __init__(self, predictor, complete, how: str) -> None:
        self.predictor, self.complete = predictor, complete
        self.how = how or os.environ.get("BAD_SUT", "good")
        self.queries = 0

    def start(self) -> None:
        if self.how == "no_start":
            raise RuntimeError("the accelerator is on fire")

    def issue(self, ids, indices) -> None:
        self.queries += 1
        if self.queries >= 20 and self.how not in ("flush", "no_start", "stop_fails"):
            getattr(self, self.how)(ids, indices)
        else:
            self.good(ids, indices)

    def flush(self) -> None:
        if self.how == "flush":
            raise OSError("flush went wrong")

    def stop(self) -> None:
        if self.how == "stop_fails":
            raise OSError("the device does not close")

    def good(self, ids, indices) -> None:
        out = self.predictor.buffer(len(ids))
        self.predictor(indices, out)
        self.complete(ids, out)

    def raises(self, ids, indices) -> None:
        raise ValueError(f"cannot do sample {indices[0]}")

    def shouts(self, ids, indices) -> None:
        raise ValueError("\x1b[31mred\n" + "x" * 5_000_000)

    def a_list(self, ids, indices) -> None:
        self.complete(ids, [1.0 for _ in ids])

    def hangs(self, ids, indices) -> None:
        pass

    def twice(self, ids, indices) -> None:
        self.good(ids, indices)
        self.good(ids, indices)

    def wrong_size(self, ids, indices) -> None:
        self.complete(ids, np.zeros(len(ids), dtype=np.int16))

    def too_few(self, ids, indices) -> None:
        self.complete(ids, self.predictor.buffer(0))

    def exits(self, ids, indices) -> None:
        os._exit(7)

    def killed(self, ids, indices) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class BadDataset:
    """Good until LoadGen asks for the samples."""

    count = performance_count = 8

    def __init__(self, path: str) -> None:
        self.loads = 0

    def open(self) -> None:
        pass

    def load(self, indices) -> None:
        self.loads += 1
        if len(indices) > 1 and os.environ.get("BAD_DATASET") == "load":
            raise OSError("the disk is gone")

    def unload(self, indices) -> None:
        if "mlperf_loadgen" in sys.modules and os.environ.get("BAD_DATASET") == "unload":  # not in the bare loop
            raise OSError("the memory is not given back")

    def batch(self, indices):
        return np.zeros((len(indices), 64), dtype=np.float32)

    def labels(self):
        return np.zeros(8, dtype=np.int64)


class ShortBackend:
    """A backend that loses a sample of every batch."""

    def __init__(self, model: str) -> None:
        pass

    def load(self):
        from franca.mlperf.inference.plugs import Capabilities

        return Capabilities("short", "1", "cpu")

    def predict(self, batch):
        return np.zeros((len(batch) - 1, 10), dtype=np.float32)
