"""Generated inputs of a model's shapes: measures any model without its data (mlperf-inference section 17.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from franca.mlperf.inference.plugs import PlugError

TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(int16)": "int16",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
}
MAX_BYTES = 4 << 30


class RandomInputs:
    """Samples from a seeded generator.

    Args:
        model: the ONNX file whose inputs are read; "" when ``inputs`` are given.
        inputs: name to [type, *shape of one sample], e.g. ``{"x": ["float32", 3, 224, 224]}``.
        samples: how many. high: integers are drawn from 0 to below this; floats from -1 to 1.
        axes: sizes of symbolic axes by name; others are 1.
    """

    def __init__(
        self,
        model: str = "",
        inputs: dict[str, list[Any]] | None = None,
        samples: int = 100,
        seed: int = 0,
        high: int = 2,
        axes: dict[str, int] | None = None,
    ) -> None:
        self.model = model
        self.inputs = inputs or {}
        self.count = self.performance_count = samples
        self.seed = seed
        self.high = high
        self.axes = axes or {}

    def open(self) -> None:
        import numpy as np

        self._shapes = shapes = self.inputs or read_inputs(self.model, self.axes)
        self._check(shapes)
        generator = np.random.default_rng(self.seed)
        self._arrays = {name: self._draw(np, generator, kind, shape) for name, (kind, *shape) in shapes.items()}

    def load(self, indices: Sequence[int]) -> None:
        """Everything is in memory from the start."""

    def unload(self, indices: Sequence[int]) -> None:
        """Nothing to let go of."""

    def batch(self, indices: Sequence[int]) -> Any:
        """Name to array [n, ...]."""
        if len(indices) == 1:
            at = indices[0]
            return {name: array[at : at + 1] for name, array in self._arrays.items()}
        return {name: array[indices] for name, array in self._arrays.items()}

    def labels(self) -> Any:
        return [0] * self.count

    def facts(self) -> dict[str, Any]:
        """All that these samples are made from, for the record."""
        return {"inputs": self._shapes, "samples": self.count, "seed": self.seed, "integers_below": self.high}

    def _draw(self, np: Any, generator: Any, kind: str, shape: list[int]) -> Any:
        whole = (self.count, *shape)
        if kind == "bool":
            return generator.integers(0, 2, whole).astype(bool)
        if "int" in kind:
            return generator.integers(0, self.high, whole).astype(kind)
        return generator.uniform(-1.0, 1.0, whole).astype(kind)

    def _check(self, shapes: dict[str, list[Any]]) -> None:
        total = 0
        for name, (kind, *shape) in shapes.items():
            if kind not in TYPES.values():
                raise PlugError(
                    f"input {name} is of type {kind}; inputs can be generated for {', '.join(TYPES.values())}"
                )
            if not all(isinstance(size, int) and size > 0 for size in shape):
                raise PlugError(f"input {name} has shape {shape}: expected positive whole numbers")
            size = 8
            for axis in shape:
                size *= axis
            total += size * self.count
        if total > MAX_BYTES:
            raise PlugError(f"{self.count} samples would take {total / 1e9:.1f} GB: ask for fewer with samples")


def read_inputs(model: str, axes: dict[str, int]) -> dict[str, list[Any]]:
    """Name to [type, *shape of one sample] of an ONNX model: its first axis is the batch, symbolic ones are 1."""
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has no common base class for a broken model
        raise PlugError(f"model {model} cannot be opened by onnxruntime: {error}") from error
    found: dict[str, list[Any]] = {}
    for one in session.get_inputs():
        kind = TYPES.get(one.type)
        if kind is None:
            raise PlugError(f"input {one.name} is of type {one.type}: give inputs of your own")
        shape = [size if isinstance(size, int) else axes.get(str(size), 1) for size in one.shape]
        found[one.name] = [kind, *shape[1:]]
    return found
