"""Official models whose answers take more than one call, from the recipe's request to a tree that is accepted.

Models are tiny ones in the form of the published files, data sets are tiny ones in the published form.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.mlperf_tasks.official import benchmark, judged
from tests.integration.mlperf_tasks.task_models import light_or_dark, parts_by_brightness
from tests.integration.mlperf_tasks.test_official_models import pictures
from tests.unit.mlperf_tasks.task_data import write_kits

ROUND = {"CM_MLPERF_INFERENCE_ROUND": "v5.1"}


def test_3d_unet_cuts_volumes_into_windows(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    import numpy as np

    image = np.zeros((1, 12, 10, 8), dtype=np.float32)
    image[0, 2:6, 2:6, 2:6], image[0, 8:10, 4:6, 4:6] = 10, 20
    right = (image / 10).astype(np.uint8)
    half = right.copy()
    half[0, 8:10, 4:6, 4:6] = 1  # the second case says that its tumor is kidney
    write_kits(tmp_path / "data", {"case_00000": (image, right), "case_00001": (image, half)})
    file = parts_by_brightness(tmp_path / "3dunet.onnx")
    result = benchmark(tmp_path, "3d-unet-99.9", file, tmp_path / "data", CM_TEST_QUERY_COUNT="2", **ROUND)
    (offline,) = result.scenarios
    # kidney 2 * 64 / (64 + 72) in the second case, whose 8 voxels of tumor are nowhere in its truth
    assert offline.accuracy and offline.accuracy.line == "Accuracy: mean = 0.73529, kidney = 0.9706, tumor = 0.5000"
    assert offline.accuracy.target == pytest.approx(0.8608383) and not offline.accuracy.passed
    assert offline.performance and not offline.performance.errors
    assert (result.benchmark, result.model) == ("kits19", "3d-unet-99.9")
    verdict = judged(tmp_path, "v5.1")
    assert verdict.ok, [one for one in verdict.findings if one.severity == "error"]


@pytest.mark.parametrize("model", ["mobilenet", "efficientnet"])
def test_other_classifiers_stand_for_resnet(tmp_path: Path, model: str) -> None:
    pytest.importorskip("onnx")
    data = pictures(tmp_path / "data", [True, False, False, True])
    file = light_or_dark(tmp_path / "m.onnx", 1000)  # tells pictures below 0 from those above: -1 to 1 fits it
    named = {"CM_ML_MODEL_OUTPUT_NAME": "softmax_tensor:0", **ROUND}
    result = benchmark(tmp_path, model, file, data, **named)
    (offline,) = result.scenarios
    assert offline.accuracy and offline.accuracy.line == "accuracy=75.000%, good=3, total=4"
    verdict = judged(tmp_path, "v5.1")
    assert verdict.ok, [one for one in verdict.findings if one.severity == "error"]
    assert verdict.records[0].mlperf_model == "resnet"
