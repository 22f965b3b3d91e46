"""Segmentation: reading the reference's files without trusting them, and the Dice score."""

from __future__ import annotations

import pickle

import pytest

from franca.errors import FrancaError, MalformedFile, Refused
from franca.mlperf.submission.documents import find_metric
from tests.unit.mlperf_tasks.task_data import write_kits

np = pytest.importorskip("numpy")

from franca.mlperf.tasks.kits import DiceMetric, Kits19, dice  # noqa: E402
from franca.mlperf.tasks.pickles import load_arrays  # noqa: E402


def volume(*labels: int) -> tuple[object, object]:
    """An image and labels of 1 x 1 x 1 x n voxels."""
    truth = np.array(labels, dtype=np.uint8).reshape(1, 1, 1, -1)
    return truth * 10.0, truth


def test_cases_are_read_in_the_order_of_the_list(tmp_path) -> None:
    write_kits(tmp_path, {"case_00002": volume(0, 1), "case_00001": volume(2, 0, 1)})
    data = Kits19(str(tmp_path))
    data.open()
    data.load([0, 1])
    (second,) = data.batch([1])
    assert second.dtype == np.float32 and second.tolist() == [[[[20.0, 0.0, 10.0]]]]
    assert [one.tolist() for one in data.labels()] == [[[[0, 1]]], [[[2, 0, 1]]]]
    assert [one.tolist() for one in data.labels()[[1]]] == [[[[2, 0, 1]]]]


def test_the_truth_is_taken_from_nifti_where_there_is_one(tmp_path) -> None:
    nibabel = pytest.importorskip("nibabel")
    write_kits(tmp_path, {"case_00000": volume(0, 0, 0)})
    folder = tmp_path / "nifti" / "case_00000"
    folder.mkdir(parents=True)
    truth = np.array([0, 1, 2], dtype=np.uint8).reshape(1, 1, 3)
    nibabel.save(nibabel.Nifti1Image(truth, np.eye(4)), folder / "segmentation.nii.gz")
    data = Kits19(str(tmp_path))
    data.open()
    assert [one.tolist() for one in data.labels()] == [[[[0, 1, 2]]]]
    (folder / "segmentation.nii.gz").write_bytes(b"no")
    with pytest.raises(MalformedFile, match="no NIfTI"):
        list(data.labels())


@pytest.mark.parametrize(
    ("found", "truth", "kidney", "tumor"),
    [
        ([1, 1, 0, 2], [1, 1, 0, 2], 1.0, 1.0),
        ([1, 1, 0, 0], [0, 1, 1, 0], 0.5, 1.0),  # no tumor on either side counts as right
        ([1, 1, 1, 2], [1, 0, 0, 2], 0.5, 1.0),
        ([0, 0, 0, 0], [1, 1, 2, 0], 0.0, 0.0),
    ],
)
def test_dice_of_kidney_and_tumor(found, truth, kidney, tumor) -> None:
    assert dice(np.array(found), np.array(truth)) == pytest.approx([kidney, tumor], abs=1e-5)


def test_the_score_is_the_mean_over_cases_and_classes(tmp_path) -> None:
    write_kits(tmp_path, {"a": volume(1, 1, 2, 0), "b": volume(1, 0, 0, 2)})
    data = Kits19(str(tmp_path))
    data.read()
    payloads = [np.array([1, 0, 2, 0], dtype=np.uint8), np.array([1, 0, 0, 0], dtype=np.uint8)]
    score = DiceMetric().score(payloads, data.labels())
    # kidney: 2/3 and 1; tumor: 1 and 0
    assert score.line == "Accuracy: mean = 0.66667, kidney = 0.8333, tumor = 0.5000"
    assert score.name == "DICE" and float(find_metric(score.line, "DICE")) == 0.66667
    with pytest.raises(MalformedFile, match="sample 1 has 3 voxels, expected 4"):
        DiceMetric().score([payloads[0], payloads[1][:3]], data.labels())


def test_outputs_are_labels_or_the_scores_of_the_classes() -> None:
    scores = np.zeros((3, 1, 1, 2), dtype=np.float32)
    scores[2, 0, 0, 1] = 1
    first, second = DiceMetric().pack([(scores,), np.array([[[2, 1]]])], [0, 1])
    assert first.tolist() == [0, 2] and second.tolist() == [2, 1] and first.dtype == np.uint8


class Evil:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_a_pickle_that_wants_more_than_arrays_is_refused(tmp_path) -> None:
    write_kits(tmp_path, {"a": volume(1)})
    (tmp_path / "a.pkl").write_bytes(pickle.dumps([Evil(str(tmp_path / "harm")), None]))
    data = Kits19(str(tmp_path))
    data.open()
    with pytest.raises(Refused, match="only arrays"):
        data.load([0])
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "numpy.load", "numpy.core.multiarray.fromfile"])
def test_only_the_names_that_build_arrays_are_known(tmp_path, name) -> None:
    module, _, attribute = name.rpartition(".")
    (tmp_path / "x.pkl").write_bytes(f"c{module}\n{attribute}\n(S'x'\ntR.".encode())
    with pytest.raises(Refused, match=attribute):
        load_arrays(str(tmp_path / "x.pkl"))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_of_every_protocol_are_read(tmp_path, protocol) -> None:
    content = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "n": [np.float64(2.5), "x", (1, None)]}
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(content, protocol))
    found = load_arrays(str(tmp_path / "x.pkl"))
    assert (found["a"] == content["a"]).all() and found["n"] == content["n"]


@pytest.mark.parametrize("raw", [b"", b"\x80\x04", b"not a pickle", b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f"])
def test_what_is_no_pickle_is_named(tmp_path, raw) -> None:
    (tmp_path / "x.pkl").write_bytes(raw)
    with pytest.raises(MalformedFile, match="no pickle"):
        load_arrays(str(tmp_path / "x.pkl"))


@pytest.mark.parametrize(
    ("content", "problem"), [({"cases": {}}, "no file_list"), ({"file_list": ["../x"]}, "leads out"), ([], "file_list")]
)
def test_a_list_of_another_form_is_named(tmp_path, content, problem) -> None:
    (tmp_path / "preprocessed_files.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(FrancaError, match=problem):
        Kits19(str(tmp_path)).open()


def test_a_case_of_another_shape_is_named(tmp_path) -> None:
    write_kits(tmp_path, {"a": (np.zeros((1, 1, 1, 2)), np.zeros((1, 1, 1, 3)))})
    data = Kits19(str(tmp_path))
    data.open()
    with pytest.raises(MalformedFile, match="expected"):
        data.load([0])
