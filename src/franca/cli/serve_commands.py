"""`franca serve sut`: a model behind HTTP, for LoadGen runs on another machine."""

from __future__ import annotations

from franca.cli import registry
from franca.cli.command import Command, Example, Option
from franca.cli.output import Answer
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.errors import UsageError

_GROUP = "MLPerf benchmarks"

SUT = Command(
    name="serve",
    group=_GROUP,
    summary="serve a model to MLPerf runs of the network division, until Ctrl-C",
    usage="sut --model=FILE [--OPTION=VALUE ...]",
    handler="franca.cli.serve_commands:sut",
    takes_kind=False,
    options=(
        Option("model", "file of the model", metavar="FILE"),
        Option("backend", "its runtime, or package.module:Class of your own (onnxruntime)", metavar="NAME"),
        Option("device", "cpu or cuda", metavar="NAME"),
        Option("threads", "threads of the runtime; 0 = its own choice", metavar="N"),
        Option("metric", "what becomes of the outputs: label, none, or package.module:Class", metavar="NAME"),
        Option("name", "of the system, for LoadGen's logs", metavar="NAME"),
        Option("host", "address to listen on (127.0.0.1); there is no authentication", metavar="ADDRESS"),
        Option("port", "port (8457); 0 = any that is free", metavar="N"),
        Option("max_batchsize", "samples that run at once (256)", metavar="N"),
        Option("workers", "batches that run at a time (1)", metavar="N"),
        Option("max_body_mb", "largest request, in MiB (256)", metavar="N"),
        Option("python", "interpreter with the runtime", metavar="FILE"),
        Option("python_path", "folders of plug-ins, parted by colons", metavar="FOLDERS"),
    ),
    description=(
        "The machine with LoadGen then runs the benchmark with --network=lon --sut_servers=http://HOST:PORT "
        "(docs/how-to/network-sut.md)."
    ),
    examples=(
        Example("franca serve sut --model=resnet50.onnx", "for LoadGen on this machine"),
        Example(
            "franca serve sut --model=resnet50.onnx --host=0.0.0.0 --workers=2", "for any machine that can reach it"
        ),
    ),
)
SERVE = Command(
    name="serve",
    group=_GROUP,
    summary="servers for MLPerf runs, and a live page of them",
    usage="sut | director | dashboard",
    handler="franca.cli.serve_commands:overview",
    takes_kind=False,
    examples=(
        Example("franca serve sut --model=FILE", "a model behind HTTP"),
        Example("franca serve director --watts=60", "a simulated director of power measurements"),
        Example("franca serve dashboard mlperf-results", "a page of runs as they end"),
    ),
)


def overview(bound: Bound, session: Session) -> Answer:
    """What can be served, when nothing is named."""
    if bound.words:
        raise UsageError(f"nothing is served as {bound.words[0]!r}", hint="franca serve sut, director or dashboard")
    everything = [command for key, command in registry.all_commands() if key.startswith("serve ")]
    lines = tuple(f"franca serve {command.usage}: {command.summary}" for command in everything)
    return Answer({"commands": [command.usage.split()[0] for command in everything]}, lines)


def sut(bound: Bound, session: Session) -> Answer:
    """Serve until it is stopped."""
    import sys

    from franca.mlperf.network.launch import options_from, serve

    if bound.words[1:]:
        raise UsageError(f"{bound.words[1]!r} means nothing here", hint="franca serve sut --model=FILE")
    given = {option.name: bound.text(option.name) for option in SUT.options}
    options = options_from({name: text for name, text in given.items() if text})
    serve(options, lambda text: print(text, file=sys.stderr, flush=True))
    return Answer({})
