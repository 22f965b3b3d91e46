"""Accuracy of a run from LoadGen's accuracy log, comparable byte by byte with a direct evaluation.

Used in the child, which has numpy and the data set, and by ``franca.mlperf.tasks.score`` on any log: scoring
can be repeated without running again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from typing import Any

from franca.errors import Location, MalformedFile, NotFound
from franca.mlperf.inference.plugs import Score
from franca.mlperf.logs.accuracy import first_per_sample, read_accuracy

ACCURACY_LOG = "mlperf_log_accuracy.json"
ACCURACY_TXT = "accuracy.txt"


def read_answers(path: str, count: int) -> dict[int, bytes]:
    """The bytes that the log has for each sample, in data-set order; samples without an entry are left out.

    MultiStream repeats samples to fill its last query: the first entry per sample counts (section 3.2).

    Raises:
        MalformedFile: not an accuracy log, or an entry for a sample that is not one of the ``count``.
    """
    if not os.path.isfile(path):
        raise NotFound(f"there is no accuracy log {path}", hint="an accuracy run of LoadGen writes it")
    found: dict[int, bytes] = {}
    for entry in first_per_sample(read_accuracy(path)):
        if not 0 <= entry.qsl_idx < count:
            raise MalformedFile(f"sample {entry.qsl_idx} is not one of the {count}", where=Location(path))
        found[entry.qsl_idx] = entry.data
    return dict(sorted(found.items()))


def check_complete(answers: dict[int, bytes], count: int, path: str) -> None:
    """Raises MalformedFile unless every sample has an answer (section 8.4: missing is an error, not wrong)."""
    missing = count - len(answers)
    if missing:
        first = next(index for index in range(count) if index not in answers)
        raise MalformedFile(f"{missing} of {count} samples have no answer (first: {first})", where=Location(path))


def decode(metric: Any, answers: dict[int, bytes], path: str) -> Any:
    """Payloads as the metric wants them: one array [n, *payload_shape], or a list of arrays of any length.

    Raises:
        MalformedFile: an answer has another size than the metric's payload, or no whole number of values.
    """
    import numpy as np

    dtype = np.dtype(metric.payload_dtype)
    if metric.payload_shape is None:
        _check_sizes(answers, dtype.itemsize, path, exact=False)
        return [np.frombuffer(data, dtype=dtype) for data in answers.values()]
    size = int(np.prod(metric.payload_shape, dtype=np.int64)) * dtype.itemsize
    _check_sizes(answers, size, path, exact=True)
    return np.frombuffer(b"".join(answers.values()), dtype=dtype).reshape((len(answers), *metric.payload_shape))


def _check_sizes(answers: dict[int, bytes], size: int, path: str, *, exact: bool) -> None:
    for index, data in answers.items():
        if len(data) != size if exact else len(data) % size:
            problem = (
                f"sample {index} has {len(data)} bytes of answer, expected {'' if exact else 'a multiple of '}{size}"
            )
            raise MalformedFile(problem, where=Location(path), hint="the values in the log may be of another type")


def score_log(folder: str, dataset: Any, metric: Any) -> dict[str, Any]:
    """Score the accuracy log in ``folder``; the digest is that of all payloads in data-set order."""
    path = os.path.join(folder, ACCURACY_LOG)
    answers = read_answers(path, dataset.count)
    check_complete(answers, dataset.count, path)
    return scored(metric, decode(metric, answers, path), dataset.labels())


def score_sampled(folder: str, sampled: str, dataset: Any, metric: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scores of the responses in ``sampled``, and of those to the same samples in ``folder``."""
    paths = [os.path.join(one, ACCURACY_LOG) for one in (folder, sampled)]
    truth, chosen = (read_answers(path, dataset.count) for path in paths)
    indices = [index for index in chosen if index in truth]
    labels = subset(dataset.labels(), indices)

    def score(answers: dict[int, bytes], path: str) -> dict[str, Any]:
        some = {index: answers[index] for index in indices}
        return dict(metric.score(decode(metric, some, path), labels)._asdict())

    return score(truth, paths[0]), score(chosen, paths[1])


def subset(labels: Any, indices: Sequence[int]) -> Any:
    """The truth of some samples: a list by position, anything else by its own indexing with a list."""
    return [labels[index] for index in indices] if isinstance(labels, list) else labels[list(indices)]


def scored(metric: Any, payloads: Any, labels: Any) -> dict[str, Any]:
    """The score of payloads, and the digest that two evaluations share only when every answer is the same."""
    score: Score = metric.score(payloads, labels)
    return {"score": score._asdict(), "payloads_sha256": digest(payloads)}


def digest(payloads: Any) -> str:
    """SHA-256 of payloads; where each has its own length, that goes in as well."""
    if hasattr(payloads, "tobytes"):
        return hashlib.sha256(payloads.tobytes()).hexdigest()
    return hashlib.sha256(b"".join(_with_length(payloads))).hexdigest()


def _with_length(payloads: Iterable[Any]) -> Iterable[bytes]:
    for one in payloads:
        raw = one.tobytes()
        yield len(raw).to_bytes(8, "little") + raw


def write_accuracy_txt(folder: str, line: str) -> None:
    """``accuracy.txt`` in the official format: the line by which checkers find the figure (section 8.4)."""
    path = os.path.join(folder, ACCURACY_TXT)
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "w", encoding="utf-8") as out:
        out.write(line + "\n")
    os.replace(temporary, path)
