"""One LoadGen run through the C++ harness: starts it and its workers, watches them, and hears what they say.

Runs in the child process that ``runner`` watches, so that all of them are in one process group. The harness tells
what happens line by line on a pipe (``cpp/main.cc``).
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, NamedTuple

from franca.mlperf.inference.boot import boot_argv
from franca.mlperf.inference.guard import Failures
from franca.mlperf.inference.histogram import PER_OCTAVE
from franca.mlperf.inference.job import FAILURE, Job, job_to_json
from franca.mlperf.inference.plugs import Capabilities, PlugError
from franca.mlperf.native.request import CONFIG, config_text, largest_batch, write_rows
from franca.mlperf.native.worker import capabilities_file
from franca.mlperf.power.estimate import EnergyMeter

JOB = "worker-job.json"
END_S = 5.0  #: for a worker to end when its socket has closed


class HarnessFailed(Exception):
    """The harness or one of its workers ended before the run did."""


class Run(NamedTuple):
    """What the harness told."""

    began: float = 0.0  #: seconds since 1970
    seconds: float = 0.0
    empty: int = 0
    peak_bytes: int = 0
    histogram: tuple[int, ...] = ()  #: first bucket, then counts
    watts: float | None = None
    runtime: str = ""  #: version of the runtime inside the program
    done: bool = False


def answer(job: Job, dataset: Any, metric: Any, failures: Failures) -> dict[str, Any]:
    """Run the test of ``job`` over an open data set; what the parent wants to know of it.

    Raises:
        PlugError: a part cannot be used by this engine, or a worker could not start.
    """
    told = _bridge(job, dataset, metric, failures) if job.engine == "bridge" else _alone(job, dataset, metric, failures)
    if not told.began:
        raise PlugError("the C++ harness ended before the run began; see child.log")
    if not told.done and not _known(job):
        failures.record("harness", HarnessFailed("the C++ harness ended before the run did; see child.log"))
    return {
        "histogram": _histogram(told, job),
        "capabilities": _capabilities(job, told.runtime),
        "began": told.began,
        "loadgen_seconds": told.seconds,
        "estimated_power_w": told.watts,
        "empty_responses": told.empty,
        "peak_memory_bytes": told.peak_bytes,
    }


def _bridge(job: Job, dataset: Any, metric: Any, failures: Failures) -> Run:
    with _workers(job) as (workers, ends):
        descriptors = [end.fileno() for end in ends]
        return _harness(job, config_text(job, dataset, metric, None, descriptors), descriptors, workers, failures)


def _alone(job: Job, dataset: Any, metric: Any, failures: Failures) -> Run:
    rows = write_rows(job, dataset) if job.engine != "null" else None
    try:
        return _harness(job, config_text(job, dataset, metric, rows), (), (), failures)
    finally:
        if rows:
            os.unlink(rows.path)


def _known(job: Job) -> bool:
    """Whether a failure has been written down, by us or by a worker."""
    return os.path.exists(os.path.join(job.outdir, FAILURE))


# -- processes -----------------------------------------------------------------------------------------


@contextmanager
def _workers(job: Job) -> Iterator[tuple[list[subprocess.Popen[bytes]], list[socket.socket]]]:
    """The Python workers, and the harness's ends of their sockets; all are gone after the body."""
    path = os.path.join(job.outdir, JOB)
    with open(path, "w", encoding="utf-8") as out:
        out.write(job_to_json(job))
    workers: list[subprocess.Popen[bytes]] = []
    ends: list[socket.socket] = []
    try:
        for number in range(job.workers):
            ours, theirs = socket.socketpair()
            ends.append(ours)
            with theirs:
                workers.append(_start_worker(path, number, theirs.fileno()))
        yield workers, ends
    finally:
        for end in ends:
            end.close()
        for worker in workers:
            _end(worker)


def _start_worker(path: str, number: int, descriptor: int) -> subprocess.Popen[bytes]:
    argv = boot_argv(sys.executable, "franca.mlperf.native.worker", path, str(number), str(descriptor))
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, pass_fds=[descriptor])


def _end(worker: subprocess.Popen[bytes]) -> None:
    try:
        worker.wait(timeout=END_S)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def _harness(
    job: Job, config: str, descriptors: Sequence[int], workers: Sequence[subprocess.Popen[bytes]], failures: Failures
) -> Run:
    """Run the program to its end, and hear it."""
    ours, theirs = os.pipe()
    path = os.path.join(job.outdir, CONFIG)
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"{config}report_fd {theirs}\n")
    try:
        process = subprocess.Popen([job.harness, path], stdin=subprocess.PIPE, pass_fds=[theirs, *descriptors])
    except OSError as error:
        raise PlugError(f"the C++ harness {job.harness} does not start: {error.strerror}") from error
    finally:
        os.close(theirs)
    with os.fdopen(ours, encoding="utf-8", errors="replace") as lines, process:
        told = _hear(lines, workers, job, failures)
        process.wait()
    return told


def _hear(lines: IO[str], workers: Sequence[subprocess.Popen[bytes]], job: Job, failures: Failures) -> Run:
    told, energy = Run(), EnergyMeter()
    for line in lines:
        kind, *words = line.rstrip("\n").split("\t")
        if kind == "began":
            energy = EnergyMeter()
            told = told._replace(began=float(words[0]))
        elif kind == "runtime":
            told = told._replace(runtime=words[0])
        elif kind == "failure":
            text = _ended(words[1], workers) if words[0] == "gone" else words[1]
            if not told.began:
                raise PlugError(_setup_text(job) or text)
            if not _known(job):  # a worker has its traceback as well
                failures.record("worker" if words[0] == "gone" else words[0], HarnessFailed(text))
        elif kind == "histogram":
            told = told._replace(histogram=tuple(int(word) for word in words[0].split()))
        elif kind == "done":
            seconds, empty, peak = float(words[0]), int(words[1]), int(words[2])
            told = told._replace(seconds=seconds, empty=empty, peak_bytes=peak, watts=energy.watts(), done=True)
    return told


def _setup_text(job: Job) -> str:
    """What a worker wrote down before it could not start; its file is taken away, for ours to take its place."""
    path = os.path.join(job.outdir, FAILURE)
    try:
        with open(path, encoding="utf-8") as source:
            text = str(json.load(source)["error"])
        os.unlink(path)
    except (OSError, ValueError, KeyError):
        return ""
    return text.removeprefix("PlugError: ")


def _ended(text: str, workers: Sequence[subprocess.Popen[bytes]]) -> str:
    """``text`` with the way in which the worker that it begins with ended."""
    number = int(text.split()[1])
    try:
        status = workers[number].wait(timeout=END_S)
    except subprocess.TimeoutExpired:
        return f"{text}: it closed its socket"
    return f"{text}: " + (f"ended by signal {-status}" if status < 0 else f"exit status {status}")


def _histogram(told: Run, job: Job) -> dict[str, Any] | None:
    """As ``LogHistogram.to_data`` has it."""
    if len(told.histogram) < 2:
        return None
    what = "time from issue to answer of a query"
    if job.scenario != "Server":
        what = f"time of a batch of up to {largest_batch(job)}"
    return {"what": what, "per_octave": PER_OCTAVE, "first": told.histogram[0], "counts": list(told.histogram[1:])}


def _capabilities(job: Job, runtime: str) -> dict[str, Any]:
    """What the backend said of itself in a worker, or what is known of the engine in the program."""
    if job.engine != "bridge":
        return Capabilities(job.engine, runtime, "cpu")._asdict()
    with open(capabilities_file(job.outdir, 0), encoding="utf-8") as source:
        return dict(json.load(source))
