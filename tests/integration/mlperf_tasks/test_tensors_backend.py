"""The backend of named tensors: what it feeds, how it parts outputs, what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from franca.mlperf.inference.backends.tensors import TensorsBackend
from franca.mlperf.inference.plugs import PlugError
from tests.integration.mlperf_tasks.task_models import bright_box, finds_piece, weighs_clicks

np = pytest.importorskip("numpy")


def words(*rows: list[int]) -> dict[str, Any]:
    ids = np.array(rows, dtype=np.int64)
    return {"input_ids": ids, "input_mask": np.ones_like(ids), "segment_ids": np.ones_like(ids), "extra": ids}


def test_every_sample_gets_all_outputs_in_the_order_asked_for(tmp_path) -> None:
    model = str(finds_piece(tmp_path / "m.onnx", 7, 8))
    backend = TensorsBackend(model)
    assert backend.load().max_batch == 0
    first, second = backend.predict(words([7, 0, 8], [0, 0, 7]))
    assert [output.tolist() for output in first] == [[1, 0, 0], [0, 0, 1]]
    assert [output.tolist() for output in second] == [[0, 0, 1], [0, 0, 0]]
    turned = TensorsBackend(model, outputs=["end"])
    turned.load()
    assert [output.tolist() for output in turned.predict(words([7, 0, 8]))[0]] == [[0, 0, 1]]


def test_rows_are_parted_where_samples_end(tmp_path) -> None:
    backend = TensorsBackend(str(weighs_clicks(tmp_path / "m.onnx", 0.0)))
    backend.load()
    batch = {"dense": np.zeros((5, 13), dtype=np.float32), "sparse_0": np.arange(5, dtype=np.int32).reshape(5, 1)}
    found = backend.predict({**batch, "counts": np.array([2, 3])})
    assert [one[0].shape for one in found] == [(2, 1), (3, 1)]
    assert found[1][0][:, 0] == pytest.approx(1 / (1 + np.exp([2, 3, 4])), rel=1e-4)


def test_samples_without_an_axis_are_run_one_by_one(tmp_path) -> None:
    model = str(bright_box(tmp_path / "m.onnx", 4))
    picture = np.zeros((3, 3, 4, 4), dtype=np.float32)
    picture[1, :, :, 2:] = 1
    backend = TensorsBackend(model, one_by_one=True)
    assert backend.load().max_batch == 1
    assert [int(labels[0]) for _, labels, _ in backend.predict({"images": picture})] == [1, 2, 1]


def test_what_does_not_fit_is_named(tmp_path) -> None:
    model = str(finds_piece(tmp_path / "m.onnx", 7, 8))
    with pytest.raises(PlugError, match=r"has no output middle \(start, end\)"):
        TensorsBackend(model, outputs=["middle"]).load()
    backend = TensorsBackend(model)
    backend.load()
    with pytest.raises(ValueError, match="wants the inputs segment_ids, the data set has"):
        backend.predict({name: array for name, array in words([1]).items() if name != "segment_ids"})
    one = TensorsBackend(str(bright_box(tmp_path / "b.onnx", 4)))
    one.load()
    with pytest.raises(Exception, match="images"):  # the runtime's own: this model takes one picture at a time
        one.predict({"images": np.zeros((2, 3, 4, 4), dtype=np.float32)})
