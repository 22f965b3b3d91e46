"""Tables: a hold-out part with its targets, written by a recipe as numpy files.

Folder: ``holdout-rows.npy`` [N, columns] float32, ``holdout-targets.npy`` [N] int64 or float32, ``manifest.json``.
"""

from __future__ import annotations

from franca.mlperf.inference.datasets.digits import DigitsDataset


class TabularDataset(DigitsDataset):
    """Hold-out rows as model input.

    Args:
        path: the folder.
        performance_count: samples in memory at once in a performance run; 0 = all.
    """

    files = ("holdout-rows.npy", "holdout-targets.npy")

    def __init__(self, path: str, performance_count: int = 0) -> None:
        super().__init__(path, shape=(), performance_count=performance_count)
