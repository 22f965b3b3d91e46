"""The metric of the guide works as it is printed, and the guide names what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from franca.mlperf.inference.plugs import BUILT_IN, Score
from franca.mlperf.tasks.catalog import TASKS

np = pytest.importorskip("numpy")

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "score-accuracy.md").read_text("utf-8")


def test_the_metric_of_the_guide_runs() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", GUIDE, re.S)
    names: dict = {"Score": Score}
    exec(block, names)
    metric = names["Top5"]()
    outputs = np.eye(8, dtype=np.float32)[[0, 7, 3]] + np.arange(8) / 10
    out = np.zeros((3, *metric.payload_shape), dtype=metric.payload_dtype)
    metric.encode(outputs, out)
    # of the second sample the five likeliest are 3 to 7; class 2 is not among them
    assert metric.score(out, np.array([0, 2, 3])).line == "accuracy=66.667%, good=2, total=3"


def test_the_guide_names_every_task_data_set_and_metric() -> None:
    own = {name for (kind, name), target in BUILT_IN.items() if "mlperf.tasks" in target}
    missing = [name for name in sorted({*TASKS, *own}) if f"`{name}`" not in GUIDE]
    assert not missing
