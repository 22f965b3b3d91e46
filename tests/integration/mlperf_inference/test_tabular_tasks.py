"""The tables of scikit-learn from the recipes' own programs to accuracy by LoadGen's log, in all four scenarios."""

from __future__ import annotations

import hashlib
import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from franca.mlperf.inference.campaign import run
from franca.mlperf.inference.spec import RunSpec, checked
from franca.mlperf.inference.wishes import read_wishes
from tests.integration.mlperf_inference.inference_cases import ALL
from tests.integration.mlperf_native.native_digits import RECIPES, recipe
from tests.shared import shared

metrics = pytest.importorskip("sklearn.metrics")
pytest.importorskip("onnx")
#: Set: figure, rows held out, least figure.
SETS = {
    "iris": ("acc", 75, 90),
    "wine": ("acc", 90, 95),
    "breast-cancer": ("AUC", 285, 98),
    "diabetes": ("R2", 221, 40),
}


def program(name: str, *words: str) -> int:
    """The exit status of a recipe's program, called in this process: scikit-learn takes seconds to start."""
    return int(runpy.run_path(str(RECIPES / name))["main"]([name, *words]))


def make_all(folder: Path) -> None:
    for name, (_, _, least) in SETS.items():
        place = folder / name
        (place / "model").mkdir(parents=True)
        digests = str(RECIPES / "get-dataset-tabular" / "digests.txt")
        words = ["--data", str(place), "--out", str(place / "model"), "--target", str(least)]
        assert program("get-dataset-tabular/make_tabular.py", name, str(place), digests) == 0
        assert program("get-ml-model-tabular/train_tabular.py", *words) == 0


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared(tmp_path_factory, "tables", make_all)


def wanted(place: Path, output: Path, monkeypatch: pytest.MonkeyPatch, **flags: str) -> RunSpec:
    """What the recipe of the benchmark asks for after the recipes of the data and the model."""
    found: dict[str, Any] = {"CM_PYTHON_BIN_WITH_PATH": sys.executable, "CM_MLPERF_MODEL": place.name}
    for folder, name in ((place, "get-dataset-tabular"), (place / "model", "get-ml-model-tabular")):
        monkeypatch.chdir(folder)
        assert recipe(name).postprocess({"env": found})["return"] == 0
    given = {**found, "CM_MLPERF_INFERENCE_RESULTS_DIR": str(output), **flags}
    return checked(recipe("app-mlperf-inference").make_request(given, read_wishes(given)))


def oracle(place: Path) -> float:
    """The figure in percent by ONNX Runtime and scikit-learn alone."""
    import numpy as np
    import onnxruntime

    rows, truth = (np.load(place / f"holdout-{part}.npy") for part in ("rows", "targets"))
    session = onnxruntime.InferenceSession(str(place / "model" / "model.onnx"), providers=["CPUExecutionProvider"])
    (answers,) = session.run(None, {"rows": rows})
    judged = {
        "acc": lambda: metrics.accuracy_score(truth, answers.argmax(axis=1)),
        "AUC": lambda: metrics.roc_auc_score(truth, answers[:, 0]),
        "R2": lambda: metrics.r2_score(truth, answers[:, 0].astype(np.float64)),
    }
    return 100 * float(judged[SETS[place.name][0]]())


@pytest.mark.parametrize("name", SETS)
def test_accuracy_by_the_log_is_the_direct_one_in_every_scenario(
    tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    place = tables / name
    spec = wanted(place, tmp_path / "r", monkeypatch, CM_MLPERF_LOADGEN_MODE="accuracy")
    result = run(spec, lambda line: None)
    figure, count, least = SETS[name]
    assert [one.scenario for one in result.scenarios] == ALL
    right = oracle(place)
    for one in result.scenarios:
        assert one.accuracy is not None and one.accuracy.equals_direct and one.accuracy.passed
        assert (one.accuracy.name, one.accuracy.total) == (figure, count)
        assert one.accuracy.value == pytest.approx(right) and one.accuracy.target == least
    manifest = json.loads((place / "manifest.json").read_text("utf-8"))
    card = json.loads((place / "model" / "model-card.json").read_text("utf-8"))
    assert card["data_sha256"] == manifest["sha256"]
    for file, digest in manifest["sha256"].items():
        assert hashlib.sha256((place / file).read_bytes()).hexdigest() == digest


def test_a_table_runs_under_load(tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = {"CM_MLPERF_LOADGEN_SCENARIO": "SingleStream", "CM_TEST_QUERY_COUNT": "100"}
    result = run(wanted(tables / "diabetes", tmp_path / "r", monkeypatch, **flags), lambda line: None)
    (one,) = result.scenarios
    assert one.performance is not None and one.performance.samples >= 100 and not one.performance.errors


def test_parts_of_a_table_are_disjoint_and_complete(tables: Path) -> None:
    import numpy as np
    from sklearn.datasets import load_wine

    parts = [np.load(tables / "wine" / f"{part}-rows.npy") for part in ("train", "holdout")]
    together = sorted(row.tobytes() for row in np.concatenate(parts))
    assert together == sorted(row.tobytes() for row in load_wine().data.astype(np.float32))


def test_another_table_and_a_missed_target_are_refused(
    tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "digests.txt").write_text(f"{'0' * 64}  iris/train-rows.npy\n", "utf-8")
    digests = str(tmp_path / "digests.txt")
    assert program("get-dataset-tabular/make_tabular.py", "iris", str(tmp_path), digests) == 1
    words = ["--data", str(tables / "iris"), "--out", str(tmp_path), "--target", "99.9"]
    assert program("get-ml-model-tabular/train_tabular.py", *words) == 1
    said = capsys.readouterr().err
    assert "iris/train-rows.npy: sha256 is" in said and "misses its target" in said
