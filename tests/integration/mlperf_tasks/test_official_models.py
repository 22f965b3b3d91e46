"""Official models through the benchmark command: what the recipe asks for, run by the real LoadGen.

Models are tiny ones with the published inputs and outputs, data sets are tiny ones in the published form.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.mlperf_tasks.official import ROOT, benchmark, command, hooks
from tests.integration.mlperf_tasks.task_models import bright_box, finds_piece, light_or_dark
from tests.unit.mlperf_tasks.task_data import (
    PIECES,
    SQUAD,
    box,
    coco_annotations,
    picture,
    write_coco,
    write_squad,
)

NAMES = ("output_start_logits", "output_end_logits")


def pictures(folder: Path, dark: list[bool]) -> Path:
    """Grey pictures of another size than the model's, and their classes: the last one is said to be the other."""
    image = pytest.importorskip("PIL.Image")
    folder.mkdir()
    lines = []
    for number, is_dark in enumerate(dark):
        image.new("RGB", (300, 260), (20, 20, 20) if is_dark else (230, 230, 230)).save(folder / f"p{number}.png")
        label = 0 if is_dark else 1
        lines.append(f"p{number}.png {label if number + 1 < len(dark) else 1 - label}\n")
    (folder / "val_map.txt").write_text("".join(lines), "utf-8")
    return folder


def detection_data(tmp_path: Path) -> Path:
    image = pytest.importorskip("PIL.Image")
    import numpy as np

    listed, boxes = [], []
    (tmp_path / "data" / "validation" / "data").mkdir(parents=True)
    for n, bright in enumerate([0, 1, 1, 0]):
        number = 10 - n
        pixels = np.zeros((20, 40, 3), dtype=np.uint8)
        pixels[:, 20 * bright : 20 * bright + 20] = 200
        image.fromarray(pixels).save(tmp_path / "data" / "validation" / "data" / f"p{number}.jpg", "PNG")
        listed.append(picture(number, width=40, height=20))
        boxes.append(box(number, [20 * bright, 0, 20, 20], category=bright + 1))
    write_coco(tmp_path / "data", coco_annotations(listed, boxes))
    return tmp_path / "data"


def test_resnet50_reads_pictures_and_leaves_the_background_out(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    data = pictures(tmp_path / "data", [True, False, False, True])
    result = benchmark(
        tmp_path, "resnet50", light_or_dark(tmp_path / "m.onnx", 1000), data,
        CM_ML_MODEL_OUTPUT_NAME="softmax_tensor:0", CM_TEST_QUERY_COUNT="3",
    )  # fmt: skip
    (offline,) = result.scenarios
    assert offline.accuracy and offline.performance
    # A test run judges as many samples as it asks for: the wrong label is the fourth.
    assert offline.accuracy.line == "accuracy=100.000%, good=3, total=3"
    assert offline.accuracy.target == 75.6954  # 99 % of 76.46
    assert (result.benchmark, result.model, offline.performance.errors) == ("imagenet", "resnet50", [])


def test_the_whole_set_is_judged_where_no_test_run_is_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    data = pictures(tmp_path / "data", [True, False, False, True])
    result = benchmark(
        tmp_path, "resnet50", light_or_dark(tmp_path / "m.onnx", 1000), data,
        CM_ML_MODEL_OUTPUT_NAME="softmax_tensor:0", CM_TEST_QUERY_COUNT="", CM_MLPERF_LOADGEN_MODE="accuracy",
    )  # fmt: skip
    assert result.scenarios[0].accuracy
    assert result.scenarios[0].accuracy.line == "accuracy=75.000%, good=3, total=4"


def test_retinanet_takes_one_picture_at_a_time(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("pycocotools")
    data = detection_data(tmp_path)
    result = benchmark(tmp_path, "retinanet", bright_box(tmp_path / "m.onnx", 800), data)
    accuracy = result.scenarios[0].accuracy
    assert accuracy and accuracy.line == "mAP=100.000%" and accuracy.total == 4
    assert accuracy.target == 37.1745


def test_a_detector_of_ones_own_has_other_names_and_another_size(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("pycocotools")
    model = onnx.load(str(bright_box(tmp_path / "m.onnx", 64)))
    names = {"images": "pixels", "boxes": "where", "labels": "what", "scores": "how_sure"}
    for one in (*model.graph.input, *model.graph.output):
        one.name = names[one.name]
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    model.graph.output.sort(key=lambda one: one.name)
    onnx.save(model, str(tmp_path / "m.onnx"))
    said = {"CM_MLPERF_MODEL_OUTPUTS": "where,what,how_sure", "CM_MLPERF_IMAGE_SIZE": "64x64"}
    result = benchmark(tmp_path, "retinanet", tmp_path / "m.onnx", detection_data(tmp_path), **said)
    accuracy = result.scenarios[0].accuracy
    assert accuracy and accuracy.line == "mAP=100.000%" and accuracy.total == 4


def test_a_classifier_of_other_classes_is_prepared_for_by_its_card(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model-card.json").write_text('{"preprocess": "torch"}', "utf-8")
    file = light_or_dark(tmp_path / "model" / "m.onnx", 4)  # five scores: no background, the classes begin with 0
    data = pictures(tmp_path / "data", [True, False, False, True])
    (data / "val_map.txt").write_text("p0.png 1\np1.png 2\np2.png 2\np3.png 1\n", "utf-8")
    result = benchmark(tmp_path, "resnet50", file, data, CM_ML_MODEL_OUTPUT_NAME="softmax_tensor:0")
    accuracy = result.scenarios[0].accuracy
    assert accuracy and accuracy.line == "accuracy=100.000%, good=4, total=4"


def test_bert_answers_questions(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    content = json.loads(json.dumps(SQUAD))
    content["data"][0]["paragraphs"] *= 2
    data, vocabulary = write_squad(tmp_path / "data", content)
    file = finds_piece(tmp_path / "m.onnx", PIECES.index("maria"), PIECES.index("##pez"), NAMES)
    result = benchmark(tmp_path, "bert-99", file, data, CM_MLPERF_VOCABULARY=str(vocabulary))
    accuracy = result.scenarios[0].accuracy
    # the first of both questions of a passage is right, "Maria Lopez" shares no word with "1921"
    assert accuracy and accuracy.line == '{"exact_match": 50.0, "f1": 50.0}' and accuracy.total == 4


@pytest.mark.parametrize(
    ("model", "change", "message"),
    [
        ("resnet50", {"CM_ML_MODEL_FILE_WITH_PATH": "/no/model.onnx"}, "model file /no/model.onnx does not exist"),
        ("retinanet", {"CM_MLPERF_DATASET_PATH": "/no/data"}, "data set: path /no/data does not exist"),
        ("bert-99", {"CM_MLPERF_DATASET_PATH": __file__}, "data set: vocabulary (not named) does not exist"),
    ],
)
def test_what_is_not_there_is_said_before_anything_runs(
    tmp_path: Path, model: str, change: dict[str, str], message: str
) -> None:
    file = tmp_path / "m.onnx"
    file.write_bytes(b"")
    env = {"CM_MLPERF_MODEL": model, "CM_ML_MODEL_FILE_WITH_PATH": str(file), "CM_MLPERF_DATASET_PATH": str(tmp_path)}
    hook = {"env": {**env, **change, "CM_MLPERF_INFERENCE_RESULTS_DIR": str(tmp_path / "results")}}
    answer = hooks().preprocess(hook)
    assert answer["return"] > 0 and message in answer["error"]
    assert not (tmp_path / "results").exists()


DOCUMENTED = [
    ["app mlperf inference generic _python _retinanet _onnxruntime _cpu",
     "--scenario=Offline", "--mode=accuracy", "--test_query_count=10", "--rerun"],
    ["run mlperf inference generate-run-cmds _submission _short _dashboard", "--adr.python.version_min=3.8",
     "--adr.compiler.tags=gcc", "--adr.openimages-preprocessed.tags=_500", "--submitter=Community",
     "--hw_name=default", "--lang=python", "--model=retinanet", "--backend=onnxruntime", "--device=cpu",
     "--scenario=Offline", "--test_query_count=10", "--clean"],
]  # fmt: skip


@pytest.mark.parametrize("words", DOCUMENTED, ids=["app", "competition"])
def test_the_documented_commands_plan_retinanet_on_openimages(tmp_path: Path, words: list[str]) -> None:
    steps = planned(tmp_path, words)
    wanted = {step["label"] for step in steps if step["action"] != "skip"}
    assert any("ml-model,retinanet" in tags for tags in wanted)
    pictures = next(tags for tags in wanted if "preprocessed,dataset,openimages" in tags)
    assert ("_500" in pictures) == any("_500" in word for word in words)
    assert not any("digits" in tags or "resnet50" in tags or "squad" in tags for tags in wanted)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_competition_command_as_printed_on_files_of_ones_own(tmp_path: Path) -> None:
    if not os.environ.get("FRANCA_SLOW_TESTS"):
        pytest.skip("installs packages; set FRANCA_SLOW_TESTS=1 to run it")
    file, data = bright_box(tmp_path / "m.onnx", 800), detection_data(tmp_path)
    said = command(tmp_path, *DOCUMENTED[1], f"--model_file={file}", f"--dataset_path={data}", "--quiet")
    assert "accuracy mAP: 100.000" in said and "Results=1, NoResults=0" in said
    assert "SUMMARY: submission looks OK" in said
    for name in ("open.tar.gz", "summary.csv", "summary.json"):
        assert (tmp_path / name).is_file()


def planned(tmp_path: Path, words: list[str]) -> list[dict[str, Any]]:
    argv = [sys.executable, str(ROOT / "launchers" / "franca"), "plan", *words, "--json"]
    environ = {**os.environ, "HOME": str(tmp_path), "CM_REPOS": str(tmp_path / "CM")}
    done = subprocess.run(argv, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return flat(json.loads(done.stdout)["plan"])


def flat(plan: Any) -> list[dict[str, Any]]:
    found = []
    if isinstance(plan, dict):
        if "label" in plan and "action" in plan:
            found.append(plan)
        plan = list(plan.values())
    for one in plan if isinstance(plan, list) else ():
        found += flat(one)
    return found
