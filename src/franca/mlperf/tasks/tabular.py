"""Answers of one number: the probability of class 1, judged as area under the ROC curve, or a value, as R2.

Payload of a sample: its number, float32. For models of one's own; no official benchmark has such a log.
"""

from __future__ import annotations

from typing import Any

from franca.errors import MalformedFile
from franca.mlperf.inference.plugs import Score
from franca.mlperf.tasks.clicks import auc


class _Number:
    """The first and only output of each sample."""

    payload_dtype = "float32"
    payload_shape: tuple[int, ...] = ()

    def encode(self, outputs: Any, out: Any) -> None:
        if outputs.ndim not in (1, 2) or outputs.size != len(outputs):
            raise ValueError(f"the model's output has shape {outputs.shape}, expected one number a sample")
        out[:] = outputs.reshape(-1)


class BinaryMetric(_Number):
    """AUC in percent, and the share of samples on the right side of one half."""

    def score(self, payloads: Any, labels: Any) -> Score:
        area, total = 100.0 * auc(payloads, labels), len(labels)
        good = int(((payloads >= 0.5) == (labels == 1)).sum())
        share = 100.0 * good / total
        line = f"AUC={area:.3f}%, accuracy={share:.3f}%, good={good}, total={total}"
        return Score("AUC", area, good, total, line, {"accuracy": share})


class RegressionMetric(_Number):
    """R2 in percent: the share of the targets' variance that is explained; below 0 where a constant is better."""

    def score(self, payloads: Any, labels: Any) -> Score:
        import numpy as np

        found, truth = np.asarray(payloads, dtype=np.float64), np.asarray(labels, dtype=np.float64)
        if not np.isfinite(found).all():
            raise MalformedFile("the answers are not all numbers")
        spread = float(((truth - truth.mean()) ** 2).sum())
        if not spread:
            raise MalformedFile("all targets are the same number: there is no variance to explain")
        missed = float(((truth - found) ** 2).sum())
        value = 100.0 * (1 - missed / spread)
        error = (missed / len(truth)) ** 0.5
        line = f"R2={value:.3f}%, RMSE={error:.6g}, total={len(truth)}"
        return Score("R2", value, 0, len(truth), line, {"RMSE": error})
