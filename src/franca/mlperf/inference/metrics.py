"""Metrics: what the accuracy log stores per sample, and the score made from it (section 8.4)."""

from __future__ import annotations

from typing import Any

from franca.mlperf.inference.plugs import Score


class LabelMetric:
    """Top-1 accuracy: the payload is the winning class; the line is the official one.

    Args:
        dtype: of the class in the log; int32 and float32 occur as well (section 8.4).
        classes: how many there are. A model that has one more counts the background as its first, as the
            published ResNet-50 does: it is left out. 0 = as many as the model has.
    """

    payload_shape: tuple[int, ...] = ()

    def __init__(self, dtype: str = "int64", classes: int = 0) -> None:
        self.payload_dtype = dtype
        self.background = classes + 1 if classes else 0

    def encode(self, outputs: Any, out: Any) -> None:
        if outputs.ndim != 2:
            raise ValueError(f"the model's output has shape {outputs.shape}, expected scores [samples, classes]")
        if outputs.shape[1] == self.background:
            outputs = outputs[:, 1:]
        if self.payload_dtype == "int64":
            outputs.argmax(axis=1, out=out)
        else:
            out[:] = outputs.argmax(axis=1)

    def score(self, payloads: Any, labels: Any) -> Score:
        total = len(labels)
        good = int((payloads == labels).sum())
        percent = 100.0 * good / total
        return Score("acc", percent, good, total, f"accuracy={percent:.3f}%, good={good}, total={total}")


class NoMetric:
    """For generated inputs, which have no truth: keeps one number a sample, says that there is no accuracy."""

    payload_dtype = "float32"
    payload_shape: tuple[int, ...] = ()

    def encode(self, outputs: Any, out: Any) -> None:
        out[:] = outputs

    def score(self, payloads: Any, labels: Any) -> Score:
        return Score("none", 0.0, 0, len(payloads), "generated inputs: no accuracy")
