"""What the parent asks of one child process, and what the child answers: two records, as JSON files.

Standard library only: the child's interpreter may lack everything that Franca itself needs.
"""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple


class PartSpec(NamedTuple):
    """Which plug-in to use and with what: ``name`` is a built-in name or ``package.module:Class``."""

    name: str
    options: dict[str, Any] = {}


class Job(NamedTuple):
    """One child's work.

    ``kind``: ``loadgen`` (one StartTest), ``null`` (the same over a system that does nothing), ``baseline`` (bare
    loop), ``subset`` and ``score`` (of accuracy logs).
    """

    kind: str
    outdir: str  #: existing folder; logs and ``child.json`` go here
    backend: PartSpec
    dataset: PartSpec
    metric: PartSpec
    sut: PartSpec  #: name "" = the harness's own for the scenario
    scenario: str = ""
    mode: str = ""
    model_key: str = "*"  #: model name in user.conf
    user_conf: str = ""
    audit_conf: str = ""  #: a path that does not exist when no audit is wanted (section 2.4)
    seeds: tuple[int, ...] = ()  #: qsl, sample index, schedule; empty = those of the wheel
    workers: int = 1
    max_batchsize: int = 32
    batch_timeout_ms: float = 0.0
    coalesce: bool = False
    samples_per_query: int = 8  #: of MultiStream, as user.conf has it
    engine: str = ""  #: of the C++ harness (``spec.ENGINES``); "" = LoadGen's Python wheel
    harness: str = ""  #: the program, where there is an engine
    library: str = ""  #: that the engine opens, where it opens one
    servers: tuple[str, ...] = ()  #: addresses of servers that have the model; () = it runs here
    baseline_s: float = 0.0
    baseline_batches: tuple[int, ...] = ()
    compare: tuple[
        str, ...
    ] = ()  #: folders of an accuracy log and of a sampled one, for ``subset``; the first for ``score``


class Failure(NamedTuple):
    """The first thing that went wrong inside a callback; the run went on with empty responses."""

    where: str  #: issue, flush, load, unload, worker, response, setup
    error: str
    traceback: str
    empty_responses: int = 0


ANSWER = "child.json"
FAILURE = "failure.json"


def job_to_json(job: Job) -> str:
    data = job._asdict()
    for key in ("backend", "dataset", "metric", "sut"):
        data[key] = data[key]._asdict()
    return json.dumps(data, indent=2, sort_keys=True) + "\n"


def job_from_json(text: str) -> Job:
    data = json.loads(text)
    for key in ("backend", "dataset", "metric", "sut"):
        data[key] = PartSpec(**data[key])
    for key in ("seeds", "servers", "baseline_batches", "compare"):
        data[key] = tuple(data.get(key, ()))
    return Job(**data)


def write_json(path: str, data: object) -> None:
    """Write whole or not at all, so that a reader never meets half a file."""
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "w", encoding="utf-8") as out:
        json.dump(data, out, indent=2, sort_keys=True)
        out.write("\n")
    os.replace(temporary, path)
