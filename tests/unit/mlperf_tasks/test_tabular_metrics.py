"""R2 and AUC of answers of one number, against scikit-learn."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.errors import MalformedFile
from franca.mlperf.tasks.tabular import BinaryMetric, RegressionMetric

np = pytest.importorskip("numpy")
metrics = pytest.importorskip("sklearn.metrics")

NUMBERS = st.floats(-1e3, 1e3, width=32)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=40)
CHANCES = st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=2, max_size=40)


@given(PAIRS)
def test_r2_is_that_of_scikit_learn(pairs: list[tuple[float, float]]) -> None:
    found, truth = np.array(pairs, dtype=np.float32).T
    if np.ptp(truth) < 1e-3:
        return
    score = RegressionMetric().score(found, truth)
    exact = found.astype(np.float64), truth.astype(np.float64)
    assert score.value / 100 == pytest.approx(metrics.r2_score(exact[1], exact[0]), rel=1e-9, abs=1e-9)
    assert score.more["RMSE"] == pytest.approx(math.sqrt(metrics.mean_squared_error(exact[1], exact[0])), rel=1e-9)
    assert score.line.startswith(f"R2={score.value:.3f}%, RMSE=") and score.total == len(truth)


@given(CHANCES)
def test_auc_and_accuracy_are_those_of_scikit_learn(pairs: list[tuple[float, bool]]) -> None:
    found = np.array([one for one, _ in pairs], dtype=np.float32)
    truth = np.array([right for _, right in pairs], dtype=np.int64)
    if len(set(truth)) < 2:
        return
    score = BinaryMetric().score(found, truth)
    assert score.value / 100 == pytest.approx(metrics.roc_auc_score(truth, found))
    assert score.more["accuracy"] / 100 == pytest.approx(metrics.accuracy_score(truth, found >= 0.5))
    assert (score.name, score.total) == ("AUC", len(truth))


@pytest.mark.parametrize(
    ("found", "truth", "problem"),
    [([1, math.nan], [1, 2], "not all numbers"), ([1, 2], [3, 3], "the same number")],
)
def test_what_has_no_r2_is_refused(found: list[float], truth: list[float], problem: str) -> None:
    with pytest.raises(MalformedFile, match=problem):
        RegressionMetric().score(np.array(found), np.array(truth))


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_one_number_a_sample_is_kept(shape: tuple[int, ...]) -> None:
    out = np.empty(3, dtype=np.float32)
    RegressionMetric().encode(np.arange(3, dtype=np.float32).reshape(shape), out)
    assert out.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="expected one number a sample"):
        RegressionMetric().encode(np.zeros((3, 2), dtype=np.float32), out)
