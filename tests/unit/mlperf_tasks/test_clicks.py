"""Recommendation: the arrays of the click log, and AUC by hand and against scikit-learn."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from franca.errors import FrancaError, MalformedFile, UsageError
from franca.mlperf.submission.documents import find_metric
from tests.unit.mlperf_tasks.task_data import write_criteo

np = pytest.importorskip("numpy")

from franca.mlperf.tasks.clicks import ClickMetric, auc  # noqa: E402
from franca.mlperf.tasks.criteo import Criteo, map_member  # noqa: E402

LABELS = [0, 1, 1, 0, 0]


def test_rows_are_put_together_into_samples(tmp_path) -> None:
    write_criteo(tmp_path, LABELS)
    data = Criteo(str(tmp_path), kind="sample", together=2)
    data.open()
    data.load([0, 1, 2])
    batch = data.batch([2, 0])
    assert data.count == 3 and batch["counts"].tolist() == [1, 2]
    assert batch["dense"][:, 0].tolist() == [4, 0, 1] and batch["dense"].shape == (3, 13)
    assert batch["sparse_25"].tolist() == [[25] * 3] * 3 and batch["sparse_0"].shape == (3, 2)
    assert [data.labels().of(n).tolist() for n in range(3)] == [[0, 1], [1, 0], [0]]
    assert data.labels()[[2, 1]].of(1).tolist() == [1, 0]


def test_of_the_whole_set_the_first_half_counts(tmp_path) -> None:
    write_criteo(tmp_path, LABELS, kind="")
    data = Criteo(str(tmp_path))
    data.open()
    assert data.count == 3


def test_samples_may_be_those_of_a_trace(tmp_path) -> None:
    write_criteo(tmp_path, LABELS)
    (tmp_path / "trace.txt").write_text("0, 1, 1\n1, 4, 3\n", "utf-8")
    data = Criteo(str(tmp_path), kind="sample", trace=str(tmp_path / "trace.txt"))
    data.open()
    assert [data.labels().of(n).tolist() for n in range(data.count)] == [[0], [1, 1, 0]]


@pytest.mark.parametrize("text", ["0, 1\n", "0, 2, 1\n", "1, 2, 1\n", "0, 1, 1\n2, 3, 1\n", "0, 9, 9\n", "x, y, z\n"])
def test_a_trace_that_does_not_go_on_is_named(tmp_path, text) -> None:
    write_criteo(tmp_path, LABELS)
    (tmp_path / "trace.txt").write_text(text, "utf-8")
    with pytest.raises(MalformedFile, match=r"trace\.txt:[12]"):
        Criteo(str(tmp_path), kind="sample", trace=str(tmp_path / "trace.txt")).open()


def test_arrays_are_left_on_disk(tmp_path) -> None:
    np.savez(tmp_path / "a.npz", x=np.arange(10, dtype=np.int32).reshape(5, 2), y=np.asfortranarray(np.eye(3)))
    assert map_member(str(tmp_path / "a.npz"), "x.npy")[3].tolist() == [6, 7]
    assert isinstance(map_member(str(tmp_path / "a.npz"), "x.npy"), np.memmap)
    assert (map_member(str(tmp_path / "a.npz"), "y.npy") == np.eye(3)).all()
    with pytest.raises(MalformedFile, match="no array z"):
        map_member(str(tmp_path / "a.npz"), "z.npy")
    np.savez_compressed(tmp_path / "b.npz", x=np.zeros(3))
    with pytest.raises(MalformedFile, match="compressed"):
        map_member(str(tmp_path / "b.npz"), "x.npy")


def test_files_that_do_not_belong_together_are_named(tmp_path) -> None:
    write_criteo(tmp_path, LABELS)
    np.save(tmp_path / "day_23_labels_sample.npy", np.zeros(4, dtype=np.int32))
    with pytest.raises(MalformedFile, match="differ in rows"):
        Criteo(str(tmp_path), kind="sample").open()
    (tmp_path / "day_23_labels_sample.npy").write_bytes(b"x")
    with pytest.raises(MalformedFile, match="no numpy array"):
        Criteo(str(tmp_path), kind="sample").open()
    with pytest.raises(FrancaError, match="does not exist"):
        Criteo(str(tmp_path)).open()
    with pytest.raises(UsageError, match="no sense"):
        Criteo(str(tmp_path), kind="none")


@pytest.mark.parametrize(
    ("found", "truth", "area"),
    [
        ([0.1, 0.9], [0, 1], 1.0),
        ([0.9, 0.1], [0, 1], 0.0),
        ([0.5, 0.5], [0, 1], 0.5),
        ([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.75),  # three of four pairs in order
        ([0.2, 0.2, 0.2, 0.7], [0, 1, 1, 1], (0.5 + 0.5 + 1) / 3),
    ],
)
def test_area_under_the_curve_by_hand(found, truth, area) -> None:
    assert auc(np.array(found), np.array(truth)) == pytest.approx(area)


@settings(deadline=None)  # the first call imports scikit-learn
@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), st.integers(0, 1)), min_size=2, max_size=40)
)
def test_area_under_the_curve_is_that_of_scikit_learn(rows) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    found, truth = (np.array(column) for column in zip(*rows, strict=True))
    if truth.min() == truth.max():
        with pytest.raises(MalformedFile, match="expected ones and zeros"):
            auc(found, truth)
    else:
        assert auc(found, truth) == pytest.approx(metrics.roc_auc_score(truth, found))


def test_the_payload_pairs_each_prediction_with_its_truth(tmp_path) -> None:
    write_criteo(tmp_path, LABELS)
    data = Criteo(str(tmp_path), kind="sample", together=3)
    data.open()
    metric = ClickMetric()
    metric.use(data.labels())
    outputs = [(np.array([[0.2], [0.7], [0.4]]),), (np.array([0.1, 0.3]),)]
    payloads = metric.pack(outputs, [0, 1])
    assert payloads[0] == pytest.approx([0.2, 0, 0.7, 1, 0.4, 1]) and payloads[0].dtype == np.float32
    score = metric.score(payloads, data.labels())
    # all pairs in order; 0.4 is rounded to the wrong side
    assert score.line == "AUC=100.000%, accuracy=80.000%, good=4, total=5, queries=2"
    assert score.name == "AUC" and float(find_metric(score.line, "AUC")) == 100.0
    alone = ClickMetric(pairs=False)
    assert alone.score(alone.pack(outputs, [0, 1]), data.labels()).line == score.line
    with pytest.raises(MalformedFile, match="sample 0 has 3 numbers, expected 6"):
        metric.score(alone.pack(outputs, [0, 1]), data.labels())


def test_a_log_with_another_truth_is_refused(tmp_path) -> None:
    write_criteo(tmp_path, LABELS[:2])
    data = Criteo(str(tmp_path), kind="sample", together=2)
    data.open()
    with pytest.raises(MalformedFile, match="another truth"):
        ClickMetric().score([np.array([0.2, 1, 0.7, 0], dtype=np.float32)], data.labels())
    with pytest.raises(MalformedFile, match="not all numbers"):
        ClickMetric().score([np.array([np.nan, 0, 0.7, 1], dtype=np.float32)], data.labels())
