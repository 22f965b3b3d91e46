"""Accuracy of a run from LoadGen's accuracy log, comparable byte by byte with a direct evaluation.

Used in the child, which has numpy and the data set; scoring can be repeated without running again.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

from franca.errors import Location, MalformedFile
from franca.mlperf.logs.accuracy import first_per_sample, read_accuracy

ACCURACY_LOG = "mlperf_log_accuracy.json"
ACCURACY_TXT = "accuracy.txt"


def read_payloads(folder: str, count: int, itemsize: int) -> bytes:
    """The payloads of all samples in data-set order, as one block of ``count * itemsize`` bytes.

    MultiStream repeats samples to fill its last query: the first entry per sample counts (section 3.2).

    Raises:
        MalformedFile: a sample is missing, unknown, or has a payload of another size (section 8.4: a missing
            sample is an error, not a wrong answer).
    """
    path = os.path.join(folder, ACCURACY_LOG)
    out = bytearray(count * itemsize)
    seen = bytearray(count)
    for entry in first_per_sample(read_accuracy(path)):
        if not 0 <= entry.qsl_idx < count:
            raise MalformedFile(f"sample {entry.qsl_idx} is not one of the {count}", where=Location(path))
        if len(entry.data) != itemsize:
            problem = f"sample {entry.qsl_idx} has {len(entry.data)} bytes of answer, expected {itemsize}"
            raise MalformedFile(problem, where=Location(path))
        out[entry.qsl_idx * itemsize : (entry.qsl_idx + 1) * itemsize] = entry.data
        seen[entry.qsl_idx] = 1
    missing = seen.count(0)
    if missing:
        first = seen.index(0)
        raise MalformedFile(f"{missing} of {count} samples have no answer (first: {first})", where=Location(path))
    return bytes(out)


def score_log(folder: str, dataset: Any, metric: Any) -> dict[str, Any]:
    """Score the accuracy log in ``folder``; the digest is that of all payloads in data-set order."""
    import numpy as np

    shape = (dataset.count, *metric.payload_shape)
    dtype = np.dtype(metric.payload_dtype)
    itemsize = int(np.prod(metric.payload_shape, dtype=np.int64)) * dtype.itemsize
    raw = read_payloads(folder, dataset.count, itemsize)
    return scored(metric, np.frombuffer(raw, dtype=dtype).reshape(shape), dataset.labels())


def score_sampled(folder: str, sampled: str, dataset: Any, metric: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scores of the responses in ``sampled``, and of those to the same samples in ``folder``."""
    import numpy as np

    truth = {e.qsl_idx: e.data for e in first_per_sample(read_accuracy(os.path.join(folder, ACCURACY_LOG)))}
    chosen = {e.qsl_idx: e.data for e in first_per_sample(read_accuracy(os.path.join(sampled, ACCURACY_LOG)))}
    indices = [index for index in sorted(chosen) if index in truth]
    labels = dataset.labels()[indices]

    def score(source: dict[int, bytes]) -> dict[str, Any]:
        raw = b"".join(source[index] for index in indices)
        shape = (len(indices), *metric.payload_shape)
        return dict(metric.score(np.frombuffer(raw, dtype=metric.payload_dtype).reshape(shape), labels)._asdict())

    return score(truth), score(chosen)


def scored(metric: Any, payloads: Any, labels: Any) -> dict[str, Any]:
    """The score of payloads, and the digest that two evaluations share only when every answer is the same."""
    score = metric.score(payloads, labels)
    return {"score": score._asdict(), "payloads_sha256": hashlib.sha256(payloads.tobytes()).hexdigest()}


def write_accuracy_txt(folder: str, line: str) -> None:
    """``accuracy.txt`` in the official format: the line by which checkers find the figure (section 8.4)."""
    path = os.path.join(folder, ACCURACY_TXT)
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "w", encoding="utf-8") as out:
        out.write(line + "\n")
    os.replace(temporary, path)
