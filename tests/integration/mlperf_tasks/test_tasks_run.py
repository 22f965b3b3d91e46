"""Whole benchmarks of the tasks with the real LoadGen: data set, model, log, score, and scoring again alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from franca.mlperf.inference.campaign import run
from franca.mlperf.inference.spec import RunSpec, checked
from franca.mlperf.logs.accuracy import read_accuracy
from franca.mlperf.tasks.score import Request, score
from tests.integration.mlperf_tasks.task_models import bright_box, finds_piece, weighs_clicks
from tests.unit.mlperf_tasks.task_data import (
    PIECES,
    SQUAD,
    box,
    coco_annotations,
    picture,
    write_coco,
    write_criteo,
    write_kits,
    write_librispeech,
    write_squad,
    write_tokenizer,
)

SIZE = 8


def benchmark(
    tmp_path: Path,
    model: Path,
    dataset: dict,
    metric: dict,
    backend: dict | None = None,
    plain: str = "",
    scenarios: tuple[str, ...] = ("MultiStream", "Offline"),
    name: str = "onnxruntime-tensors",
) -> dict[str, Any]:
    """Accuracy of each scenario; the logs stay in ``folder``. ``plain`` names a backend of ``plain_backends``."""
    data = {
        "benchmark": "tiny",
        "model": "tiny",
        "model_file": str(model),
        "dataset_name": "tiny",
        "backend": {"name": name, "options": {"model": str(model), **(backend or {})}}
        if not plain
        else {"name": f"plain_backends:{plain}"},
        "python_path": [str(Path(__file__).parent)],
        "dataset": dataset,
        "metric": metric,
        "output": str(tmp_path / "results"),
        "interpreter": sys.executable,
        "scenarios": list(scenarios),
        "modes": ["accuracy"],
        "profile": "test",
        "max_batchsize": 4,
    }
    result = run(checked(msgspec.convert(data, RunSpec)), lambda line: None)
    found = {one.scenario: one.accuracy for one in result.scenarios}
    assert sorted(found) == sorted(scenarios)
    for accuracy in found.values():
        assert accuracy.equals_direct and not accuracy.errors
        line = (Path(accuracy.folder) / "accuracy.txt").read_text("utf-8").strip()
        assert line == accuracy.line == found["Offline"].line
    return found


def scored_again(task: str, folder: str, options: dict[str, str]) -> str:
    return score(Request(task, folder, options, to="-")).score.line


def test_object_detection(tmp_path) -> None:
    pytest.importorskip("pycocotools")
    image = pytest.importorskip("PIL.Image")
    import numpy as np

    pictures, boxes = [], []
    (tmp_path / "data" / "validation" / "data").mkdir(parents=True)
    for n, bright in enumerate([0, 1, 1, 0, 1]):  # of which the last is labelled wrongly
        number = 10 - n
        pixels = np.zeros((20, 40, 3), dtype=np.uint8)
        pixels[:, 20 * bright : 20 * bright + 20] = 200
        image.fromarray(pixels).save(tmp_path / "data" / "validation" / "data" / f"p{number}.jpg", "PNG")
        pictures.append(picture(number, width=40, height=20))
        boxes.append(box(number, [20 * bright, 0, 20, 20], category=bright + 1 if n < 4 else 1))
    write_coco(tmp_path / "data", coco_annotations(pictures, boxes))
    found = benchmark(
        tmp_path,
        bright_box(tmp_path / "m.onnx", SIZE),
        {"name": "coco", "options": {"path": str(tmp_path / "data"), "height": SIZE, "width": SIZE}},
        {"name": "detections", "options": {"height": SIZE, "width": SIZE}},
        {"one_by_one": True},
    )
    # Kind 1: two of three things found: precision 1 at 67 of 101 recall points. Kind 2: both found, behind a wrong
    # detection of the same score (pictures count in the order of their ids): precision 2/3 throughout.
    offline = found["Offline"]
    assert offline.name == "mAP" and offline.value == pytest.approx(100 * (67 / 101 + 2 / 3) / 2) and offline.total == 5
    lengths = {len(entry.data) for entry in read_accuracy(str(Path(offline.folder) / "mlperf_log_accuracy.json"))}
    assert lengths == {7 * 4}
    again = scored_again("openimages", offline.folder, {"path": str(tmp_path / "data")})
    assert again == offline.line


def test_question_answering(tmp_path) -> None:
    content = json.loads(json.dumps(SQUAD))
    content["data"][0]["paragraphs"] *= 4  # eight questions, so that batches have several
    data, vocabulary = write_squad(tmp_path / "data", content)
    options = {"path": str(data), "vocabulary": str(vocabulary), "sequence": 32, "question": 16}
    found = benchmark(
        tmp_path,
        finds_piece(tmp_path / "m.onnx", PIECES.index("maria"), PIECES.index("##pez")),
        {"name": "squad", "options": options},
        {"name": "answers", "options": {"sequence": 32}},
    )
    offline = found["Offline"]
    # the first of both questions is right, "Maria Lopez" shares no word with "1921"
    assert (offline.line, offline.total) == ('{"exact_match": 50.0, "f1": 50.0}', 8)
    assert scored_again("squad", offline.folder, {k: str(v) for k, v in options.items()}) == offline.line


def test_recommendation(tmp_path) -> None:
    labels = [1, 1, 0, 0, 1, 0, 0]
    write_criteo(tmp_path / "data", labels)
    options = {"path": str(tmp_path / "data"), "kind": "sample", "together": 2}
    found = benchmark(
        tmp_path,
        weighs_clicks(tmp_path / "m.onnx", -0.01),  # the later the row, the smaller the probability
        {"name": "criteo", "options": options},
        {"name": "auc"},
    )
    offline = found["Offline"]
    # rows 0 and 1 come before all four zeros, row 4 before two of them: 10 of 12 pairs in order
    assert offline.name == "AUC" and offline.value == pytest.approx(100 * 10 / 12)
    entries = list(read_accuracy(str(Path(offline.folder) / "mlperf_log_accuracy.json")))
    assert sorted(len(entry.data) for entry in entries) == [8, 16, 16, 16]
    assert scored_again("terabyte", offline.folder, {k: str(v) for k, v in options.items()}) == offline.line


def test_speech_recognition(tmp_path) -> None:
    manifest = write_librispeech(tmp_path / "data", ["a", "b", "d"])
    options = {"path": str(tmp_path / "data"), "manifest": str(manifest)}
    found = benchmark(tmp_path, manifest, {"name": "librispeech", "options": options},
                      {"name": "word-errors", "options": {"dtype": "int8"}}, plain="Hears")  # fmt: skip
    offline = found["Offline"]
    assert offline.name == "WER" and offline.value == pytest.approx(100 * 2 / 3) and offline.good == 2
    assert scored_again("librispeech", offline.folder, {**options, "dtype": "int8"}) == offline.line


def test_segmentation(tmp_path) -> None:
    import numpy as np

    def volume(*values: int) -> tuple[Any, Any]:
        image = np.array(values, dtype=np.float32).reshape(1, 1, 1, -1)
        return image, np.minimum(image / 10, 2)

    write_kits(tmp_path / "data", {"case_0": volume(10, 20, 0), "case_1": volume(10, 30, 20, 0, 0)})
    options = {"path": str(tmp_path / "data")}
    listed = tmp_path / "data" / "preprocessed_files.pkl"
    found = benchmark(tmp_path, listed, {"name": "kits19", "options": options}, {"name": "dice"}, plain="Cuts")
    offline = found["Offline"]
    # of the second tumor one voxel of two is missed: 2/3
    assert offline.line == "Accuracy: mean = 0.91667, kidney = 1.0000, tumor = 0.8333"
    assert scored_again("kits19", offline.folder, options) == offline.line


def test_text_generation(tmp_path) -> None:
    pytest.importorskip("rouge_score")
    pytest.importorskip("tokenizers")
    tokenizer = write_tokenizer(tmp_path / "t", ["one", "two", "three"])
    records = [{"tok_input": [1, 2], "output": "one two"}, {"tok_input": [3], "output": "one"}]
    (tmp_path / "o.jsonl").write_text("\n".join(json.dumps(record) for record in records), "utf-8")
    scoring = {"tokenizer": str(tokenizer), "sentences": "none"}
    found = benchmark(tmp_path, tokenizer, {"name": "texts", "options": {"path": str(tmp_path / "o.jsonl")}},
                      {"name": "rouge", "options": {**scoring, "dtype": "int32"}}, plain="Repeats",
                      scenarios=("Offline",))  # fmt: skip
    offline = found["Offline"]
    assert offline.value == 50.0 and offline.more["GEN_TOK_LEN"] == 3
    again = {**scoring, "path": str(tmp_path / "o.jsonl"), "dtype": "int32"}
    assert scored_again("openorca", offline.folder, again) == offline.line
