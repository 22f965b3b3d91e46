"""What the LoadGen harness costs: rates through LoadGen over those of a bare loop, medians of several runs.

Usage: ``python benchmarks/harness.py [--runs N] [--python PYTHON] [--json FILE]``

PYTHON is an interpreter with mlcommons_loadgen, onnxruntime and numpy (default: this one). Models have random
weights, only their speed matters: a small convolutional network (8x8 pictures, as for the digits) and a tiny
perceptron. Targets (issue 2): the convolutional network reaches 0.7 in SingleStream and 0.9 in Offline.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import struct
import subprocess
import sys
import tempfile
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src"))

from franca.mlperf.inference import system
from franca.mlperf.inference.campaign import Campaign
from franca.mlperf.inference.onnxwrite import Node, Port, Tensor, model
from franca.mlperf.inference.spec import Part, RunSpec

TARGETS = {("cnn", "SingleStream"): 0.7, ("cnn", "Offline"): 0.9}
SHAPES = {"cnn": [1, 8, 8], "mlp": [64]}
BATCHES = {"cnn": 64, "mlp": 256}
SCENARIOS = ("SingleStream", "MultiStream", "Offline")
BASELINE_S = 1.0
SAMPLES = 1024


def weights(source: random.Random, name: str, *dims: int) -> Tensor:
    count = 1
    for size in dims:
        count *= size
    return Tensor(name, dims, struct.pack(f"<{count}f", *(source.uniform(-0.1, 0.1) for _ in range(count))))


def cnn() -> bytes:
    """Convolutions of 32 and 64 channels, pooling, two dense layers: about 1.3 million multiply-adds."""
    source = random.Random(0)
    same = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    nodes = [
        Node("Conv", ["input", "c1", "k1"], ["a"], same),
        Node("Relu", ["a"], ["b"]),
        Node("Conv", ["b", "c2", "k2"], ["c"], same),
        Node("Relu", ["c"], ["d"]),
        Node("MaxPool", ["d"], ["e"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
        Node("Flatten", ["e"], ["f"], {"axis": 1}),
        Node("Gemm", ["f", "w1", "b1"], ["g"]),
        Node("Relu", ["g"], ["h"]),
        Node("Gemm", ["h", "w2", "b2"], ["logits"]),
    ]
    tensors = [
        weights(source, "c1", 32, 1, 3, 3),
        weights(source, "k1", 32),
        weights(source, "c2", 64, 32, 3, 3),
        weights(source, "k2", 64),
        weights(source, "w1", 1024, 64),
        weights(source, "b1", 64),
        weights(source, "w2", 64, 10),
        weights(source, "b2", 10),
    ]
    return model(nodes, tensors, Port("input", ["N", 1, 8, 8]), Port("logits", ["N", 10]))


def mlp() -> bytes:
    """Dense layers 64-128-64-10: a few microseconds, so that the harness dominates."""
    source = random.Random(0)
    nodes, tensors, at, wide = [], [], "input", 64
    for k, size in enumerate((128, 64, 10)):
        last = size == 10
        tensors += [weights(source, f"w{k}", wide, size), weights(source, f"b{k}", size)]
        nodes.append(Node("Gemm", [at, f"w{k}", f"b{k}"], ["logits" if last else f"g{k}"]))
        if not last:
            nodes.append(Node("Relu", [f"g{k}"], [f"r{k}"]))
        at, wide = f"r{k}", size
    return model(nodes, tensors, Port("input", ["N", 64]), Port("logits", ["N", 10]))


_DATA = """
import sys, numpy as np
rng = np.random.default_rng(0)
np.save(sys.argv[1] + "/holdout-images.npy", rng.integers(0, 17, (int(sys.argv[2]), 8, 8)).astype(np.float32))
np.save(sys.argv[1] + "/holdout-labels.npy", rng.integers(0, 10, int(sys.argv[2])))
"""


def request(name: str, scenario: str, folder: str, python: str) -> RunSpec:
    path = os.path.join(folder, f"{name}.onnx")
    with open(path, "wb") as out:
        out.write(cnn() if name == "cnn" else mlp())
    return RunSpec(
        benchmark="harness",
        model=name,
        model_file=path,
        dataset_name="random",
        backend=Part("onnxruntime", {"model": path, "threads": 1}),
        dataset=Part("digits", {"path": folder, "shape": SHAPES[name]}),
        metric=Part("label"),
        output=os.path.join(folder, "results"),
        interpreter=python,
        scenarios=[scenario],
        modes=["performance"],
        max_batchsize=BATCHES[name],
        rerun=True,
    )


def measure(name: str, scenario: str, folder: str, python: str) -> dict[str, Any]:
    """The bare loops, then at once the scenario: the machine's other load is nearly the same for both."""
    campaign = Campaign(request(name, scenario, folder, python), lambda text: print("   ", text, file=sys.stderr))
    campaign.profile = campaign.profile._replace(baseline_s=BASELINE_S)
    perf = campaign.run().scenarios[0].performance
    if perf is None or perf.overhead is None:
        raise RuntimeError(f"{scenario} gave no overhead")
    over = perf.overhead
    return {
        "valid": perf.valid,
        "batch": over.bare_batch,
        "bare": over.bare_rate,
        "loadgen": over.rate,
        "ratio": over.ratio,
        "latency_difference_us": over.latency_difference_us,
    }


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over the rounds, and the ratios they come from. Latencies in microseconds, rates in samples/s."""
    keys = [k for k, v in rows[0].items() if isinstance(v, float)]
    out: dict[str, Any] = {k: statistics.median(r[k] for r in rows) for k in keys}
    out.update(batch=rows[0]["batch"], ratios=[round(r["ratio"], 3) for r in rows])
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--json", default="")
    options = parser.parse_args()
    report: dict[str, Any] = {"what": "harness over bare loop", "runs": options.runs, "models": {}}
    report["machine"] = {name: field["value"] for name, field in system.describe().items()}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([options.python, "-c", _DATA, folder, str(SAMPLES)], check=True)
        for name in SHAPES:
            report["models"][name] = {
                scenario: summarise([measure(name, scenario, folder, options.python) for _ in range(options.runs)])
                for scenario in SCENARIOS
            }
    missed = []
    for (name, scenario), target in TARGETS.items():
        found = report["models"][name][scenario]
        found["target"] = target
        if found["ratio"] < target:
            missed.append(f"{name} {scenario}: {found['ratio']:.2f}, target {target}")
    print(json.dumps(report, indent=2))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(report, out, indent=2)
    for line in missed:
        print("missed:", line, file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
