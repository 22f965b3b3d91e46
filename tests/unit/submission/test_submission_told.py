"""What a run's record knows beside its measurements goes with its tree into the store."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from franca.mlperf.inference.results import BenchmarkResult, Overhead, ScenarioResult
from franca.mlperf.submission.build import build_tree
from franca.mlperf.submission.build_options import BuildOptions
from franca.mlperf.submission.importing import import_records
from franca.results.rows import read_rows
from tests.unit.mlperf_inference.test_inference_report import benchmark, performance
from tests.unit.submission.submission_trees import DATA, check

RESULTS = DATA / "digits-v6.1/open/Franca/results/digits-host/digits-cnn"


def runs(folder: Path, record: BenchmarkResult) -> Path:
    """Results as a benchmark leaves them, made of a tree's."""
    model = folder / "valid_results/host/digits-cnn"
    for scenario in ("SingleStream", "Offline"):
        place = model / scenario
        shutil.copytree(RESULTS / scenario, place)
        for name in ("user.conf", "measurements.json"):
            shutil.move(str(place / name), str(place / "performance/run_1" / name))
        (place / "performance/run_1/model_mapping.json").write_text('{"digits-cnn": "resnet"}')
    (model / "results.json").write_bytes(msgspec.json.encode(record))
    return folder


def test_batch_limit_and_harness_ratio_reach_the_store(tmp_path: Path) -> None:
    measured = ScenarioResult("Offline", performance(overhead=Overhead(1000.0, 875.0, 0.875, None, 64)))
    record = benchmark(measured, ScenarioResult("SingleStream", performance(overhead=None)),
                       settings={"max_batchsize": 64})  # fmt: skip
    options = BuildOptions(
        results_dir=str(runs(tmp_path / "runs", record)), submission_dir=str(tmp_path / "tree"), submitter="Acme",
        division="open", round="v6.1",
    )  # fmt: skip
    build_tree(options, lambda _: None)
    records = check(tmp_path / "tree", skip=("dataset-size-check",)).records
    found = {one.scenario: one for one in read_rows(one.row for one in import_records(records)).results}
    assert found["Offline"].number("harness_ratio") == 0.875
    assert found["SingleStream"].number("harness_ratio") is None
    assert {one.info["measurements.max_batchsize"] for one in found.values()} == {"64"}
