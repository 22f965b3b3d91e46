"""Recommendation: probabilities in the log, judged as area under the ROC curve.

Payload of a sample: float32 pairs (prediction, truth), one for each of its rows, or predictions alone when the
truth is taken from the data set (mlperf-inference section 8.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from franca.errors import MalformedFile
from franca.mlperf.inference.plugs import Score
from franca.mlperf.tasks.criteo import ClickTruth


class ClickMetric:
    """AUC in percent, and the share of rows on the right side of one half.

    Args:
        pairs: the payload has the truth beside each prediction, as the reference logs it. What is scored
            against is the data set's truth either way; a log that disagrees with it is refused.
        dtype: of the numbers in the log.
        labels: the truth, for ``pack`` with pairs: set by the harness from the data set (``use``).
    """

    payload_shape: tuple[int, ...] | None = None

    def __init__(self, pairs: bool = True, dtype: str = "float32") -> None:
        self.pairs = pairs
        self.payload_dtype = dtype
        self._truth: ClickTruth | None = None

    def use(self, labels: ClickTruth) -> None:
        """The truth that ``pack`` writes beside the predictions."""
        self._truth = labels

    def pack(self, outputs: Sequence[Any], indices: Sequence[int]) -> list[Any]:
        import numpy as np

        flat = [np.asarray(one[0] if isinstance(one, (tuple, list)) else one).reshape(-1) for one in outputs]
        if not self.pairs:
            return [one.astype(self.payload_dtype) for one in flat]
        if self._truth is None:
            raise ValueError("the metric was not given the truth of the data set")
        both = [(one, self._truth.of(index)) for one, index in zip(flat, indices, strict=True)]
        return [np.stack(pair, axis=1).astype(self.payload_dtype).reshape(-1) for pair in both]

    def score(self, payloads: Sequence[Any], labels: ClickTruth) -> Score:
        import numpy as np

        parts = [self._rows(payload, labels, index) for index, payload in enumerate(payloads)]
        found, truth = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
        area, total = auc(found, truth), len(found)
        good = int((np.rint(found) == truth).sum())
        share = 100.0 * good / total
        line = f"AUC={100.0 * area:.3f}%, accuracy={share:.3f}%, good={good}, total={total}, queries={len(payloads)}"
        return Score("AUC", 100.0 * area, 0, len(labels), line, {"accuracy": share})

    def _rows(self, payload: Any, labels: ClickTruth, index: int) -> tuple[Any, Any]:
        """Predictions and truth of one sample."""
        truth = labels.of(index)
        width = 2 if self.pairs else 1
        if payload.size != width * len(truth):
            problem = f"sample {index} has {payload.size} numbers, expected {width * len(truth)}"
            raise MalformedFile(problem, hint="a log without the truth in it: --option pairs=false")
        rows = payload.reshape(-1, width)
        if self.pairs and (rows[:, 1] != truth).any():
            raise MalformedFile(f"sample {index}: the log has another truth than the data set")
        return rows[:, 0], truth


def auc(found: Any, truth: Any) -> float:
    """Area under the ROC curve: the share of pairs of a 1 and a 0 that are in the right order, ties half.

    From the sum of the ranks of the ones (Mann and Whitney, 1947), equal predictions sharing their mean rank.

    Raises:
        MalformedFile: a prediction is no number, or the truth has only one kind, so that there is no curve.
    """
    import numpy as np

    if not np.isfinite(found).all():
        raise MalformedFile("the predictions are not all numbers")
    ones = int((truth == 1).sum())
    zeros = len(truth) - ones
    if not ones or not zeros or not np.isin(truth, (0, 1)).all():
        raise MalformedFile(f"the truth has {ones} ones among {len(truth)} rows; expected ones and zeros, and both")
    _, place, counts = np.unique(found, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts, dtype=np.float64)
    ranks = ends - (counts - 1) / 2
    above = float(ranks[place][truth == 1].sum()) - ones * (ones + 1) / 2
    return above / (float(ones) * zeros)
