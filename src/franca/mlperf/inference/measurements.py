"""``measurements.json``: how the weights of a result came to be (mlperf-inference section 11.4).

What a user writes counts first, then what the run knows: the type that its backend computes in, the model file, and
what the workload says of the published weights. What nobody knows is called so.
"""

from __future__ import annotations

import os

from franca.catalog.files import read_json
from franca.errors import Location, MalformedFile
from franca.mlperf.inference.onnxread import Types, read_types
from franca.mlperf.inference.spec import RunSpec
from franca.mlperf.submission.fields import MEASURED

UNKNOWN = "unknown"
NONE = "none"
CAUSAL = "pytorch-causal"  #: the backend that turns weights into a type, float32 where none is asked for
SHORT = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}  #: types of weights, as submissions name them


def read_measurements(path: str) -> dict[str, str]:
    """Fields of ``measurements.json`` that a user has written; none without a path.

    Raises:
        MalformedFile: no object, a field that is none of these, or a value that is no text or empty.
    """
    if not path:
        return {}
    content = read_json(path)
    if not isinstance(content, dict):
        raise MalformedFile("expected an object with fields of measurements.json", where=Location(path))
    for name, value in content.items():
        if name not in MEASURED:
            raise MalformedFile(f"{name} is no field; expected {', '.join(MEASURED)}", where=Location(path, key=name))
        if not isinstance(value, str) or not value.strip():
            raise MalformedFile(f"{name}: expected a text", where=Location(path, key=name))
    return dict(content)


def measured(spec: RunSpec) -> dict[str, str]:
    """The five fields of a run."""
    file = read_types(spec.model_file)
    types = _weight_types(spec, file)
    reference = spec.weights.types
    inputs = ", ".join(file.inputs) if file else spec.weights.inputs
    found = {
        "input_data_types": inputs or UNKNOWN,
        "retraining": spec.weights.retraining or UNKNOWN,
        "starting_weights_filename": os.path.basename(spec.model_file),
        "weight_data_types": types or UNKNOWN,
        "weight_transformations": f"{reference} to {types}" if types and reference not in ("", types) else NONE,
    }
    return {**found, **spec.measurements}


def _weight_types(spec: RunSpec, file: Types | None) -> str:
    """What the backend turns the weights into, else what they are in the file, else as they were published."""
    usual = "float32" if spec.backend.name == CAUSAL else ""
    option = str(spec.backend.options.get("dtype") or usual)
    if option:
        return SHORT.get(option, option)
    return ", ".join(file.weights) if file else spec.weights.types
