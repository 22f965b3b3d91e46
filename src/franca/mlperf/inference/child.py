"""One run in one process: what ``runner`` starts in the interpreter that has LoadGen and the runtime.

Leaves ``child.json`` when the run came to its end,
``failure.json`` when something was caught on the way. Ends when its parent does (standard input closes).
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from franca.mlperf.inference.accuracy import score_log, score_sampled
from franca.mlperf.inference.guard import Failures
from franca.mlperf.inference.job import ANSWER, FAILURE, Job, job_from_json, write_json
from franca.mlperf.inference.open_job import data_parts, predictor_for

SETUP_FAILED = 65  #: exit status: nothing was run, failure.json says why


def main(argv: list[str]) -> int:
    threading.Thread(target=_end_with_parent, name="franca-parent", daemon=True).start()
    with open(argv[0], encoding="utf-8") as source:
        job = job_from_json(source.read())
    failures = Failures(os.path.join(job.outdir, FAILURE))
    try:
        answer = KINDS[job.kind](job, failures)
    except Exception as error:
        failures.record("setup", error)
        return SETUP_FAILED
    write_json(os.path.join(job.outdir, ANSWER), answer)
    return 0


def _end_with_parent() -> None:
    """The parent holds the other end of standard input; when it is gone, so are we."""
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    os._exit(66)


def _baseline(job: Job, failures: Failures) -> dict[str, Any]:
    from franca.mlperf.inference.baseline import measure

    dataset, metric = data_parts(job)
    predictor, capabilities = predictor_for(job, dataset, metric)
    return {
        "capabilities": capabilities._asdict(),
        **measure(predictor, dataset, metric, job.baseline_batches, job.baseline_s),
    }


def _subset(job: Job, failures: Failures) -> dict[str, Any]:
    """Scores of an accuracy log and of a sampled one over the samples of the latter (TEST01, section 9.5)."""
    dataset, metric = data_parts(job)
    whole, sampled = job.compare
    base, test = score_sampled(whole, sampled, dataset, metric)
    return {"base": base, "test": test}


def _score(job: Job, failures: Failures) -> dict[str, Any]:
    """The score of an accuracy log that is there already (16.3, regenerate_accuracy_file)."""
    return score_log(job.compare[0], *data_parts(job))


def _null(job: Job, failures: Failures) -> dict[str, Any]:
    from franca.mlperf.inference import wheel

    return wheel.null_answer(job)


def _run(job: Job, failures: Failures) -> dict[str, Any]:
    dataset, metric = data_parts(job)
    told = (_native if job.engine else _wheel)(job, dataset, metric, failures)
    failed = failures.first or os.path.exists(os.path.join(job.outdir, FAILURE))
    scored = score_log(job.outdir, dataset, metric) if job.mode == "AccuracyOnly" and not failed else {}
    return {
        **scored,
        **told,
        "sample_count": dataset.count,
        "performance_count": dataset.performance_count,
        "payload_dtype": _payload_dtype(metric),
        "inputs": dataset.facts() if hasattr(dataset, "facts") else None,
        "versions": _versions(),
    }


def _native(job: Job, dataset: Any, metric: Any, failures: Failures) -> dict[str, Any]:
    from franca.mlperf.native import drive

    return drive.answer(job, dataset, metric, failures)


def _wheel(job: Job, dataset: Any, metric: Any, failures: Failures) -> dict[str, Any]:
    from franca.mlperf.inference import wheel

    return wheel.answer(job, dataset, metric, failures)


def _payload_dtype(metric: Any) -> str:
    """The type of a value in the log by its plain name; "" where the metric has none."""
    import numpy as np

    found = getattr(metric, "payload_dtype", None)
    return np.dtype(found).name if found else ""


def _versions() -> dict[str, str]:
    import platform

    import numpy as np

    return {"python": platform.python_version(), "numpy": np.__version__}


KINDS = {"loadgen": _run, "baseline": _baseline, "subset": _subset, "score": _score, "null": _null}


def run_and_exit(argv: list[str]) -> None:
    """The child's whole life."""
    status = main(argv)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # LoadGen's own threads may crash an orderly exit (section 1.8)


if __name__ == "__main__":
    run_and_exit(sys.argv[1:])
