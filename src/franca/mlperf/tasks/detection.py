"""Object detection: seven float32 a detection in the log, judged as mean average precision by pycocotools.

Payload of a sample: (index of the sample, ymin, xmin, ymax, xmax, score, label) for each detection, boxes as
shares of the picture; fewer than seven values mean none (mlperf-inference section 8.4).
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

from franca.errors import MalformedFile, UsageError
from franca.mlperf.inference.plugs import Score
from franca.mlperf.tasks.coco import CocoTruth, Truth
from franca.mlperf.tasks.files import need

WIDTH = 7
FORMS = ("pixels", "shares")
#: What pycocotools summarises, in its order (``COCOeval.summarize``).
STATISTICS = ("AP", "AP50", "AP75", "APsmall", "APmedium", "APlarge", "AR1", "AR10", "AR100")


class DetectionMetric:
    """mAP over IoU .50:.95, at most 100 detections a picture.

    Args:
        form: what the model answers. ``pixels``: boxes (xmin, ymin, xmax, ymax) of the model's input, labels,
            scores, as RetinaNet does; ``shares``: count, boxes (ymin, xmin, ymax, xmax) from 0 to 1, scores,
            classes, as the TensorFlow detection models do.
        height, width: of the model's input, for ``pixels``.
        threshold: detections with a lower score are left out (0.05 in the reference).
        inverse: labels are places in the list of categories, from 1, instead of category ids.
    """

    payload_dtype = "float32"
    payload_shape: tuple[int, ...] | None = None

    def __init__(
        self,
        form: str = "pixels",
        height: int = 800,
        width: int = 800,
        threshold: float = 0.05,
        inverse: bool = False,
    ) -> None:
        if form not in FORMS:
            raise UsageError(f"form {form!r} of detections is not known ({', '.join(FORMS)})")
        self.form = form
        self.size = (height, width)
        self.threshold = threshold
        self.inverse = inverse

    def pack(self, outputs: Sequence[Any], indices: Sequence[int]) -> list[Any]:
        rows = self._from_pixels if self.form == "pixels" else self._from_shares
        return [self._flat(index, *rows(*one)) for index, one in zip(indices, outputs, strict=True)]

    def score(self, payloads: Sequence[Any], labels: CocoTruth) -> Score:
        found = detections(payloads, labels.truth)
        statistics = evaluate(found, labels.truth, self.inverse)
        value = 100.0 * statistics[0]
        more = {name: 100.0 * number for name, number in zip(STATISTICS, statistics, strict=False)}
        return Score("mAP", value, len(found), len(labels), f"mAP={value:.3f}%", more)

    def _from_pixels(self, boxes: Any, labels: Any, scores: Any) -> tuple[Any, Any, Any]:
        import numpy as np

        height, width = self.size
        scale = np.array([height, width, height, width], dtype=np.float32)
        return np.asarray(boxes).reshape(-1, 4)[:, [1, 0, 3, 2]] / scale, scores, labels

    def _from_shares(self, count: Any, boxes: Any, scores: Any, labels: Any) -> tuple[Any, Any, Any]:
        n = int(count)
        return boxes[:n], scores[:n], labels[:n]

    def _flat(self, index: int, boxes: Any, scores: Any, labels: Any) -> Any:
        import numpy as np

        kept = np.asarray(scores) >= self.threshold
        out: Any = np.empty((int(kept.sum()), WIDTH), dtype=np.float32)
        out[:, 0] = index
        out[:, 1:5] = np.asarray(boxes)[kept]
        out[:, 5] = np.asarray(scores)[kept]
        out[:, 6] = np.asarray(labels)[kept]
        return out.reshape(-1)


def detections(payloads: Sequence[Any], truth: Truth) -> Any:
    """Rows (picture id, x, y, width, height, score, label) in pixels of the pictures.

    Raises:
        MalformedFile: a payload is no whole number of detections, or names another sample than its own.
    """
    import numpy as np

    rows = [np.empty((0, WIDTH))]
    for place, (payload, picture) in enumerate(zip(payloads, truth.pictures, strict=True)):
        if len(payload) < WIDTH:
            continue
        index = truth.indices[place]
        if len(payload) % WIDTH:
            raise MalformedFile(f"sample {index} has {len(payload)} numbers, expected a multiple of {WIDTH}")
        one = payload.reshape(-1, WIDTH).astype(np.float64)
        if not np.isfinite(one).all() or (one[:, 0] != index).any():
            raise MalformedFile(f"sample {index}: the detections are not finite, or those of another sample")
        rows.append(_in_pixels(one, place, float(picture["height"]), float(picture["width"])))
    return np.concatenate(rows)


def _in_pixels(one: Any, place: int, height: float, width: float) -> Any:
    import numpy as np

    top, left, bottom, right = one[:, 1] * height, one[:, 2] * width, one[:, 3] * height, one[:, 4] * width
    where = np.full(len(one), float(place))
    return np.stack([where, left, top, right - left, bottom - top, one[:, 5], one[:, 6]], axis=1)


def evaluate(found: Any, truth: Truth, inverse: bool) -> list[float]:
    """The statistics of pycocotools; its progress lines are swallowed. All 0 when nothing was detected."""
    if not len(found):
        return [0.0] * len(STATISTICS)
    coco = need("pycocotools.coco", "scoring detections")
    evaluation = need("pycocotools.cocoeval", "scoring detections")
    reference = coco.COCO()
    reference.dataset = truth.annotations
    with contextlib.redirect_stdout(io.StringIO()):
        reference.createIndex()
        judge = evaluation.COCOeval(reference, reference.loadRes(_records(found, truth, inverse)), "bbox")
        judge.params.imgIds = [picture["id"] for picture in truth.pictures]
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return [float(number) for number in judge.stats[: len(STATISTICS)]]


def _records(found: Any, truth: Truth, inverse: bool) -> list[dict[str, Any]]:
    """Detections as pycocotools takes them; ``inverse`` looks labels up in the list of categories."""
    ids = [category["id"] for category in truth.annotations["categories"]]
    return [
        {
            "image_id": truth.pictures[int(row[0])]["id"],
            "bbox": [float(v) for v in row[1:5]],
            "score": float(row[5]),
            "category_id": _category(int(row[6]), ids) if inverse else int(row[6]),
        }
        for row in found
    ]


def _category(label: int, ids: list[int]) -> int:
    """The id of the label-th category, from 1; -1, which no category has, for a label outside the list."""
    return ids[label - 1] if 0 < label <= len(ids) else -1
