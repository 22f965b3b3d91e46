"""Detection data sets in the COCO form: annotations as one JSON file, pictures beside it.

OpenImages as MLPerf packs it: ``annotations/openimages-mlperf.json`` and ``validation/data/<file>``.
COCO 2017: ``annotations/instances_val2017.json`` and ``val2017/<file>``. A sample's index in LoadGen is its
place in the ``images`` list of the annotations (mlperf-inference section 8.4).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from franca.errors import Location, MalformedFile, NotFound
from franca.mlperf.tasks import images
from franca.mlperf.tasks.files import existing, field, inside, load_array, read_json
from franca.mlperf.tasks.samples import Rows

LAYOUTS = (
    ("annotations/openimages-mlperf.json", "validation/data"),
    ("annotations/instances_val2017.json", "val2017"),
)


class Truth(NamedTuple):
    """What a picture list is judged by: the whole annotations, and the pictures that count, in sample order."""

    annotations: dict[str, Any]
    pictures: list[dict[str, Any]]
    indices: list[int]  #: of these pictures among the samples

    def picked(self, chosen: Sequence[int]) -> Truth:
        """The truth of some of the samples."""
        return Truth(self.annotations, [self.pictures[i] for i in chosen], [self.indices[i] for i in chosen])


class CocoTruth:
    """:class:`Truth` with the indexing by a list of samples that truths have (``accuracy.subset``)."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth

    def __len__(self) -> int:
        return len(self.truth.pictures)

    def __getitem__(self, chosen: Sequence[int]) -> CocoTruth:
        return CocoTruth(self.truth.picked(chosen))


class CocoDetection(Rows):
    """Pictures with boxes.

    Args:
        path: the folder; not needed where annotations and pictures are named.
        annotations, images: elsewhere; "" = as one of the two layouts has them.
        preprocessed: folder of ``<file>.npy``, float32 [3, height, width]; "" = decode the pictures.
        height, width: of the model's input; the reference RetinaNet takes 800 x 800, values from 0 to 1.
        means, deviations: of the three channels, for models that want them (values from 0 to 1).
        name: of the model's input.
        count: only the first so many; 0 = all. performance_count: in memory at once; 0 = all.
    """

    def __init__(
        self,
        path: str = "",
        annotations: str = "",
        images: str = "",
        preprocessed: str = "",
        height: int = 800,
        width: int = 800,
        means: Sequence[float] = (0.0, 0.0, 0.0),
        deviations: Sequence[float] = (1.0, 1.0, 1.0),
        name: str = "images",
        count: int = 0,
        performance_count: int = 0,
    ) -> None:
        super().__init__(count, performance_count)
        self.path = path
        self.annotations = annotations
        self.images = images
        self.preprocessed = preprocessed
        self.size = (height, width)
        self.means, self.deviations = means, deviations
        self.name = name

    def read(self) -> None:
        self._locate()
        self._truth = read_annotations(self.annotations)
        self.limit(len(self._truth.pictures))

    def check(self) -> None:
        suffix = ".npy" if self.preprocessed else ""
        folder = existing(self.preprocessed or self.images, "folder of pictures")
        names = [field(p, "file_name", str, self.annotations, "a picture") for p in self._truth.pictures[: self.count]]
        self._paths = [inside(folder, name + suffix, self.annotations) for name in names]
        missing = [path for path in self._paths if not os.path.isfile(path)]
        if missing:
            raise NotFound(f"{len(missing)} of {self.count} pictures are missing (first: {missing[0]})")

    def labels(self) -> CocoTruth:
        return CocoTruth(self._truth.picked(range(self.count)))

    def sample(self, index: int) -> Any:
        if self.preprocessed:
            return load_array(self._paths[index], "preprocessed picture")
        return self._prepared(images.read_rgb(self._paths[index]))

    def stack(self, rows: Sequence[Any]) -> Any:
        import numpy as np

        return {self.name: np.stack(rows)}

    def _prepared(self, pixels: Any) -> Any:
        import numpy as np

        scaled = images.resize(pixels.astype(np.float32), *self.size) / np.float32(255)
        shifted = (scaled - np.float32(self.means)) / np.float32(self.deviations)
        return np.ascontiguousarray(shifted.transpose(2, 0, 1))

    def _locate(self) -> None:
        """Annotations and pictures by the layout that is there, where they are not named."""
        for listed, pictures in LAYOUTS:
            if os.path.isfile(os.path.join(self.path, listed)) or self.annotations:
                self.annotations = self.annotations or os.path.join(self.path, listed)
                self.images = self.images or os.path.join(self.path, pictures)
                return
        known = " or ".join(listed for listed, _ in LAYOUTS)
        raise NotFound(f"data set {self.path} has neither {known}")


def read_annotations(path: str) -> Truth:
    """A COCO annotation file. Raises NotFound, MalformedFile with what is wrong."""
    content = read_json(path, "annotations")
    for key in ("images", "annotations", "categories"):
        field(content, key, list, path, "the annotations")
    for picture in content["images"]:
        field(picture, "id", (int, str), path, "a picture")
        for key in ("height", "width"):
            field(picture, key, (int, float), path, f"picture {picture['id']}")
    known = {picture["id"] for picture in content["images"]}
    if len(known) != len(content["images"]):
        raise MalformedFile("two pictures have the same id", where=Location(path, key="images"))
    for number, category in enumerate(content["categories"], 1):
        field(category, "id", int, path, f"category {number}")
    for number, box in enumerate(content["annotations"], 1):
        _check_box(box, number, known, path)
    return Truth(content, content["images"], list(range(len(content["images"]))))


def _check_box(box: Any, number: int, pictures: set[Any], path: str) -> None:
    """Four numbers and a picture; what pycocotools needs beside them is filled in."""
    sides = field(box, "bbox", list, path, f"annotation {number}")
    good = len(sides) == 4 and all(isinstance(side, (int, float)) for side in sides)
    if not good or box.get("image_id") not in pictures:
        problem = f"annotation {number} has no box of four numbers, or no picture"
        raise MalformedFile(problem, where=Location(path, key="annotations"))
    filled = {"id": number, "iscrowd": 0, "area": sides[2] * sides[3], **box}
    box.update(filled)
    for key in ("category_id", "id", "iscrowd"):
        field(box, key, int, path, f"annotation {number}")
    field(box, "area", (int, float), path, f"annotation {number}")
