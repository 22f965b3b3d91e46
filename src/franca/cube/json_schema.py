"""The definition's rules as a JSON Schema (draft 2020-12), for editors: ``docs/reference/mlcube.schema.json``.

    python -m franca.cube.json_schema > docs/reference/mlcube.schema.json

It is made from the tables of :mod:`franca.cube.schema`, which stays what is applied: lint knows lines, remedies,
and rules that a schema cannot say (words of an entry point, references, one name as input and output).
"""

from __future__ import annotations

from franca.cube.schema import MAPS, MODES, PARAM_KEYS, STRATEGIES, TYPES
from franca.cube.settings import DEFAULTS, FURTHER
from franca.model.light import Any

Tree = dict[str, Any]
SCALAR: Tree = {"type": ["string", "number", "boolean", "null"]}
FLAT_MAP: Tree = {"type": ["object", "null"], "additionalProperties": SCALAR}
REFERENCE: Tree = {"type": "string", "pattern": r"\$\{"}  # an interpolation stands for any value


def json_schema() -> Tree:
    """The schema of an ``mlcube.yaml``."""
    top: Tree = {
        "name": SCALAR, "description": SCALAR, "version": SCALAR,
        "authors": {"type": ["array", "null"]},
        "platform": _platform(),
        "tasks": {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/task"}},
        **{runner: _section(runner) for runner in DEFAULTS},
    }  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "mlcube.yaml", "type": "object",
        "required": ["tasks"], "properties": top, "$defs": {"task": _task(), "parameter": _parameter()},
    }  # fmt: skip


def _platform() -> Tree:
    count = {"anyOf": [{"type": ["integer", "string", "null"]}, REFERENCE]}
    return {"type": ["object", "null"], "properties": {"accelerator_count": count}}


def _section(runner: str) -> Tree:
    keys = sorted({*DEFAULTS[runner], *FURTHER[runner], "runner"})
    return {"type": ["object", "null"], "properties": {key: _value(key) for key in keys}, "additionalProperties": False}


def _value(key: str) -> Tree:
    if key == "build_strategy":
        return {"anyOf": [{"enum": list(STRATEGIES)}, REFERENCE]}
    if key == "image":
        return {"type": ["string", "number", "boolean", "null"], "pattern": r"\S"}
    if key in ("env_args", "build_args"):
        return {"anyOf": [SCALAR, FLAT_MAP]}
    return {"anyOf": [SCALAR, {"type": "object"}]} if key in MAPS else SCALAR


def _task() -> Tree:
    parameters = {"type": ["object", "null"], "additionalProperties": {"$ref": "#/$defs/parameter"}}
    return {
        "type": ["object", "null"],
        "properties": {
            "entrypoint": {"type": ["string", "null"], "pattern": r"\S"},
            "parameters": {"type": ["object", "null"], "properties": {"inputs": parameters, "outputs": parameters}},
        },
    }  # fmt: skip


def _parameter() -> Tree:
    known: Tree = {
        "type": {"anyOf": [{"enum": [*TYPES, None]}, REFERENCE]},
        "default": {"type": ["string", "null"]},
        "opts": {"anyOf": [{"enum": [*MODES, None]}, REFERENCE]},
        "optional": {"type": "boolean"},
        "description": SCALAR,
    }
    return {"type": ["string", "object", "null"], "properties": {key: known[key] for key in PARAM_KEYS}}


def text() -> str:
    """The file's contents."""
    import json

    return json.dumps(json_schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    print(text(), end="")
