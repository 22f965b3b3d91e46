"""The bare loop: the same model, data and metric without LoadGen (mlperf-inference section 5.6).

Three uses: it sizes LoadGen's query generation, it is the base of the overhead report, and its predictions
are the direct evaluation that the accuracy log must equal.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from franca.mlperf.inference.accuracy import scored
from franca.mlperf.inference.predictor import Predictor

DIRECT_BATCH = 64


def measure(predictor: Predictor, dataset: Any, metric: Any, batches: Sequence[int], seconds: float) -> dict[str, Any]:
    """Loop over each batch size for ``seconds``; evaluate every sample once. Times in seconds."""
    indices = list(range(dataset.count))
    in_memory = indices[: max(dataset.performance_count, 1)]
    dataset.load(in_memory)
    loops = [_loop(predictor, dataset.performance_count, size, seconds) for size in batches]
    dataset.unload(in_memory)
    payloads = predictor.buffer(dataset.count)
    for at in range(0, dataset.count, DIRECT_BATCH):
        some = indices[at : at + DIRECT_BATCH]
        dataset.load(some)  # a whole set of pictures would not fit
        predictor(some, payloads[at : at + len(some)])
        dataset.unload(some)
    return {"loops": loops, "count": dataset.count, **scored(metric, payloads, dataset.labels())}


def _loop(predictor: Predictor, count: int, size: int, seconds: float) -> dict[str, Any]:
    """Mean and median time of one call with ``size`` samples, walking through the data set."""
    out = predictor.buffer(size)
    predictor.warm_up([size])
    starts = [[(at + k) % count for k in range(size)] for at in range(0, count, size)]
    now = time.perf_counter
    times: list[float] = []
    end = now() + seconds
    began = before = now()
    while before < end or len(times) < 5:
        for chosen in starts:
            predictor(chosen, out)
            after = now()
            times.append(after - before)
            before = after
            if after >= end and len(times) >= 5:
                break
    took = before - began
    times.sort()
    return {
        "batch": size,
        "calls": len(times),
        "mean_s": took / len(times),
        "fast_s": times[len(times) // 10],
        "median_s": times[len(times) // 2],
        "p99_s": times[int(len(times) * 0.99)],
        "samples_per_second": size * len(times) / took,
    }
