"""A plain Python system under test, for ``harness.py``: LoadGen's Offline scenario as people write it without Franca.

Usage: ``python benchmarks/harness_plain_sut.py MODEL.onnx IMAGES.npy BATCH THREADS SECONDS``; prints samples a second.

It does what LoadGen's documentation and the reference implementations of the benchmarks do, and no more: ``issue``
gets a list of ``QuerySample`` and puts it into a queue, cut into batches; worker threads stack the samples from a
dictionary, run the model, and complete each batch in one call, with one ``QuerySampleResponse`` for each sample that
points into an ``array.array`` of its own. BATCH 1 is the variant that runs the model sample by sample.
"""

from __future__ import annotations

import array
import os
import queue
import sys
import tempfile
import threading

import mlperf_loadgen as lg
import numpy as np
import onnxruntime

TRIAL_S = 0.5


class PlainSut:
    """The model behind a queue and worker threads."""

    def __init__(self, model: str, images: np.ndarray, batch: int, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        self.images = images
        self.batch = batch
        self.in_memory: dict[int, np.ndarray] = {}
        self.tasks: queue.Queue = queue.Queue()
        self.workers = [threading.Thread(target=self.work, daemon=True) for _ in range(threads)]
        for worker in self.workers:
            worker.start()

    def load(self, indices) -> None:
        for index in indices:
            self.in_memory[index] = self.images[index]

    def unload(self, indices) -> None:
        for index in indices:
            del self.in_memory[index]

    def issue(self, samples) -> None:
        for at in range(0, len(samples), self.batch):
            self.tasks.put(samples[at : at + self.batch])

    def flush(self) -> None:
        """Nothing is held back."""

    def work(self) -> None:
        while (samples := self.tasks.get()) is not None:
            self.answer(samples)

    def answer(self, samples) -> None:
        batch = np.stack([self.in_memory[sample.index] for sample in samples])
        classes = self.session.run(None, {self.input: batch})[0].argmax(axis=1)
        arrays, responses = [], []
        for sample, found in zip(samples, classes, strict=True):
            payload = array.array("B", np.array(found, np.int64).tobytes())
            address, length = payload.buffer_info()
            arrays.append(payload)  # must live until the call below returns
            responses.append(lg.QuerySampleResponse(sample.id, address, length * payload.itemsize))
        lg.QuerySamplesComplete(responses)

    def stop(self) -> None:
        for _ in self.workers:
            self.tasks.put(None)
        for worker in self.workers:
            worker.join()


def run(sut: PlainSut, expected_rate: float, seconds: float) -> float:
    """Samples a second of one Offline run, as LoadGen's summary says."""
    settings = lg.TestSettings()
    settings.scenario = lg.TestScenario.Offline
    settings.mode = lg.TestMode.PerformanceOnly
    settings.offline_expected_qps = expected_rate
    settings.min_duration_ms = int(seconds * 1000)
    settings.min_query_count = 1
    with tempfile.TemporaryDirectory() as folder:
        output = lg.LogOutputSettings()
        output.outdir = folder
        logs = lg.LogSettings()
        logs.enable_trace = False
        logs.log_output = output
        system = lg.ConstructSUT(sut.issue, sut.flush)
        library = lg.ConstructQSL(len(sut.images), len(sut.images), sut.load, sut.unload)
        lg.StartTestWithLogSettings(system, library, settings, logs, os.path.join(folder, "no-audit"))
        lg.DestroyQSL(library)
        lg.DestroySUT(system)
        with open(os.path.join(folder, "mlperf_log_summary.txt"), encoding="utf-8") as lines:
            return float(next(line.split(":")[1] for line in lines if line.startswith("Samples per second")))


def main(argv: list[str]) -> None:
    model, images, batch, threads, seconds = argv[0], np.load(argv[1]), int(argv[2]), int(argv[3]), float(argv[4])
    flat = np.ascontiguousarray(images.reshape(len(images), -1), dtype=np.float32)
    sut = PlainSut(model, flat, batch, threads)
    trial = run(sut, 1000.0, TRIAL_S)  # sizes the run that counts, and warms up
    print(run(sut, trial, seconds))
    sut.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
