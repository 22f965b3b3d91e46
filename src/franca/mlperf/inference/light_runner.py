"""The runners of the benchmark without data, as the workers and copies of the model that they stand for here.

The names are those of the generic Python harness that came before (mlperf-inference section 17.1).
"""

from __future__ import annotations

from typing import NamedTuple

from franca.errors import UsageError
from franca.mlperf.inference.system import usable_processors

INLINE, THREADS, COPIES = "inline", "threadpool", "threadpool+replication"
PROCESSES = ("processpool", "processpool+mp")


class Runner(NamedTuple):
    """Threads that take samples in Server and Offline, and how many copies of the model they share."""

    workers: int
    replicas: int = 1


def runner_named(name: str, workers: int, engine: str) -> Runner:
    """What runs the model.

    Args:
        name: of the runner; "" = as many workers as asked for, one model.
        workers: asked for; 0 = not said.
        engine: of the C++ harness, "" = LoadGen's Python wheel.

    Raises:
        UsageError: no such runner, or one that cannot be had; the message says why.
    """
    if name in PROCESSES:
        raise UsageError(
            f"--runner={name}: models run in threads of one process; the runtimes let go of Python's lock, so "
            "processes would only add copies of inputs and answers",
            hint=f"one copy of the model for each worker: --runner={COPIES}",
        )
    if name not in ("", INLINE, THREADS, COPIES):
        raise UsageError(f"--runner={name}: expected {INLINE}, {THREADS} or {COPIES}")
    if name == INLINE and workers > 1:
        raise UsageError(f"--runner={INLINE} is one thread, not {workers}", hint=f"--runner={THREADS}")
    if name in ("", INLINE):
        return Runner(workers or 1)
    if name == COPIES and engine not in ("", "bridge"):
        raise UsageError(
            f"--runner={COPIES}: the C++ harness has one model for all its workers", hint=f"--runner={THREADS}"
        )
    count = workers or usable_processors()
    return Runner(count, count if name == COPIES else 1)
