"""DLRM-DCNv2 in PyTorch against a naive computation row by row, its two forms of weights, and a whole benchmark."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from franca.errors import MalformedFile
from franca.mlperf.inference.plugs import PlugError, resolve
from franca.mlperf.tasks.dlrm import DlrmBackend
from franca.mlperf.tasks.score import Request, score
from franca.mlperf.tasks.snapshots import METADATA, read_snapshot

np = pytest.importorskip("numpy")

from tests.integration.mlperf_tasks.click_weights import TABLE, probability, weights  # noqa: E402
from tests.integration.mlperf_tasks.test_tasks_run import benchmark  # noqa: E402
from tests.unit.mlperf_tasks.task_data import write_criteo  # noqa: E402

#: Written by torchsnapshot 0.1.0 in two processes from ``weights()``: tables cut by rows, by columns and not at all,
#: and others in chunks.
SNAPSHOT = Path(__file__).resolve().parents[2] / "data" / "mlperf" / "torchsnapshot"


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="torch is not installed (pip install torch)", exc_type=ImportError)


@pytest.fixture
def saved(torch, tmp_path) -> Callable[..., Path]:
    """A file of weights; what is given replaces or adds tensors, None removes them."""

    def save(before: str = "model.", changes: dict[str, Any] | None = None, **options: Any) -> Path:
        state: dict[str, Any] = {name: torch.from_numpy(value) for name, value in weights(before).items()}
        state.update(changes or {})
        torch.save({k: v for k, v in state.items() if v is not None}, tmp_path / "w.pt", **options)
        return tmp_path / "w.pt"

    return save


def clicks(counts: list[int], seed: int = 0) -> dict[str, Any]:
    """A batch with another number of ids in every feature."""
    numbers, rows = np.random.default_rng(seed), sum(counts)
    sparse = {f"sparse_{n}": numbers.integers(0, 26, (rows, 1 + n % 5)).astype(np.int32) for n in range(26)}
    return {"dense": numbers.normal(size=(rows, 13)).astype(np.float32), **sparse, "counts": np.array(counts)}


def naive(batch: dict[str, Any]) -> list[float]:
    ids = [[batch[f"sparse_{n}"][row] for n in range(26)] for row in range(len(batch["dense"]))]
    return [probability(weights(""), dense, one) for dense, one in zip(batch["dense"], ids, strict=True)]


def test_every_row_gets_the_probability_of_the_naive_computation(saved) -> None:
    backend = resolve("backend", "pytorch-clicks")(str(saved()), threads=1)
    assert isinstance(backend, DlrmBackend) and backend.load().device == "cpu"
    for counts in ([3, 1, 4], [1], [7]):
        batch = clicks(counts, seed=len(counts))
        found, truth = backend.predict(batch), naive(batch)
        assert [len(one) for one in found] == counts and found[0].dtype == np.float32
        assert np.concatenate(found) == pytest.approx(truth, abs=1e-5)
        assert len(counts) == 1 or np.ptp(truth) > 0.01  # so that the line above can fail


@pytest.mark.parametrize(
    ("before", "options"), [("", {}), ("module.model.", {}), ("model.", {"_use_new_zipfile_serialization": False})]
)
def test_names_may_have_something_before_them_and_files_may_be_old(saved, before, options) -> None:
    backend = DlrmBackend(str(saved(before, **options)))
    backend.load()
    batch = clicks([4])
    assert backend.predict(batch)[0] == pytest.approx(naive(batch), abs=1e-5)


def test_the_folder_that_torchsnapshot_wrote_has_the_same_weights(torch) -> None:
    read, written = read_snapshot(str(SNAPSHOT)), weights("model/model.")
    assert read.keys() == written.keys()
    assert all(np.array_equal(read[name], written[name]) for name in written)
    backend = DlrmBackend(str(SNAPSHOT))
    backend.load()
    batch = clicks([2, 2])
    assert np.concatenate(backend.predict(batch)) == pytest.approx(naive(batch), abs=1e-5)


def test_a_benchmark_logs_the_probabilities_and_scores_them(saved, tmp_path) -> None:
    labels = [1, 0, 0, 1, 1, 0, 1, 0, 0]
    write_criteo(tmp_path / "data", labels)
    dense = np.random.default_rng(2).normal(size=(len(labels), 13)).astype(np.float32)
    np.save(tmp_path / "data" / "day_23_dense_sample.npy", dense)
    ids = [np.full(2 + n % 2, n) for n in range(26)]
    truth = [probability(weights(""), row, ids) for row in dense]
    ones, zeros = ([p for p, label in zip(truth, labels, strict=True) if label == kind] for kind in (1, 0))
    assert min(np.diff(sorted(truth))) > 1e-5  # far enough apart that float32 keeps their order
    options = {"path": str(tmp_path / "data"), "kind": "sample", "together": 2}
    found = benchmark(
        tmp_path, saved(), {"name": "criteo", "options": options}, {"name": "auc"},
        {"threads": 1}, name="pytorch-clicks",
    )  # fmt: skip
    offline = found["Offline"]
    right = sum(one > zero for one in ones for zero in zeros)
    assert offline.name == "AUC" and offline.value == pytest.approx(100 * right / (len(ones) * len(zeros)))
    again = score(Request("terabyte", offline.folder, {k: str(v) for k, v in options.items()}, to="-"))
    assert again.score.line == offline.line


def bad_weights(torch: Any) -> list[tuple[dict[str, Any], str]]:
    table, bias = "model." + TABLE, "model.inter_arch.crossnet.bias.{}"
    vast = torch.zeros(1).expand(1 << 40).as_strided((1 << 38, 4), (0, 0))
    return [
        ({table.format(25): None}, r"has no tensor .*t_cat_25.weight \[n, 4\]"),
        ({table.format(3): torch.zeros(9, 5)}, r"t_cat_3.weight is torch.float32 \[9, 5\], expected plain .*\[n, 4\]"),
        ({table.format(0): torch.zeros(0, 4)}, r"t_cat_0.weight is torch.float32 \[0, 4\]"),
        ({table.format(0): vast}, r"t_cat_0.weight is torch.float32 \[274877906944, 4\], expected plain"),
        ({table.format(26): torch.zeros(9, 4)}, "no place for sparse_arch.*t_cat_26.weight and 0 more"),
        ({bias.format(0): torch.zeros(108, dtype=torch.float64)}, "crossnet.bias.0 is torch.float64"),
        ({bias.format(1): None}, r"has no tensor inter_arch.crossnet.bias.1 \[108\]"),
        ({bias.format(0): "text"}, "has no tensor inter_arch.crossnet.bias.0"),
        ({"model.inter_arch.crossnet.V_kernels.0": torch.zeros(2, 108)}, r"W_kernels.0 is .*\[108, 3\], .*\[108, 2\]"),
        ({"model.inter_arch.crossnet.V_kernels.1": None}, "no place for inter_arch.crossnet.W_kernels.1 and 1 more"),
        ({"model.over_arch.model.1.weight": torch.zeros(2, 3)}, r"expected plain torch.float32 \[1, 3\]"),
        ({"model.dense_arch.model._mlp.0._linear.weight": None}, "has no tensor dense_arch.*0._linear.weight"),
    ]  # fmt: skip


def test_weights_of_another_network_are_refused_by_the_tensor(torch, saved) -> None:
    for changes, problem in bad_weights(torch):
        with pytest.raises(PlugError, match=problem):
            DlrmBackend(str(saved(changes=changes))).load()


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("evil.txt"),))


def test_broken_and_hostile_files_of_weights_are_refused(torch, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "w.pt"
    with pytest.raises(PlugError, match=r"w\.pt does not exist"):
        DlrmBackend(str(path)).load()
    for content in (b"", b"no weights", b"PK\x03\x04 cut off"):
        path.write_bytes(content)
        with pytest.raises(PlugError, match=r"weights .*w\.pt cannot be read: .") as caught:
            DlrmBackend(str(path)).load()
        assert "\n" not in str(caught.value)
    torch.save({"model.x": Evil()}, path)
    with pytest.raises(PlugError, match="cannot be read: Weights only load failed"):
        DlrmBackend(str(path)).load()
    assert not Path("evil.txt").exists()
    torch.save([1, 2], path)
    with pytest.raises(PlugError, match="are a list, expected a dictionary of tensors"):
        DlrmBackend(str(path)).load()
    with pytest.raises(PlugError, match=r"has no \.snapshot_metadata"):
        DlrmBackend(str(tmp_path)).load()
    (tmp_path / METADATA).write_text("{}")
    with pytest.raises(PlugError, match="the snapshot: manifest must be dict"):
        DlrmBackend(str(tmp_path)).load()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"dense": np.zeros((4, 12), dtype=np.float32)}, r"dense features have shape \(4, 12\), .* takes \(rows, 13\)"),
        ({"sparse_7": None}, "the data set has no sparse_7"),
        ({"counts": None}, "the data set has no counts"),
        ({"sparse_1": np.full((4, 2), 27, dtype=np.int32)}, "sparse_1 has ids from 27 to 27, the model's table has 27"),
        ({"sparse_0": np.full((4, 2), -1, dtype=np.int32)}, "sparse_0 has ids from -1"),
        ({"sparse_0": np.zeros((3, 2), dtype=np.int32)}, r"sparse_0 is int32 \(3, 2\), expected whole .*\(4, hot\)"),
        ({"sparse_0": np.zeros((4, 2), dtype=np.float32)}, "sparse_0 is float32"),
    ],
)
def test_batches_that_do_not_fit_are_named(saved, changes, problem) -> None:
    backend = DlrmBackend(str(saved()))
    backend.load()
    batch = {name: value for name, value in {**clicks([4]), **changes}.items() if value is not None}
    with pytest.raises(ValueError, match=problem):
        backend.predict(batch)


def tensor(**changes: Any) -> dict[str, Any]:
    return {"type": "Tensor", "location": "f", "serializer": "buffer_protocol", "dtype": "torch.float32",
            "shape": [2, 3], "byte_range": [0, 24], **changes}  # fmt: skip


def shards(*places: tuple[list[int], list[int]]) -> dict[str, Any]:
    parts = [{"offsets": at, "sizes": size, "tensor": tensor(byte_range=None)} for at, size in places]
    return {"type": "ShardedTensor", "shards": parts}


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (tensor(location="../f"), "leads out of the data set"),
        (tensor(location="/etc/passwd"), "leads out of the data set"),
        (tensor(location="g"), "does not have the 24 bytes"),
        (tensor(byte_range=[32, 56]), "does not have the 56 bytes"),
        (tensor(byte_range=[0, 20]), r"20 bytes at \(0, 0\) are no block of shape \(2, 3\)"),
        (tensor(byte_range=[8]), "are no block of shape"),
        (tensor(shape=[1 << 40, 1 << 20]), "are no block of shape"),
        (tensor(shape=[-2, -3]), r"shape must be numbers, found \[-2, -3\]"),
        (tensor(serializer="torch_save"), "by torch_save is not read here"),
        (tensor(dtype="torch.float16"), "torch.float16 by buffer_protocol is not read here"),
        (tensor(dtype=7), "model/x: dtype must be str"),
        ("text", "model/x: type must be str"),
        (shards(([0, 0], [2, 3]), ([1, 0], [2, 3])), r"its pieces do not fill a tensor of shape \(3, 3\)"),
        (shards(([0, 0], [2, 3]), ([6], [6])), "have different numbers of axes"),
        (shards(([0], [2, 3])), "are no block of shape"),
        (shards(*(([2 * n, 0], [2, 3]) for n in range(3))), "wants 72 bytes of files that have 48"),
        ({"type": "ShardedTensor", "shards": {}}, "model/x: shards must be list"),
    ],
)  # fmt: skip
def test_hostile_metadata_of_a_folder_are_refused(tmp_path, entry, problem) -> None:
    (tmp_path / "f").write_bytes(bytes(48))
    (tmp_path / METADATA).write_text(json.dumps({"manifest": {"0/model/x": entry}}), "utf-8")
    with pytest.raises(MalformedFile, match=problem):
        read_snapshot(str(tmp_path))


def test_a_folder_that_was_cut_off_is_refused(tmp_path) -> None:
    shutil.copytree(SNAPSHOT, tmp_path / "s")
    largest = max((tmp_path / "s" / "batched").iterdir(), key=lambda one: one.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-1])
    with pytest.raises(MalformedFile, match=r"does not have the \d+ bytes that it needs"):
        read_snapshot(str(tmp_path / "s"))
