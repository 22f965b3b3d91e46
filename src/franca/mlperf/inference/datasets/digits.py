"""The handwritten digits: 8x8 grey images, a hold-out part with labels, written by a recipe as numpy files.

Folder: ``holdout-images.npy`` [N, 8, 8] float32 (0..16), ``holdout-labels.npy`` [N] int64, ``manifest.json``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, ClassVar

from franca.mlperf.inference.plugs import PlugError


class DigitsDataset:
    """Hold-out digits as model input.

    Args:
        path: the folder.
        scale: factor on the pixels (0..16); 1 for models that scale inside, as our recipe's do.
        shape: of one sample as the model wants it: ``[64]`` or ``[1, 8, 8]``; empty = as the file has it.
        performance_count: samples in memory at once in a performance run; 0 = all.
    """

    files: ClassVar[tuple[str, str]] = ("holdout-images.npy", "holdout-labels.npy")  #: samples, and their truth

    def __init__(self, path: str, scale: float = 1.0, shape: Sequence[int] = (64,), performance_count: int = 0) -> None:
        self.path = path
        self.scale = scale
        self.shape = tuple(shape)
        self.performance_count = performance_count
        self.count = 0

    def open(self) -> None:
        import numpy as np

        self._np = np
        self._raw, self._labels = (self._array(np, name) for name in self.files)
        self.count = len(self._raw)
        self.shape = self.shape or self._raw.shape[1:]
        if len(self._labels) != self.count or not self.count:
            raise PlugError(f"data set {self.path}: {self.count} samples but {len(self._labels)} labels; make it again")
        self.performance_count = min(self.performance_count or self.count, self.count)
        # Rows are filled by load(); the array itself costs address space only until then.
        self._rows: Any = np.empty((self.count, *self.shape), dtype=np.float32)

    def load(self, indices: Sequence[int]) -> None:
        chosen = list(indices)
        self._rows[chosen] = self._raw[chosen].reshape((len(chosen), *self.shape)) * self.scale

    def unload(self, indices: Sequence[int]) -> None:
        self._rows[list(indices)] = 0

    def batch(self, indices: Sequence[int]) -> Any:
        if len(indices) == 1:
            at = indices[0]
            return self._rows[at : at + 1]
        # As an array: indexing by a list converts it in a slower way.
        return self._rows[self._np.asarray(indices)]

    def labels(self) -> Any:
        return self._labels

    def _array(self, np: Any, name: str) -> Any:
        path = os.path.join(self.path, name)
        try:
            return np.load(path, allow_pickle=False)
        except FileNotFoundError as error:
            raise PlugError(f"data set {self.path}: {name} is missing") from error
        except (OSError, ValueError, EOFError) as error:
            raise PlugError(f"data set {self.path}: {name} cannot be read: {error}") from error
