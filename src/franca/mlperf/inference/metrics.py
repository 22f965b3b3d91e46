"""Metrics: what the accuracy log stores per sample, and the score made from it (section 8.4)."""

from __future__ import annotations

from typing import Any

from franca.mlperf.inference.plugs import Score


class LabelMetric:
    """Top-1 accuracy: the payload is the winning class as one int64; the line is the official one."""

    payload_dtype = "int64"
    payload_shape: tuple[int, ...] = ()

    def encode(self, outputs: Any, out: Any) -> None:
        outputs.argmax(axis=1, out=out)

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
