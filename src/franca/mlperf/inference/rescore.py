"""Scoring a finished accuracy run again, without running it (sections 7.5 and 16.3: regenerate_accuracy_file)."""

from __future__ import annotations

import shutil

import msgspec

from franca.mlperf.inference.bench import Bench
from franca.mlperf.inference.results import Accuracy
from franca.mlperf.inference.runner import watchdog_limit

SECONDS = 600.0  #: expected at most for the scoring alone; no model runs


def rescored(bench: Bench, folder: str, accuracy: Accuracy) -> Accuracy:
    """The record with the score that the log in ``folder`` has now.

    Raises:
        StepFailed: the log or the data cannot be read; the message says which.
    """
    bench.say(f"{folder}: the log is scored again")
    staged = bench.tree.stage("score")
    job = bench.job("score", staged)._replace(compare=(folder,))
    score = bench.child(job, folder, watchdog_limit(SECONDS, accuracy.total)).answer["score"]
    shutil.rmtree(staged)
    return msgspec.structs.replace(
        accuracy, **{key: score[key] for key in ("name", "value", "good", "total", "line", "more")}
    )
