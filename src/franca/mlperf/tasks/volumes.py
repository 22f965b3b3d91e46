"""Segmentation of volumes that are larger than what the model takes: a window slides over each of them.

The rules are those of the reference for 3D-UNet (MLPerf inference, vision/medical_imaging/3d-unet-kits19): windows of
128^3 that overlap by half; the scores of each are weighted, added up, and the class with the largest sum wins. The
weight of a voxel is the cube root of a Gaussian around the middle of the window, whose standard deviation is 0.125
of the window's edge, scaled to 1 at its largest. Volumes of ``kits19`` are prepared so that windows fill them
exactly; others are padded on both sides with the value that the preparation pads with.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from franca.mlperf.inference.backends.ort import OrtBackend
from franca.mlperf.inference.plugs import Capabilities, PlugError

PADDING = -2.2  #: PADDING_VAL of the reference: a little above air, after normalisation
DEVIATION = 0.125  #: of the edge of a window
MAX_CLASSES = 256  #: a label is one byte


class Axis(NamedTuple):
    """How windows lie along one axis of a volume."""

    size: int  #: of the volume
    window: int
    step: int

    @property
    def number(self) -> int:
        """As few windows as cover the axis."""
        return 1 + max(0, -((self.window - self.size) // self.step))

    @property
    def padded(self) -> int:
        return self.window + (self.number - 1) * self.step

    @property
    def before(self) -> int:
        """Voxels of padding in front; the rest is behind."""
        return (self.padded - self.size) // 2

    @property
    def starts(self) -> range:
        """Where windows start in the padded volume."""
        return range(0, self.number * self.step, self.step)

    def inside(self, start: int) -> tuple[slice, slice]:
        """What a window has of the volume: where in the window, and where in the volume."""
        first = max(start - self.before, 0)
        end = min(start - self.before + self.window, self.size)
        shift = self.before - start
        return slice(first + shift, end + shift), slice(first, end)


class SlidingWindowBackend(OrtBackend):
    """Labels of whole volumes from an ONNX model that takes windows of them.

    Takes a list of volumes, float32 [channels, d, h, w] of any size; gives for each its labels, uint8 [d, h, w].
    The model takes [1 or n, channels, *window] and gives [1 or n, classes, *window]. Beside the labels memory holds
    the scores of as many planes as a window is deep.

    Args:
        model, device, threads: see ``OrtBackend``.
        window: its depth, height and width in voxels. overlap: share of a window that the next one has too.
    """

    def __init__(
        self,
        model: str,
        device: str = "cpu",
        threads: int = 0,
        window: Sequence[int] = (128, 128, 128),
        overlap: float = 0.5,
    ) -> None:
        super().__init__(model, device, threads)
        if isinstance(window, str) or len(window) != 3 or not all(type(edge) is int and edge > 0 for edge in window):
            raise PlugError(f"window {window!r}: expected three edges of 1 or more voxels")
        if not isinstance(overlap, (int, float)) or not 0 <= overlap < 1:
            raise PlugError(f"overlap {overlap!r}: expected a share from 0 to below 1")
        self.window = tuple(window)
        self.steps = tuple(max(1, int(edge * (1 - overlap) + 1e-6)) for edge in window)

    def load(self) -> Capabilities:
        found = super().load()
        given = list(self.input_shape)
        wanted = (1, given[1], *self.window) if len(given) == 5 else ()
        if [n if isinstance(n, int) else m for n, m in zip(given, wanted, strict=False)] != list(wanted) or not wanted:
            raise PlugError(f"model {self.model} takes {given}, expected [1, channels, {self._edges()}]")
        self._weights = importance(self.window)
        return found._replace(max_batch=1)  # volumes are run one after the other: more would only wait in memory

    def _edges(self) -> str:
        return ", ".join(map(str, self.window))

    def predict(self, batch: Sequence[Any]) -> list[Any]:
        """Raises ValueError: a volume, or what the model gives for a window, has another shape than expected."""
        return [self._labels(volume) for volume in batch]

    def _labels(self, volume: Any) -> Any:
        """The class with the largest sum of weighted scores.

        The reference divides each sum by the sum of its weights first. That is one positive number for all classes of
        a voxel, so it is left out: the same class wins.
        """
        import numpy as np

        volume = np.asarray(volume, dtype=np.float32)
        channels = self.input_shape[1]
        if volume.ndim != 4 or 0 in volume.shape or (isinstance(channels, int) and channels != len(volume)):
            raise ValueError(f"a volume has shape {volume.shape}, expected ({channels}, d, h, w)")
        axes = [Axis(*one) for one in zip(volume.shape[1:], self.window, self.steps, strict=True)]
        depth = axes[0]
        labels: Any = np.empty(volume.shape[1:], dtype=np.uint8)
        sums: Any = None
        for start in depth.starts:
            sums = self._add_layer(sums, volume, axes, start)
            done = depth.window if start == depth.starts[-1] else depth.step
            _settle(labels, sums[:done], axes, start)
            _move_up(sums, done)
        return labels

    def _add_layer(self, sums: Any, volume: Any, axes: Sequence[Axis], start: int) -> Any:
        """Add the windows that start at this depth to ``sums`` [depth of a window, classes, h, w] (None: none yet)."""
        import numpy as np

        _, height, width = axes
        for y, x in itertools.product(height.starts, width.starts):
            scores = self._scores(_cut(volume, axes, (start, y, x)))
            if sums is None:
                sums = np.zeros((self.window[0], len(scores), height.padded, width.padded), dtype=np.float32)
            sums[:, :, y : y + height.window, x : x + width.window] += scores.swapaxes(0, 1)
        return sums

    def _scores(self, piece: Any) -> Any:
        """Weighted scores of one window, [classes, *window]."""
        found = self._run(self.outputs, {self.input_name: piece})[0]
        if found.ndim != 5 or len(found) != 1 or found.shape[2:] != self.window or found.shape[1] > MAX_CLASSES:
            raise ValueError(
                f"the model gives {list(found.shape)} for a window, expected [1, classes, {self._edges()}] "
                f"and at most {MAX_CLASSES} classes"
            )
        return found[0] * self._weights


def importance(window: Sequence[int]) -> Any:
    """Weight of each voxel of a window, float32."""
    import numpy as np

    found: Any = np.ones((1, 1, 1))
    for axis, edge in enumerate(window):
        distance = (np.arange(edge) - (edge - 1) / 2) / (DEVIATION * edge)
        shape = [edge if one == axis else 1 for one in range(3)]
        found = found * np.exp(-(distance**2) / 2 / 3).reshape(shape)  # the third: a cube root
    return (found / found.max()).astype(np.float32)


def _cut(volume: Any, axes: Sequence[Axis], starts: Sequence[int]) -> Any:
    """The window of the padded volume that starts there, [1, channels, *window]."""
    import numpy as np

    sides = [axis.inside(start) for axis, start in zip(axes, starts, strict=True)]
    piece: Any = np.full((1, len(volume), *(axis.window for axis in axes)), PADDING, dtype=np.float32)
    here, there = ((slice(None), *part) for part in zip(*sides, strict=True))
    piece[0][here] = volume[there]
    return piece


def _settle(labels: Any, sums: Any, axes: Sequence[Axis], start: int) -> None:
    """Label the planes of which no later window has a part; ``start`` is the first, in the padded volume."""
    depth, height, width = axes
    rows, columns = (slice(axis.before, axis.before + axis.size) for axis in (height, width))
    for plane, scores in enumerate(sums, start - depth.before):
        if 0 <= plane < depth.size:
            labels[plane] = scores[:, rows, columns].argmax(axis=0)


def _move_up(sums: Any, planes: int) -> None:
    """Drop so many planes at the front; as many empty ones follow at the end."""
    kept = len(sums) - planes
    for plane in range(kept):
        sums[plane] = sums[plane + planes]
    sums[kept:] = 0
