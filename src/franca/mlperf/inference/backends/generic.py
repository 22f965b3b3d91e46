"""Any ONNX model with any number of inputs, for generated data: one number comes back for each sample."""

from __future__ import annotations

from typing import Any

from franca.mlperf.inference.backends.ort import OrtBackend
from franca.mlperf.inference.plugs import Capabilities


class GenericOrtBackend(OrtBackend):
    """Takes ``{name: array [n, ...]}``.

    A model whose first axis is fixed gets its samples one by one, and a scalar input none of them: the batch axis
    is then left out. The answer is the first number of the first output of each sample.
    """

    def load(self) -> Capabilities:
        import numpy as np
        import onnxruntime

        session = self._opened(onnxruntime)
        self._np = np
        self.session = session
        self._ranks = {one.name: len(one.shape) for one in session.get_inputs()}
        firsts = [one.shape[0] for one in session.get_inputs() if one.shape]
        self._free = bool(firsts) and len(firsts) == len(self._ranks) and not any(isinstance(f, int) for f in firsts)
        return Capabilities(
            "onnxruntime",
            str(onnxruntime.__version__),
            str(session.get_providers()[0]),
            max_batch=0 if self._free else 1,
        )

    def predict(self, batch: Any) -> Any:
        n = len(next(iter(batch.values())))
        if self._free:
            output = self._np.asarray(self._run(None, batch)[0])
            if output.ndim and len(output) == n:
                return output.reshape(n, -1)[:, 0].astype("float32")
        return self._np.array([self._one(batch, at) for at in range(n)], dtype="float32")

    def _one(self, batch: Any, at: int) -> float:
        feed = {
            name: array[at : at + 1] if self._ranks[name] == array.ndim else array[at].reshape(())
            for name, array in batch.items()
        }
        output = self._np.asarray(self._run(None, feed)[0])
        return float(output.flat[0]) if output.size else 0.0
