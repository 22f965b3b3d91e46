"""Copies of one sample that the user has, for models whose inputs no shape describes (mlperf-inference 17.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from franca.errors import FrancaError
from franca.mlperf.inference.plugs import PlugError

_ZIP = b"PK"  #: how files of ``torch.save`` begin


class GivenSample:
    """A tensor, or a tuple or list of them, one for each argument of the model.

    Args:
        path: a file of ``torch.save``, of ``numpy.save``, or a pickle of numpy arrays. No code in it is ever run.
            The first axis of every array is that of the samples: a file may hold several, which take turns.
        samples: how many.
    """

    def __init__(self, path: str, samples: int = 100) -> None:
        self.path = path
        self.count = self.performance_count = samples

    def open(self) -> None:
        content = self._content()
        self._arrays = [self._array(one) for one in (content if isinstance(content, (tuple, list)) else [content])]
        rows = {len(array) if array.ndim else 0 for array in self._arrays}
        if len(rows) != 1 or 0 in rows:
            shapes = ", ".join(str(list(array.shape)) for array in self._arrays)
            raise PlugError(f"sample {self.path}: the arrays {shapes or '(none)'} have no first axis of one length")
        self._rows = rows.pop()

    def load(self, indices: Sequence[int]) -> None:
        """Everything is in memory from the start."""

    def unload(self, indices: Sequence[int]) -> None:
        """Nothing to let go of."""

    def batch(self, indices: Sequence[int]) -> Any:
        """Name to array [n, ...], in the order of the arguments."""
        chosen = [index % self._rows for index in indices]
        return {f"input{number}": array[chosen] for number, array in enumerate(self._arrays)}

    def labels(self) -> Any:
        return [0] * self.count

    def facts(self) -> dict[str, Any]:
        """What the samples are copies of, for the record."""
        digest = hashlib.sha256()
        with open(self.path, "rb") as source:
            while block := source.read(1 << 20):
                digest.update(block)
        shapes = {f"input{n}": [array.dtype.name, *array.shape[1:]] for n, array in enumerate(self._arrays)}
        return {"inputs": shapes, "samples": self.count, "sample_sha256": digest.hexdigest()}

    def _content(self) -> Any:
        try:
            with open(self.path, "rb") as source:
                start = source.read(6)
        except OSError as error:
            raise PlugError(f"sample {self.path} cannot be read: {error.strerror}") from error
        if start == b"\x93NUMPY":
            return self._loaded_array()
        return self._tensors() if start.startswith(_ZIP) else self._unpickled()

    def _loaded_array(self) -> Any:
        import numpy as np

        try:
            return np.load(self.path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise PlugError(f"sample {self.path} cannot be read: {error}") from error

    def _tensors(self) -> Any:
        import torch

        try:
            return torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:  # pickle and zip errors of a wrong file alike
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise PlugError(f"sample {self.path} holds more than tensors, or is broken: {first}") from error

    def _unpickled(self) -> Any:
        from franca.mlperf.tasks.pickles import load_arrays

        try:
            return load_arrays(self.path)
        except FrancaError as error:
            hint = "write it with torch.save(sample, FILE), tensors only, where you trust it"
            raise PlugError(f"sample {self.path}: {error.message}; {hint}") from error

    def _array(self, one: Any) -> Any:
        import numpy as np

        if hasattr(one, "detach"):  # a tensor
            return np.ascontiguousarray(one.detach().cpu().numpy())
        if isinstance(one, np.ndarray) and one.dtype != object:
            return one
        raise PlugError(f"sample {self.path}: expected tensors or arrays, found {type(one).__name__}")
