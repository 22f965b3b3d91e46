"""Detections: payloads, data sets in the COCO form, and mAP against hand-made cases and a small oracle."""

from __future__ import annotations

import json

import pytest

from franca.errors import FrancaError, MalformedFile
from tests.unit.mlperf_tasks.task_data import box, coco_annotations, picture, write_coco

np = pytest.importorskip("numpy")

from franca.mlperf.tasks.coco import CocoDetection, CocoTruth, read_annotations  # noqa: E402
from franca.mlperf.tasks.detection import DetectionMetric  # noqa: E402


def truth_of(tmp_path, content) -> CocoTruth:
    return CocoTruth(read_annotations(str(write_coco(tmp_path, content))))


def payload(*rows) -> object:
    return np.array(rows, dtype=np.float32).reshape(-1)


def test_a_payload_has_seven_numbers_a_detection_with_boxes_as_shares() -> None:
    metric = DetectionMetric(height=200, width=100, threshold=0.5)
    boxes = np.array([[10, 20, 50, 100], [0, 0, 100, 200]], dtype=np.float32)
    outputs = [(boxes, np.array([3, 4]), np.array([0.9, 0.4], dtype=np.float32))]
    (found,) = metric.pack(outputs, [7])
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx([7, 0.1, 0.1, 0.5, 0.5, 0.9, 3])


def test_the_other_form_of_outputs_is_taken_as_it_is() -> None:
    metric = DetectionMetric(form="shares", threshold=0.0)
    boxes = np.array([[0.1, 0.2, 0.3, 0.4], [0, 0, 0, 0]], dtype=np.float32)
    outputs = [(np.float32(1), boxes, np.array([0.8, 0.0], dtype=np.float32), np.array([2, 0]))] * 2
    first, second = metric.pack(outputs, [0, 5])
    assert first.tolist() == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.8, 2])
    assert second[0] == 5


# a detected box in pixels (ymin, xmin, ymax, xmax) and its kind, against a thing at 0,0 that is 50 x 40
CASES = [
    ([0, 0, 40, 50], 1, 100.0),  # the same box
    ([0, 0, 24.8, 50], 1, 30.0),  # overlap 0.62: found at .50, .55 and .60 of ten thresholds
    ([0, 0, 38.2, 50], 1, 100.0),  # 0.955: at all ten
    ([0, 0, 19, 50], 1, 0.0),  # 0.475: at none
    ([0, 0, 40, 50], 2, 0.0),  # of another kind
]


@pytest.mark.parametrize(("sides", "label", "expected"), CASES)
def test_mean_average_precision_of_one_detection(tmp_path, sides, label, expected) -> None:
    pytest.importorskip("pycocotools")
    truth = truth_of(tmp_path, coco_annotations([picture(11)], [box(11, [0, 0, 50, 40])]))
    score = DetectionMetric().score([payload([0, *(side / 100 for side in sides), 0.9, label])], truth)
    assert score.line == f"mAP={expected:.3f}%"
    assert score.value == pytest.approx(expected) and score.total == 1


def test_pictures_without_detections_count_as_missed(tmp_path) -> None:
    pytest.importorskip("pycocotools")
    pictures = [picture(3), picture(1)]  # ids are not in order: the index is the place in the list
    truth = truth_of(tmp_path, coco_annotations(pictures, [box(3, [0, 0, 50, 40]), box(1, [0, 0, 50, 40])]))
    payloads = [payload([0, 0, 0, 0.4, 0.5, 0.9, 1]), payload()]
    # recall ends at one half: precision 1 at 51 of the 101 recall points
    assert DetectionMetric().score(payloads, truth).value == pytest.approx(100 * 51 / 101)
    assert DetectionMetric().score([payload(), payload()], truth).line == "mAP=0.000%"
    assert DetectionMetric().score([payloads[0]], truth[[0]]).value == pytest.approx(100.0)


def test_labels_may_be_places_in_the_list_of_categories(tmp_path) -> None:
    pytest.importorskip("pycocotools")
    content = coco_annotations([picture(1)], [box(1, [0, 0, 50, 40], category=90)], categories=(7, 90))
    truth = truth_of(tmp_path, content)
    found = [payload([0, 0, 0, 0.4, 0.5, 0.9, 2])]
    assert DetectionMetric(inverse=True).score(found, truth).value == pytest.approx(100.0)
    assert DetectionMetric().score(found, truth).value == 0.0


def average_precision(found, things, threshold) -> float:
    """The definition, for one kind of thing: best first, each thing found once, 101 recall points."""
    taken, hits = set(), []
    for image, sides, _ in sorted(found, key=lambda one: -one[2]):
        overlaps = [(overlap(sides, other), n) for n, (place, other) in enumerate(things) if place == image]
        best = max(((o, n) for o, n in overlaps if n not in taken and o >= threshold), default=None)
        hits.append(best is not None)
        if best:
            taken.add(best[1])
    right = np.cumsum(hits)
    recall, precision = right / len(things), right / np.arange(1, len(hits) + 1)
    points = [max((p for p, r in zip(precision, recall, strict=True) if r >= point), default=0.0)
              for point in np.linspace(0, 1, 101)]  # fmt: skip
    return float(np.mean(points))


def overlap(a, b) -> float:
    width = max(0.0, min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]))
    common = width * height
    return common / (a[2] * a[3] + b[2] * b[3] - common)


@pytest.mark.parametrize("seed", range(6))
def test_mean_average_precision_equals_the_definition(tmp_path, seed) -> None:
    pytest.importorskip("pycocotools")
    rng = np.random.default_rng(seed)
    pictures = [picture(n, width=64, height=128) for n in (5, 2, 9)]
    things = [(n, [float(v) for v in (*rng.integers(0, 30, 2), *rng.integers(8, 30, 2))]) for n in (0, 0, 1, 2, 2, 2)]
    found = []
    for n, sides in [*things, *things[:3]]:
        moved = [float(v + m) for v, m in zip(sides, rng.normal(0, 1.5, 4), strict=True)]
        found.append((n, moved, float(np.float32(rng.uniform(0.1, 1)))))
    truth = truth_of(tmp_path, coco_annotations(pictures, [box(pictures[n]["id"], sides) for n, sides in things]))
    payloads = [
        payload(*([n, y / 128, x / 64, (y + h) / 128, (x + w) / 64, s, 1] for m, (x, y, w, h), s in found if m == n))
        for n in range(3)
    ]
    expected = np.mean([average_precision(found, things, t) for t in np.linspace(0.5, 0.95, 10)])
    assert DetectionMetric().score(payloads, truth).value == pytest.approx(100 * expected, abs=1e-3)


@pytest.mark.parametrize(
    ("numbers", "problem"),
    [
        ([0] * 8, "8 numbers"),
        ([1, 0, 0, 1, 1, 0.5, 1], "another sample"),
        ([0, 0, 0, float("nan"), 1, 0.5, 1], "finite"),
    ],
)
def test_a_payload_that_makes_no_sense_is_refused(tmp_path, numbers, problem) -> None:
    truth = truth_of(tmp_path, coco_annotations([picture(1)], [box(1, [0, 0, 5, 5])]))
    with pytest.raises(MalformedFile, match=problem):
        DetectionMetric().score([np.array(numbers, dtype=np.float32)], truth)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"images": None}, "images must be list"),
        ({"images": [{"id": 1, "width": 5}]}, "picture 1: height"),
        ({"images": [picture(1), picture(1)]}, "same id"),
        ({"annotations": [box(2, [0, 0, 1, 1])]}, "no picture"),
        ({"annotations": [{"image_id": 1, "bbox": [1, 2, 3], "category_id": 1}]}, "box of four"),
        ({"annotations": [{"image_id": 1, "bbox": [1, 2, 3, 4]}]}, "category_id must be int"),
        ({"annotations": [{**box(1, [1, 2, 3, 4]), "id": []}]}, "id must be int"),
        ({"annotations": [{**box(1, [1, 2, 3, 4]), "area": "x"}]}, "area must be"),
        ({"categories": [{"name": "x"}]}, "category 1: id must be int"),
    ],
)
def test_annotations_that_are_wrong_are_named(tmp_path, change, problem) -> None:
    content = {**coco_annotations([picture(1)], [box(1, [0, 0, 5, 5])]), **change}
    with pytest.raises(MalformedFile, match=problem):
        truth_of(tmp_path, content)


def test_pictures_are_read_in_the_order_of_the_list(tmp_path) -> None:
    image = pytest.importorskip("PIL.Image")
    write_coco(tmp_path, coco_annotations([picture(4), picture(2)], []))
    folder = tmp_path / "validation" / "data"
    folder.mkdir(parents=True)
    for number, value in ((4, 255), (2, 51)):
        image.fromarray(np.full((6, 4, 3), value, dtype=np.uint8)).save(folder / f"p{number}.jpg", "PNG")
    data = CocoDetection(str(tmp_path), height=3, width=2)
    data.open()
    data.load([0, 1])
    batch = data.batch([1, 0])["images"]
    assert batch.shape == (2, 3, 3, 2) and batch.dtype == np.float32
    assert batch[0] == pytest.approx(0.2) and batch[1] == pytest.approx(1.0)
    (folder / "p2.jpg").unlink()
    with pytest.raises(FrancaError, match="1 of 2 pictures are missing"):
        data.open()


def test_a_file_name_cannot_lead_out_of_the_data_set(tmp_path) -> None:
    (tmp_path / "validation" / "data").mkdir(parents=True)
    write_coco(tmp_path, coco_annotations([{**picture(1), "file_name": "../../../etc/passwd"}], []))
    with pytest.raises(MalformedFile, match="leads out"):
        CocoDetection(str(tmp_path)).open()


def test_preprocessed_pictures_are_taken_as_they_are(tmp_path) -> None:
    write_coco(tmp_path, coco_annotations([picture(1)], []))
    np.save(tmp_path / "p1.jpg.npy", np.ones((3, 2, 2), dtype=np.float32))
    data = CocoDetection(str(tmp_path), preprocessed=str(tmp_path), name="x")
    data.open()
    data.load([0])
    assert data.batch([0])["x"].shape == (1, 3, 2, 2)


def test_a_folder_that_is_no_data_set_is_named(tmp_path) -> None:
    with pytest.raises(FrancaError, match="has neither"):
        CocoDetection(str(tmp_path)).open()
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "openimages-mlperf.json").write_text(json.dumps([1]), "utf-8")
    with pytest.raises(MalformedFile, match="images must be list"):
        CocoDetection(str(tmp_path)).open()
