"""KiTS19 as the reference prepares it for 3D-UNet, and the mean Dice score of its segmentations.

Folder: ``preprocessed_files.pkl`` (``file_list``, and ``cases`` with the ``image_shape`` of each),
``<case>.pkl`` ([image, labels], float32 [1, d, h, w] and uint8 of the same shape), and
``nifti/<case>/segmentation.nii.gz``, from which the truth is read when it is there, else from the pickle.
Pickles are read by ``pickles``: arrays only.

Payload of a sample: the label of every voxel, uint8 [1, d, h, w] (mlperf-inference section 8.4).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from franca.errors import Location, MalformedFile
from franca.mlperf.inference.plugs import Score
from franca.mlperf.tasks.files import existing, inside, need
from franca.mlperf.tasks.pickles import load_arrays
from franca.mlperf.tasks.samples import Rows

LIST = "preprocessed_files.pkl"
KIDNEY, TUMOR = 1, 2
SMOOTH = 1e-6  #: added above and below the fraction bar, so that a class that is nowhere scores 1


class Volumes:
    """The truth, read from disk case by case: a volume takes tens of megabytes."""

    def __init__(self, folder: str, cases: Sequence[str]) -> None:
        self.folder = folder
        self.cases = list(cases)

    def __len__(self) -> int:
        return len(self.cases)

    def __getitem__(self, chosen: Sequence[int]) -> Volumes:
        return Volumes(self.folder, [self.cases[index] for index in chosen])

    def __iter__(self) -> Iterator[Any]:
        return (self._labels(case) for case in self.cases)

    def _labels(self, case: str) -> Any:
        """uint8 [d, h, w]."""
        nifti = os.path.join(self.folder, "nifti", case, "segmentation.nii.gz")
        found = _read_nifti(nifti) if os.path.isfile(nifti) else _volumes(self.folder, case)[1]
        return found.reshape(found.shape[-3:]).astype("uint8")


class Kits19(Rows):
    """Volumes, one a batch: their sizes differ.

    Args:
        path: the folder of preprocessed files.
        count: only the first so many; 0 = all. performance_count: in memory at once; 0 = all.
    """

    def __init__(self, path: str, count: int = 0, performance_count: int = 0) -> None:
        super().__init__(count, performance_count)
        self.path = path

    def read(self) -> None:
        self._cases = read_cases(existing(self.path, "folder of volumes"))
        self.limit(len(self._cases))

    def labels(self) -> Volumes:
        return Volumes(self.path, self._cases[: self.count])

    def sample(self, index: int) -> Any:
        return _volumes(self.path, self._cases[index])[0]


def read_cases(folder: str) -> list[str]:
    """Names of the cases in the order of the samples. Raises NotFound, MalformedFile, Refused."""
    path = os.path.join(folder, LIST)
    content = load_arrays(path)
    cases = content.get("file_list") if isinstance(content, dict) else None
    if not isinstance(cases, list) or not all(isinstance(case, str) for case in cases):
        raise MalformedFile("has no file_list of names", where=Location(path))
    for case in cases:
        inside(folder, case, path)
    return cases


def _volumes(folder: str, case: str) -> list[Any]:
    """Image and labels of a case."""
    import numpy as np

    path = os.path.join(folder, case + ".pkl")
    found = load_arrays(path)
    if not isinstance(found, list) or len(found) != 2 or not all(isinstance(v, np.ndarray) for v in found):
        raise MalformedFile("expected an image and its labels", where=Location(path))
    if found[0].ndim != 4 or found[0].shape != found[1].shape:
        shapes = f"{found[0].shape} and {found[1].shape}"
        raise MalformedFile(f"image and labels have shapes {shapes}, expected [1, d, h, w] twice", where=Location(path))
    return found


def _read_nifti(path: str) -> Any:
    nibabel = need("nibabel", "reading NIfTI volumes")
    try:
        return nibabel.load(path).get_fdata(dtype="float32")
    except Exception as error:  # the package and zlib have no common base class for a broken file
        raise MalformedFile(f"is no NIfTI volume: {error}", where=Location(path)) from error


class DiceMetric:
    """Mean Dice score of kidney and tumor over cases.

    Args:
        dtype: of a voxel in the log.
    """

    payload_shape: tuple[int, ...] | None = None

    def __init__(self, dtype: str = "uint8") -> None:
        self.payload_dtype = dtype

    def pack(self, outputs: Sequence[Any], indices: Sequence[int]) -> list[Any]:
        """``outputs``: for each sample its labels, or the scores of the classes on the axis before the last three."""
        return [self._labels(one[0] if isinstance(one, (tuple, list)) else one) for one in outputs]

    def score(self, payloads: Sequence[Any], labels: Volumes) -> Score:
        import numpy as np

        scores = [dice(*self._shaped(*pair)) for pair in zip(payloads, labels, range(len(labels)), strict=True)]
        kidney, tumor = (float(value) for value in np.mean(scores, axis=0))
        mean = (kidney + tumor) / 2
        line = f"Accuracy: mean = {mean:.5f}, kidney = {kidney:.4f}, tumor = {tumor:.4f}"
        return Score("DICE", mean, 0, len(labels), line, {"kidney": kidney, "tumor": tumor})

    def _shaped(self, payload: Any, truth: Any, index: int) -> tuple[Any, Any]:
        if payload.size != truth.size:
            raise MalformedFile(f"sample {index} has {payload.size} voxels, expected {truth.size} {truth.shape}")
        return payload.reshape(truth.shape), truth

    def _labels(self, one: Any) -> Any:
        import numpy as np

        one = np.asarray(one)
        found = one.argmax(axis=-4) if one.dtype.kind == "f" else one
        return np.ascontiguousarray(found, dtype=self.payload_dtype).reshape(-1)


def dice(found: Any, truth: Any) -> list[float]:
    """Dice score of kidney and of tumor: twice the common voxels over the sum of both."""
    import numpy as np

    scores = []
    for label in (KIDNEY, TUMOR):
        mine, theirs = found == label, truth == label
        common = float(np.count_nonzero(mine & theirs))
        together = float(np.count_nonzero(mine) + np.count_nonzero(theirs))
        scores.append((2 * common + SMOOTH) / (together + SMOOTH))
    return scores
