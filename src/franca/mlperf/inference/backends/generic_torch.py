"""Any PyTorch model with any number of inputs, for generated data: one number comes back for each sample."""

from __future__ import annotations

from typing import Any

from franca.mlperf.inference.backends.torch_backend import TorchBackend


class GenericTorchBackend(TorchBackend):
    """Takes ``{name: array [n, ...]}`` and hands the arrays to the module in this order.

    The answer is the first number of the first output of each sample.
    """

    def predict(self, batch: Any) -> Any:
        """Raises ValueError: the first output has no axis for the samples."""
        n = len(next(iter(batch.values())))
        output = self._first_output(batch.values())
        if not output.ndim or len(output) != n:
            raise ValueError(
                f"the model's output has shape {list(output.shape)} for {n} samples, expected [{n}, ...]; "
                "a model for single samples: --max_batchsize=1"
            )
        return output.reshape(n, -1)[:, 0].float().cpu().numpy()
