"""ImageNet 2012 validation: pictures and ``val_map.txt``, preprocessed as the reference does for ResNet-50.

Folder: ``val_map.txt`` (or ``val.txt``), lines ``<file> <class>``; the pictures beside it, or below ``images``.
With ``preprocessed`` the inputs are read from ``<file>.npy`` there instead.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from franca.errors import Location, MalformedFile, NotFound, UsageError
from franca.mlperf.tasks import images
from franca.mlperf.tasks.files import existing, inside, load_array, read_text
from franca.mlperf.tasks.samples import Rows

SIDE = 224
SHORT_SIDE = 256  #: of the picture before the crop: 224 / 0.875
CHANNEL_MEANS = (123.68, 116.78, 103.94)  #: red, green, blue; reference preprocessing of resnet50
TORCH_MEANS, TORCH_DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MEANS, TORCH, SYMMETRIC = "means", "torch", "symmetric"
FORMS = (MEANS, TORCH, SYMMETRIC)
LABEL_FILES = ("val_map.txt", "val.txt")


class ImageNet(Rows):
    """Pictures with one class each.

    Args:
        path: the folder. labels: the file of classes; "" = ``val_map.txt`` or ``val.txt`` in the folder.
        images: folder of the pictures; "" = the folder itself.
        preprocessed: folder of ``<file>.npy``; "" = decode the pictures.
        form: ``means`` (subtract the channel means; the official ResNet-50), ``torch`` (mean and deviation), or
            ``symmetric`` (from -1 to 1; MobileNet).
        channels_last: [224, 224, 3] instead of [3, 224, 224].
        count: only the first so many; 0 = all. performance_count: in memory at once; 0 = all.
    """

    def __init__(
        self,
        path: str,
        labels: str = "",
        images: str = "",
        preprocessed: str = "",
        form: str = "means",
        channels_last: bool = False,
        count: int = 0,
        performance_count: int = 0,
    ) -> None:
        super().__init__(count, performance_count)
        self.path = path
        self.label_file = labels
        self.images = images or path
        self.preprocessed = preprocessed
        if form not in FORMS:
            raise UsageError(f"form {form!r} of pictures is not known ({', '.join(FORMS)})")
        self.form = form
        self.channels_last = channels_last

    def read(self) -> None:
        import numpy as np

        listed = self.label_file or next(
            (os.path.join(self.path, n) for n in LABEL_FILES if os.path.isfile(os.path.join(self.path, n))),
            os.path.join(self.path, LABEL_FILES[0]),
        )
        self._listed = listed
        self._files, classes = read_classes(listed)
        self.limit(len(self._files))
        self._labels = np.array(classes[: self.count], dtype=np.int64)

    def check(self) -> None:
        folder = existing(self.preprocessed or self.images, "folder of pictures")
        suffix = ".npy" if self.preprocessed else ""
        self._paths = [inside(folder, name + suffix, self._listed) for name in self._files[: self.count]]
        missing = [path for path in self._paths if not os.path.isfile(path)]
        if missing:
            raise NotFound(f"{len(missing)} of {self.count} pictures are missing (first: {missing[0]})")

    def labels(self) -> Any:
        return self._labels

    def sample(self, index: int) -> Any:
        if self.preprocessed:
            return load_array(self._paths[index], "preprocessed picture")
        return self._prepared(images.read_rgb(self._paths[index]))

    def stack(self, rows: Sequence[Any]) -> Any:
        import numpy as np

        return np.stack(rows)

    def _prepared(self, pixels: Any) -> Any:
        import numpy as np

        cropped = _crop(_shrunk(pixels, area=self.form == MEANS)).astype(np.float32)
        if self.form == MEANS:
            cropped -= np.array(CHANNEL_MEANS, dtype=np.float32)
        elif self.form == SYMMETRIC:
            cropped = cropped / np.float32(127.5) - 1
        else:
            cropped = (cropped / 255 - np.float32(TORCH_MEANS)) / np.float32(TORCH_DEVIATIONS)
        return cropped if self.channels_last else np.ascontiguousarray(cropped.transpose(2, 0, 1))


def read_classes(path: str) -> tuple[list[str], list[int]]:
    """Files and their classes. Raises NotFound, MalformedFile with the line."""
    files, classes = [], []
    for number, line in enumerate(read_text(path, "list of classes").splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or not words[1].isdigit():
            raise MalformedFile(f"expected a file and a class, found {line!r:.60}", where=Location(path, number))
        files.append(words[0])
        classes.append(int(words[1]))
    if not files:
        raise MalformedFile("lists no pictures", where=Location(path))
    return files, classes


def _shrunk(pixels: Any, area: bool) -> Any:
    """The picture with its short side at 256, the other in proportion, rounded down."""
    height, width, _ = pixels.shape
    if height > width:
        return images.resize(pixels, SHORT_SIDE * height // width, SHORT_SIDE, area=area)
    return images.resize(pixels, SHORT_SIDE, SHORT_SIDE * width // height, area=area)


def _crop(pixels: Any) -> Any:
    """The central 224 x 224."""
    top, left = (pixels.shape[0] - SIDE) // 2, (pixels.shape[1] - SIDE) // 2
    return pixels[top : top + SIDE, left : left + SIDE]
