"""One worker of the bridge: answers batches of sample indices with the ordinary plug-ins.

Started by ``drive`` with the job, its number and the descriptor of its socket. Ends when the other side of the
socket does. What goes wrong is written to ``failure.json`` at once, as in the other harness.
"""

from __future__ import annotations

import os
import socket
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from franca.mlperf.inference.guard import CheckedResponder, Failures, watched
from franca.mlperf.inference.job import FAILURE, Job, job_from_json, write_json
from franca.mlperf.inference.open_job import data_parts, predictor_for
from franca.mlperf.inference.plugs import build
from franca.mlperf.inference.predictor import Predictor, payload_bytes
from franca.mlperf.native import wire
from franca.mlperf.native.request import largest_batch

SETUP_FAILED = 65  #: as ``child.SETUP_FAILED``


def capabilities_file(outdir: str, number: int) -> str:
    return os.path.join(outdir, f"worker-{number}.json")


def main(argv: list[str]) -> int:
    path, number, descriptor = argv[0], int(argv[1]), int(argv[2])
    with open(path, encoding="utf-8") as source:
        job = job_from_json(source.read())
    failures = Failures(os.path.join(job.outdir, FAILURE))
    connection = wire.Wire(socket.socket(fileno=descriptor))
    try:
        dataset, metric = data_parts(job)
        predictor, capabilities = predictor_for(job, dataset, metric)
        dataset.load([0])  # for the warm-up
        make = SutWorker if job.sut.name else BatchWorker
        worker = make(job, connection, dataset, predictor, failures)
        worker.start()
    except Exception as error:
        failures.record("setup", error)
        traceback.print_exc()
        return SETUP_FAILED
    write_json(capabilities_file(job.outdir, number), capabilities._asdict())
    connection.send(wire.READY)
    worker.serve()
    return 0


class _Worker:
    """What both kinds share: the loop, loading, and how failures are told."""

    def __init__(self, job: Job, connection: wire.Wire, dataset: Any, predictor: Predictor, failures: Failures) -> None:
        import numpy as np

        self._np = np
        self._job = job
        self._wire = connection
        self._dataset = dataset
        self._predictor = predictor
        self._failures = failures
        self._indices: Any = np.empty(max(job.max_batchsize, 1024), dtype=wire.INDEX)

    def start(self) -> None:
        """Warm up."""

    def serve(self) -> None:
        receive = self._wire.receive
        while True:
            kind, count, batch, _ = receive()
            if kind == wire.BATCH:
                self.batch(batch, self._received(count))
            elif kind in (wire.LOAD, wire.UNLOAD):
                self._load(kind, self._received(count).tolist())
            elif kind == wire.FLUSH:
                self.flush()
            else:
                self.stop()
                return

    def batch(self, number: int, indices: Any) -> None:
        raise NotImplementedError

    def flush(self) -> None:
        """Nothing is ever held back."""

    def stop(self) -> None:
        """No threads to end."""

    def _received(self, count: int) -> Any:
        if count > len(self._indices):
            self._indices = self._np.empty(count, dtype=wire.INDEX)
        indices = self._indices[:count]
        self._wire.fill(memoryview(indices).cast("B"))
        return indices

    def _load(self, kind: int, indices: list[int]) -> None:
        name = "load" if kind == wire.LOAD else "unload"
        try:
            getattr(self._dataset, name)(indices)
        except Exception as error:
            self._failures.record(name, error)
            self._wire.send_failure(self._failures.text)
        self._wire.send(wire.DONE)


class BatchWorker(_Worker):
    """The harness's own: each batch is answered at once, in order."""

    def start(self) -> None:
        size = largest_batch(self._job)
        self._out = self._predictor.buffer(size)
        self._itemsize = payload_bytes(self._predictor.metric)
        if self._itemsize:
            whole: Any = self._out.reshape(-1).view("uint8")
            self._bytes = memoryview(whole)
        self._predictor.warm_up_to(size)

    def batch(self, number: int, indices: Any) -> None:
        count = len(indices)
        out = self._out[:count]
        try:
            self._predictor(indices, out)
        except Exception as error:
            self._failures.record("worker", error, count)
            self._wire.send_failure(self._failures.text)
            return
        if self._itemsize:
            self._wire.send(wire.ANSWER, count, number, self._itemsize, self._bytes[: count * self._itemsize])
        else:
            self._wire.send(wire.ANSWER, count, number, wire.OWN_SIZES, *_with_sizes(out))


class SutWorker(_Worker):
    """A plug-in system under test: it gets batches as queries, and may answer samples one by one, at any time."""

    def start(self) -> None:
        responder = WireResponder(self._wire, self._failures)
        checked = CheckedResponder(responder, self._failures, payload_bytes(self._predictor.metric))
        self._sut = build("sut", self._job.sut, predictor=self._predictor, complete=checked.complete)
        self._issue, self._flush = watched(self._sut, checked, self._failures)
        self._sut.start()

    def batch(self, number: int, indices: Any) -> None:
        first = number << wire.TOKEN_BITS
        self._issue(list(range(first, first + len(indices))), indices.tolist())

    def flush(self) -> None:
        self._flush()

    def stop(self) -> None:
        self._sut.stop()


class WireResponder:
    """Answers samples by their tokens."""

    def __init__(self, connection: wire.Wire, failures: Failures) -> None:
        self._wire = connection
        self._failures = failures

    def send(self, ids: Sequence[int], payloads: Any) -> None:
        import numpy as np

        if not ids:
            return
        tokens = np.array(ids, dtype="uint64").tobytes()
        if hasattr(payloads, "nbytes"):
            body: Any = payloads.reshape(-1).view("uint8")
            self._wire.send(wire.SOME, len(ids), wire.NO_BATCH, payloads.nbytes // len(ids), tokens, body)
        else:
            self._wire.send(wire.SOME, len(ids), wire.NO_BATCH, wire.OWN_SIZES, tokens, *_with_sizes(payloads))

    def send_empty(self, ids: Sequence[int]) -> None:
        self._wire.send_failure(self._failures.text)


def _with_sizes(payloads: Any) -> tuple[bytes, bytes]:
    """The sizes of payloads, and the payloads one after the other."""
    import numpy as np

    raw = [payload.tobytes() for payload in payloads]
    return np.array([len(one) for one in raw], dtype="uint32").tobytes(), b"".join(raw)


def run_and_exit(argv: list[str]) -> None:
    """The worker's whole life."""
    status = main(argv)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
