"""Criteo click logs, day 23, multi-hot, as DLRM-v2 takes them.

Folder: ``day_23_dense.npy`` float32 [N, 13], ``day_23_sparse_multi_hot.npz`` with members ``0.npy`` ...
``25.npy`` int32 [N, hot], ``day_23_labels.npy`` int32 [N, 1] or [N]; ``_sample`` or ``_debug`` before the ending
for the small sets. Of the whole set the first half is the validation part. Several rows make one sample of
LoadGen: as the trace file says (lines ``first, end, count``), else a fixed number of them.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from typing import Any, NamedTuple

from franca.errors import Location, MalformedFile, UsageError
from franca.mlperf.tasks.files import existing, load_array, read_text
from franca.mlperf.tasks.samples import Rows

FEATURES = 26  #: categorical ones
KINDS = {"full": "", "sample": "_sample", "debug": "_debug"}


class Clicks(NamedTuple):
    """The truth: labels of all rows, and first and last row (exclusive) of each sample."""

    labels: Any
    bounds: Any  #: int64 [samples, 2]


class ClickTruth:
    """:class:`Clicks` with the indexing by a list of samples that truths have; iterates over labels of samples."""

    def __init__(self, clicks: Clicks) -> None:
        self.clicks = clicks

    def __len__(self) -> int:
        return len(self.clicks.bounds)

    def __getitem__(self, chosen: Sequence[int]) -> ClickTruth:
        return ClickTruth(Clicks(self.clicks.labels, self.clicks.bounds[list(chosen)]))

    def of(self, index: int) -> Any:
        """Labels of the rows of one sample."""
        first, end = self.clicks.bounds[index]
        return self.clicks.labels[first:end]


class Criteo(Rows):
    """Rows of the click log, several a sample.

    A batch is the rows of its samples one after the other: ``dense`` [rows, 13], ``sparse_0`` ... ``sparse_25``
    [rows, hot]; ``counts`` are the rows of each sample.

    Args:
        path: the folder. kind: full, sample or debug (which files).
        together: rows of a sample, without a trace file. trace: the official trace of aggregated samples.
        count: only the first so many samples; 0 = all. performance_count: in memory at once; 0 = all.
    """

    def __init__(
        self,
        path: str,
        kind: str = "full",
        together: int = 1,
        trace: str = "",
        count: int = 0,
        performance_count: int = 0,
    ) -> None:
        super().__init__(count, performance_count)
        if kind not in KINDS or together < 1:
            raise UsageError(f"kind {kind!r} ({', '.join(KINDS)}) or {together} rows together make no sense")
        self.path = path
        self.kind = kind
        self.together = together
        self.trace = trace

    def read(self) -> None:
        path = os.path.join(self.path, f"day_23_labels{KINDS[self.kind]}.npy")
        labels = load_array(path, "labels", mapped=True).reshape(-1)
        # Of the whole set the second half is the test part of the training benchmark.
        rows = (len(labels) + 1) // 2 if self.kind == "full" else len(labels)
        bounds = read_trace(self.trace, rows) if self.trace else even_bounds(rows, self.together)
        self.limit(len(bounds))
        self._clicks = Clicks(labels, bounds[: self.count])

    def check(self) -> None:
        ending = KINDS[self.kind]
        self._dense = load_array(os.path.join(self.path, f"day_23_dense{ending}.npy"), "dense features", mapped=True)
        archive = os.path.join(self.path, f"day_23_sparse_multi_hot{ending}.npz")
        self._sparse = [map_member(archive, f"{feature}.npy") for feature in range(FEATURES)]
        if len({len(self._dense), len(self._clicks.labels), *(len(one) for one in self._sparse)}) != 1:
            raise MalformedFile("dense features, labels and multi-hot features differ in rows", where=Location(archive))

    def labels(self) -> ClickTruth:
        return ClickTruth(self._clicks)

    def sample(self, index: int) -> Any:
        import numpy as np

        first, end = self._clicks.bounds[index]
        return [np.array(one[first:end]) for one in (self._dense, *self._sparse)]

    def stack(self, rows: Sequence[Any]) -> Any:
        import numpy as np

        names = ["dense", *(f"sparse_{feature}" for feature in range(FEATURES))]
        joined = {name: np.concatenate([row[at] for row in rows]) for at, name in enumerate(names)}
        return {**joined, "counts": np.array([len(row[0]) for row in rows], dtype=np.int64)}


def even_bounds(rows: int, together: int) -> Any:
    """Bounds of samples of ``together`` rows; the last one has the rest."""
    import numpy as np

    first: Any = np.arange(0, rows, together, dtype=np.int64)
    return np.stack([first, np.minimum(first + together, rows)], axis=1)


def read_trace(path: str, rows: int) -> Any:
    """Bounds from a trace file. Raises NotFound, MalformedFile with the line that does not follow on."""
    import numpy as np

    bounds: list[tuple[int, int]] = []
    for number, line in enumerate(read_text(path, "trace").splitlines(), 1):
        try:
            first, end, count = (int(word) for word in line.split(","))
        except ValueError:
            raise MalformedFile(f"expected three numbers, found {line!r:.60}", where=Location(path, number)) from None
        if first != (bounds[-1][1] if bounds else 0) or end - first != count or count < 1 or end > rows:
            problem = f"{first}, {end}, {count} does not go on from the line before, within {rows} rows"
            raise MalformedFile(problem, where=Location(path, number))
        bounds.append((first, end))
    return np.array(bounds, dtype=np.int64).reshape(-1, 2)


def map_member(archive: str, name: str) -> Any:
    """A stored (not compressed) array of an ``.npz``, left on disk: the whole set has tens of gigabytes.

    Raises:
        NotFound, MalformedFile: no archive, no such member, a compressed one, or no array.
    """
    import numpy as np

    existing(archive, "multi-hot features")
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(name) as member:
            if opened.getinfo(name).compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{name} is compressed")
            version = np.lib.format.read_magic(member)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, fortran, dtype = read(member)
            header = member.tell()
        start = _data_offset(archive, opened.getinfo(name).header_offset) + header
        return np.memmap(archive, dtype=dtype, shape=shape, order="F" if fortran else "C", mode="r", offset=start)
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise MalformedFile(f"has no array {name} that can be mapped: {error}", where=Location(archive)) from error


def _data_offset(archive: str, header: int) -> int:
    """Where the bytes of a member start: behind its local header, whose two lengths stand at 26 and 28."""
    with open(archive, "rb") as source:
        source.seek(header + 26)
        lengths = source.read(4)
    return header + 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
