"""Where the figures of a benchmark without data come from, written next to each run's logs."""

from __future__ import annotations

import json
import os

import msgspec

from franca.catalog.files import write_json_atomic
from franca.errors import Unavailable
from franca.mlperf.inference.job import ANSWER
from franca.mlperf.inference.results import BenchmarkResult
from franca.mlperf.inference.spec import RunSpec

RECORD = "generated-inputs.json"
NOTE = "random data, no accuracy"


def write_request(spec: RunSpec) -> None:
    """``request.json`` in the folder of results, which repeats the run. Raises Unavailable: it cannot be written."""
    try:
        os.makedirs(spec.output, exist_ok=True)
        write_json_atomic(os.path.join(spec.output, "request.json"), msgspec.to_builtins(spec))
    except OSError as error:
        raise Unavailable(
            f"results folder {spec.output} cannot be made: {error.strerror}",
            hint="choose another place with --output=FOLDER",
        ) from error


def write_records(result: BenchmarkResult) -> None:
    """``generated-inputs.json`` beside the logs: the model's digest, the shapes of its inputs, the seed."""
    for one in result.scenarios:
        if one.performance is None:
            continue
        folder = one.performance.folder
        with open(os.path.join(folder, ANSWER), encoding="utf-8") as stream:
            inputs = json.load(stream).get("inputs") or {}
        record = {"note": NOTE, "model": result.model, "model_sha256": result.model_sha256, **inputs}
        write_json_atomic(os.path.join(folder, RECORD), record)
