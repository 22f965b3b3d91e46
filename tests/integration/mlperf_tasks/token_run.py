"""``python token_run.py SCENARIO FOLDER [inferred]``: a LoadGen run with token latencies, four tokens an answer.

``inferred``: LoadGen infers the rate of tokens from whole answers instead.
"""

from __future__ import annotations

import array
import os
import queue
import sys
import threading
import time

import mlperf_loadgen as loadgen


def main(scenario: str, folder: str, inferred: str = "") -> None:
    settings = loadgen.TestSettings()
    settings.scenario = getattr(loadgen.TestScenario, scenario)
    settings.mode = loadgen.TestMode.PerformanceOnly
    settings.use_token_latencies = not inferred
    settings.infer_token_latencies = bool(inferred)
    settings.token_latency_scaling_factor = 69 if inferred else 1
    settings.min_duration_ms = 100
    settings.min_query_count = 70
    settings.server_target_qps = 200
    settings.ttft_latency, settings.tpot_latency = 20_000_000_000, 5_000_000_000
    settings.single_stream_expected_latency_ns = 1_000_000
    tokens = array.array("i", [1, 2, 3, 4])
    address, count = tokens.buffer_info()
    waiting: queue.SimpleQueue = queue.SimpleQueue()

    def work() -> None:
        while True:
            one = waiting.get()
            if not inferred:
                loadgen.FirstTokenComplete([loadgen.QuerySampleResponse(one, address, 4)])
            time.sleep(0.0005)
            loadgen.QuerySamplesComplete([loadgen.QuerySampleResponse(one, address, count * 4, count)])

    threading.Thread(target=work, daemon=True).start()
    sut = loadgen.ConstructSUT(lambda queries: [waiting.put(one.id) for one in queries] and None, lambda: None)
    library = loadgen.ConstructQSL(50, 50, lambda some: None, lambda some: None)
    output = loadgen.LogOutputSettings()
    output.outdir = folder
    logs = loadgen.LogSettings()
    logs.enable_trace = False
    logs.log_output = output
    loadgen.StartTestWithLogSettings(sut, library, settings, logs, os.path.join(folder, "no-audit.config"))
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
