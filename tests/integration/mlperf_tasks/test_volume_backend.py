"""Sliding windows over volumes, against a naive computation voxel by voxel, and a whole benchmark with them."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from franca.mlperf.inference.onnxwrite import Node, Port, Tensor, model
from franca.mlperf.inference.plugs import PlugError, resolve
from franca.mlperf.tasks.score import Request, score
from franca.mlperf.tasks.volumes import SlidingWindowBackend
from tests.integration.mlperf_tasks.test_tasks_run import benchmark
from tests.unit.mlperf_tasks.task_data import write_kits

np = pytest.importorskip("numpy")

CLASSES = 3
KERNEL = np.random.default_rng(7).normal(size=(CLASSES, 1, 3, 3, 3)).astype(np.float32)


def convolution(path: Path, window: tuple[Any, ...], padded: int = 1) -> str:
    """A model whose answer for a voxel depends on the window: its neighbours, and zeros beyond the window."""
    tensor = Tensor("w", KERNEL.shape, KERNEL.tobytes())
    node = Node("Conv", ["input", "w"], ["output"], {"kernel_shape": [3, 3, 3], "pads": [padded] * 6})
    ports = Port("input", ["n", 1, *window]), Port("output", ["n", CLASSES, *(f"o{n}" for n in range(3))])
    path.write_bytes(model([node], [tensor], *ports))
    return str(path)


def answer(padded: Any, start: tuple[int, ...], window: tuple[int, ...], at: tuple[int, ...]) -> Any:
    """What the model says of the voxel ``at`` (in ``padded``) when the window starts at ``start``: [classes]."""
    total = np.zeros(CLASSES)
    for offset in itertools.product((-1, 0, 1), repeat=3):
        near = [a + o for a, o in zip(at, offset, strict=True)]
        if all(0 <= n - s < w for n, s, w in zip(near, start, window, strict=True)):
            total += padded[tuple(near)] * KERNEL[(slice(None), 0, *(o + 1 for o in offset))]
    return total


def weight(start: tuple[int, ...], window: tuple[int, ...], at: tuple[int, ...]) -> float:
    """The reference's: cube root of the product of three Gaussians with a deviation of an eighth of the edge."""
    product = 1.0
    for s, w, a in zip(start, window, at, strict=True):
        product *= math.exp(-0.5 * ((a - s - (w - 1) / 2) / (w / 8)) ** 2)
    return product ** (1 / 3)


def expected(volume: Any, window: tuple[int, ...], step: tuple[int, ...]) -> Any:
    """Mean scores [d, h, w, classes], each voxel from all windows that have it."""
    covers = []
    for size, edge, stride in zip(volume.shape, window, step, strict=True):
        starts = [0]
        while starts[-1] + edge < size:
            starts.append(starts[-1] + stride)
        covers.append(starts)
    missing = [starts[-1] + edge - size for starts, edge, size in zip(covers, window, volume.shape, strict=True)]
    padded = np.pad(volume, [(m // 2, m - m // 2) for m in missing], constant_values=np.float32(-2.2))
    means = np.zeros((*volume.shape, CLASSES))
    for voxel in np.ndindex(*volume.shape):
        at = tuple(v + m // 2 for v, m in zip(voxel, missing, strict=True))
        weights = 0.0
        for start in itertools.product(*covers):
            if all(0 <= a - s < w for a, s, w in zip(at, start, window, strict=True)):
                weights += weight(start, window, at)
                means[voxel] += weight(start, window, at) * answer(padded, start, window, at)
        means[voxel] /= weights
    return means


def agrees(labels: Any, means: Any) -> None:
    """The label is the largest mean; where two are as good as equal, either."""
    assert labels.dtype == np.uint8 and labels.shape == means.shape[:-1]
    chosen = np.take_along_axis(means, labels[..., None].astype(int), axis=-1)[..., 0]
    assert (chosen >= means.max(axis=-1) - 1e-4).all()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("volumes")


@settings(max_examples=25, deadline=None)
@given(
    window=st.tuples(*[st.integers(1, 5)] * 3),
    shape=st.tuples(*[st.integers(1, 9)] * 3),
    overlap=st.sampled_from([0.0, 0.25, 0.5, 0.8]),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_voxel_gets_the_label_of_the_naive_computation(folder, window, shape, overlap, seed) -> None:
    backend = SlidingWindowBackend(convolution(folder / "m.onnx", window), window=window, overlap=overlap, threads=1)
    backend.load()
    volume = np.random.default_rng(seed).normal(size=(1, *shape)).astype(np.float32)
    (labels,) = backend.predict([volume])
    step = tuple(max(1, round(w * (100 - 100 * overlap)) // 100) for w in window)
    agrees(labels, expected(volume[0], window, step))


@pytest.mark.parametrize(
    "shapes",
    [
        [(4, 6, 4)],  # one window
        [(8, 9, 6), (3, 2, 1)],  # whole steps; smaller than the window on every side
        [(7, 11, 5), (4, 6, 5), (12, 6, 4)],  # odd sizes, and several in one batch
    ],
)
def test_volumes_of_different_sizes_in_one_batch(tmp_path, shapes) -> None:
    backend = SlidingWindowBackend(convolution(tmp_path / "m.onnx", ("d", "h", "w")), window=(4, 6, 4))
    assert backend.load().max_batch == 1
    numbers = np.random.default_rng(3)
    volumes = [numbers.normal(size=(1, *shape)).astype(np.float32) for shape in shapes]
    found = backend.predict(volumes)
    for labels, volume in zip(found, volumes, strict=True):
        agrees(labels, expected(volume[0], (4, 6, 4), (2, 3, 2)))
    assert len(np.unique(found[0])) == CLASSES


def test_a_benchmark_logs_the_labels_and_scores_them_against_the_truth(tmp_path) -> None:
    """The truth of the first case is what the naive computation says, of the second the same without one tumor."""
    window = (4, 4, 4)
    numbers = np.random.default_rng(11)
    cases = {}
    for name, shape in {"case_0": (6, 5, 8), "case_1": (3, 7, 4), "case_2": (4, 4, 4)}.items():
        image = numbers.normal(size=shape).astype(np.float32)
        truth = expected(image, window, (2, 2, 2)).argmax(axis=-1)
        cases[name] = [image[None], truth[None]]
    tumor = np.argwhere(cases["case_1"][1] == 2)
    cases["case_1"][1][tuple(tumor[0])] = 0
    write_kits(tmp_path / "data", {name: (image, truth) for name, (image, truth) in cases.items()})
    options = {"path": str(tmp_path / "data")}
    file = convolution(tmp_path / "m.onnx", window)
    found = benchmark(
        tmp_path, Path(file), {"name": "kits19", "options": options}, {"name": "dice"},
        {"window": list(window)}, name="onnxruntime-volumes",
    )  # fmt: skip
    offline = found["Offline"]
    missed = (2 * (len(tumor) - 1) + 1e-6) / (2 * len(tumor) - 1 + 1e-6)
    assert offline.total == 3 and offline.value == pytest.approx((1 + (2 + missed) / 3) / 2)
    assert score(Request("kits19", offline.folder, options, to="-")).score.line == offline.line


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"window": (4, 4)}, r"window \(4, 4\): expected three edges"),
        ({"window": "444"}, "window '444': expected three edges"),
        ({"window": (4, 0, 4)}, "expected three edges of 1 or more voxels"),
        ({"overlap": 1.0}, r"overlap 1.0: expected a share from 0 to below 1"),
        ({"overlap": "half"}, "overlap 'half'"),
    ],
)
def test_senseless_options_are_refused(options, problem) -> None:
    with pytest.raises(PlugError, match=problem):
        SlidingWindowBackend("m.onnx", **options)


def test_models_and_volumes_that_do_not_fit_are_named(tmp_path) -> None:
    fixed = convolution(tmp_path / "m.onnx", (4, 4, 4))
    assert resolve("backend", "onnxruntime-volumes") is SlidingWindowBackend
    with pytest.raises(PlugError, match=r"takes \['n', 1, 4, 4, 4\], expected \[1, channels, 8, 4, 4\]"):
        SlidingWindowBackend(fixed, window=(8, 4, 4)).load()
    flat = tmp_path / "flat.onnx"
    flat.write_bytes(model([Node("Relu", ["x"], ["y"])], [], Port("x", ["n", 3]), Port("y", ["n", 3])))
    with pytest.raises(PlugError, match=r"takes \['n', 3\]"):
        SlidingWindowBackend(str(flat)).load()
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(PlugError, match="cannot be opened"):
        SlidingWindowBackend(str(tmp_path / "broken.onnx")).load()
    backend = SlidingWindowBackend(fixed, window=(4, 4, 4))
    backend.load()
    for shape in ((5, 5, 5), (2, 5, 5, 5), (1, 5, 0, 5)):
        with pytest.raises(ValueError, match=rf"a volume has shape {re.escape(str(shape))}, expected \(1, d, h, w\)"):
            backend.predict([np.zeros(shape, dtype=np.float32)])
    narrow = SlidingWindowBackend(convolution(tmp_path / "n.onnx", (4, 4, 4), padded=0), window=(4, 4, 4))
    narrow.load()
    with pytest.raises(ValueError, match=r"gives \[1, 3, 2, 2, 2\] for a window, expected \[1, classes, 4, 4, 4\]"):
        narrow.predict([np.zeros((1, 5, 5, 5), dtype=np.float32)])
