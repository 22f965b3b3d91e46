"""What the harnesses cost: rates through LoadGen over those of a bare loop, and rates with nothing to compute.

Usage: ``python benchmarks/harness.py [--runs N] [--python PYTHON] [--harness PROGRAM] [--json FILE]``

PYTHON is an interpreter with mlcommons_loadgen, onnxruntime and numpy (default: this one); PROGRAM the C++ harness
(default: built now, or found where an earlier build left it). Models have random weights, only their speed matters:
a small convolutional network (8x8 pictures, as for the digits) and a tiny perceptron. All figures are medians.

On a shared machine the bare loop and the run after it may get different shares of the processors. The kernel counts
what the hypervisor took (``steal``) and what other programs used: rounds in which that was more than 2 % do not count
and are repeated, up to five times as many as were asked for. Where fewer than three are left, all count, and the output
says how many were disturbed.

Targets, against a bare loop over the same model in the same run: the convolutional network reaches 0.8 in
SingleStream and 0.97 in Offline. The bridge, with one worker process for each core, lifts the perceptron's Offline
rate to 4 times that of the plain Python system under test.

"The plain Python system under test" is ``harness_plain_sut.py``: LoadGen as its documentation and the reference
implementations use it, without anything of Franca. It runs in the same batches as the bridge, with one worker thread
and with one for each core, and the faster of the two is what the lift is over. Two more lifts are reported beside it,
without a target: over the same program sample by sample, and over Franca's own Python harness as it is by default,
which is several times faster than the plain one and leaves less to lift. That last one is bounded by the machine: two
processes of the bare model reach about twice the bare rate, and LoadGen itself wants a part of the processors.
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
from typing import Any, NamedTuple

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src"))

from franca.mlperf.inference import system
from franca.mlperf.inference.campaign import Campaign
from franca.mlperf.inference.host import Watch
from franca.mlperf.inference.onnxwrite import Node, Port, Tensor, model
from franca.mlperf.inference.results import Performance
from franca.mlperf.inference.spec import Part, RunSpec
from franca.mlperf.native.build import Request, build, default_root

HERE = os.path.dirname(os.path.abspath(__file__))
TARGETS = {("cnn", "SingleStream"): 0.8, ("cnn", "Offline"): 0.97}
LIFT = 4.0
SHAPES = {"cnn": [1, 8, 8], "mlp": [64]}
BATCHES = {"cnn": 64, "mlp": 256}
SCENARIOS = ("SingleStream", "MultiStream", "Offline")
NULL_SCENARIOS = ("SingleStream", "Offline")
BASELINE_S = 1.0
SAMPLES = 1024
CORES = os.cpu_count() or 1
DISTURBED = 0.02  #: share of the processors' time that went elsewhere during a round
TRIES = 5  #: rounds for each that is asked for, at most
FEW = 3


class Way(NamedTuple):
    """A harness with its number of workers; ``engine`` "" is LoadGen's Python wheel."""

    engine: str = ""
    workers: int = 1

    @property
    def title(self) -> str:
        return f"{self.engine or 'python'}, {self.workers} workers"


LIFTED = (Way(), Way(workers=CORES), Way("bridge"), Way("bridge", CORES))
#: Batch and worker threads of the plain systems under test: batched as the bridge, and sample by sample.
PLAIN = tuple(sorted({(BATCHES["mlp"], 1), (BATCHES["mlp"], CORES), (1, 1), (1, CORES)}))
PLAIN_S = 5.0
NULLS = (Way(), Way("bridge"), Way("null"))


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


class Bench(NamedTuple):
    """Where things are."""

    folder: str
    python: str
    harness: str


def request(bench: Bench, name: str, scenario: str, way: Way, **changes: Any) -> RunSpec:
    path = os.path.join(bench.folder, f"{name}.onnx")
    with open(path, "wb") as out:
        out.write(cnn() if name == "cnn" else mlp())
    fields: dict[str, Any] = {
        "backend": Part("onnxruntime", {"model": path, "threads": 1}),
        "dataset": Part("digits", {"path": bench.folder, "shape": SHAPES[name]}),
        "metric": Part("label"),
    }
    return RunSpec(
        benchmark="harness",
        model=name,
        model_file=path,
        dataset_name="random",
        output=os.path.join(bench.folder, "results"),
        interpreter=bench.python,
        python_path=[HERE],
        scenarios=[scenario],
        modes=["performance"],
        max_batchsize=BATCHES[name],
        workers=way.workers,
        engine=way.engine,
        harness=bench.harness if way.engine else "",
        rerun=True,
        **{**fields, **changes},
    )


def perform(spec: RunSpec) -> Performance:
    """The bare loops, then at once the scenario: the machine's other load is nearly the same for both."""
    campaign = Campaign(spec, lambda text: print("   ", text, file=sys.stderr))
    campaign.profile = campaign.profile._replace(baseline_s=BASELINE_S)
    performance = campaign.run().scenarios[0].performance
    if performance is None:
        raise RuntimeError(f"{spec.scenarios} gave no performance")
    return performance


def measure(bench: Bench, name: str, scenario: str, way: Way) -> dict[str, Any]:
    watch = Watch()
    performance = perform(request(bench, name, scenario, way))
    host = watch.stop()
    over = performance.overhead
    if over is None:
        raise RuntimeError(f"{scenario} gave no overhead")
    return {
        "valid": performance.valid,
        "batch": over.bare_batch,
        "bare": over.bare_rate,
        "loadgen": over.rate,
        "ratio": over.ratio,
        "latency_difference_us": over.latency_difference_us,
        "disturbed": host is not None and (host.steal + host.others) / host.cores > DISTURBED,
    }


def quiet_rounds(bench: Bench, name: str, scenario: str, way: Way, runs: int) -> list[dict[str, Any]]:
    """``runs`` rounds that nothing disturbed; all rounds where there were hardly any."""
    rows: list[dict[str, Any]] = []
    quiet: list[dict[str, Any]] = []
    while len(quiet) < runs and len(rows) < TRIES * runs:
        rows.append(measure(bench, name, scenario, way))
        quiet = [row for row in rows if not row["disturbed"]]
        print("    ratio", round(rows[-1]["ratio"], 3), "disturbed" if rows[-1]["disturbed"] else "", file=sys.stderr)
    return quiet if len(quiet) >= min(runs, FEW) else rows


def null_rate(bench: Bench, scenario: str, way: Way) -> float:
    """Samples a second of a harness that has nothing to compute."""
    parts = {kind: Part(f"harness_null_parts:{kind.title()}") for kind in ("backend", "dataset", "metric")}
    performance = perform(request(bench, "mlp", scenario, way, **parts))
    return performance.samples / performance.duration_s


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over the rounds, and the ratios they come from. Latencies in microseconds, rates in samples/s."""
    keys = [k for k, v in rows[0].items() if isinstance(v, float)]
    out: dict[str, Any] = {k: statistics.median(r[k] for r in rows) for k in keys}
    out.update(batch=rows[0]["batch"], ratios=[round(row["ratio"], 3) for row in rows])
    out.update(rounds=len(rows), disturbed=sum(row["disturbed"] for row in rows))
    return out


def plain_rate(bench: Bench, batch: int, threads: int) -> float:
    """Samples a second of the plain system under test over the perceptron."""
    path = os.path.join(bench.folder, "plain.onnx")
    with open(path, "wb") as out:
        out.write(mlp())
    words = [path, os.path.join(bench.folder, "holdout-images.npy"), str(batch), str(threads), str(PLAIN_S)]
    argv = [bench.python, os.path.join(HERE, "harness_plain_sut.py"), *words]
    print("    plain system under test,", batch, "samples at a time,", threads, "threads", file=sys.stderr)
    return float(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)


def lifted(bench: Bench, runs: int) -> dict[str, Any]:
    """The perceptron's Offline rate in each way; the ways take turns."""
    rows: dict[str, list[dict[str, Any]]] = {way.title: [] for way in LIFTED}
    plain: dict[tuple[int, int], list[float]] = {how: [] for how in PLAIN}
    for _ in range(runs):
        for way in LIFTED:
            rows[way.title].append(measure(bench, "mlp", "Offline", way))
        for how in PLAIN:
            plain[how].append(plain_rate(bench, *how))
    found = {title: summarise(some) for title, some in rows.items()}
    rate = {title: one["loadgen"] for title, one in found.items()}
    slow = {how: statistics.median(rates) for how, rates in plain.items()}
    bridge = rate[LIFTED[3].title]
    return {
        "ways": found,
        "plain": {f"{batch} at a time, {threads} threads": one for (batch, threads), one in slow.items()},
        "lift": bridge / max(one for (batch, _), one in slow.items() if batch > 1),
        "target": LIFT,
        "lift_over_one_by_one": bridge / max(one for (batch, _), one in slow.items() if batch == 1),
        "lift_over_default": bridge / rate[LIFTED[0].title],
        "lift_over_default_with_threads": bridge / rate[LIFTED[1].title],
    }


def nulls(bench: Bench, runs: int) -> dict[str, Any]:
    """Rates with nothing to compute; the last way is LoadGen's own limit."""
    found: dict[str, dict[str, list[float]]] = {way.title: {s: [] for s in NULL_SCENARIOS} for way in NULLS}
    for _ in range(runs):
        for way in NULLS:
            for scenario in NULL_SCENARIOS:
                found[way.title][scenario].append(null_rate(bench, scenario, way))
    return {t: {s: statistics.median(rates) for s, rates in rows.items()} for t, rows in found.items()}


def report(bench: Bench, runs: int) -> tuple[dict[str, Any], list[str]]:
    """All figures, and the targets that were missed."""
    models = {name: {s: summarise(quiet_rounds(bench, name, s, Way(), runs)) for s in SCENARIOS} for name in SHAPES}
    missed = []
    for (name, scenario), target in TARGETS.items():
        found = models[name][scenario]
        found["target"] = target
        if found["ratio"] < target:
            missed.append(f"{name} {scenario}: {found['ratio']:.2f}, target {target}")
    bridge = lifted(bench, runs)
    if bridge["lift"] < LIFT:
        missed.append(
            f"the bridge's lift of the mlp Offline rate over the plain one: {bridge['lift']:.2f}, target {LIFT}"
        )
    machine = {name: field["value"] for name, field in system.describe().items()}
    data = {"what": "harnesses", "runs": runs, "machine": machine, "models": models, "bridge": bridge}
    return {**data, "null": nulls(bench, runs)}, missed


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--harness", default="")
    parser.add_argument("--json", default="")
    options = parser.parse_args()
    program = options.harness or build(Request(default_root(), python=options.python)).program
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([options.python, "-c", _DATA, folder, str(SAMPLES)], check=True)
        found, missed = report(Bench(folder, options.python, program), options.runs)
    print(json.dumps(found, indent=2))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(found, out, indent=2)
    for line in missed:
        print("missed:", line, file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
