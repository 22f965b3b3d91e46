"""`franca bench system`: the system description that a submission tree would hold, without a run."""

from __future__ import annotations

from franca.cli.command import Command, Example, Option
from franca.cli.output import Answer, Table
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.errors import UsageError

SYSTEM = Command(
    name="bench",
    group="MLPerf benchmarks",
    summary="describe this machine as a submission tree would",
    usage="system [--hw-name=NAME] [--device=WORD]",
    handler="franca.cli.system_commands:system",
    takes_kind=False,
    options=(
        Option("hw_name", "name of the machine, default if absent", metavar="NAME"),
        Option("device", "what the runs would use, cpu if absent; accelerators are described for the others",
               metavar="WORD", choices=("cpu", "cuda", "rocm")),
        Option("backend", "runtime of the models, onnxruntime if absent", metavar="WORD",
               choices=("onnxruntime", "pytorch")),
        Option("results", "folder of results, which may hold hardware/NAME.json; mlperf-results if absent",
               metavar="DIR"),
        Option("system_file", "JSON file with fields of the system description", metavar="FILE"),
        Option("submitter", "who submits", metavar="NAME"),
        Option("division", "open if absent", metavar="WORD", choices=("open", "closed", "network")),
        Option("category", "edge if absent", metavar="WORD", choices=("edge", "datacenter", "datacenter,edge")),
        Option("power", "with the fields of submissions with power"),
    ),
    description=(
        "Nothing is run or written. Each field says where it comes from: detected, default, or user. Versions are "
        "those of the Python that runs this command; a benchmark uses an environment of its own."
    ),
    examples=(
        Example("franca bench system", "every field and its source"),
        Example("franca bench system --json --device=cuda --hw-name=mybox", "for programs, with the GPUs"),
    ),
)  # fmt: skip


def system(bound: Bound, session: Session) -> Answer:
    """The fields; those that the closed division would refuse are named."""
    if bound.words[1:]:
        raise UsageError(f"{bound.words[1]!r} means nothing here", hint="franca bench system --help")
    from franca.mlperf.inference import system as machine
    from franca.mlperf.inference.tools import framework_here, versions_here
    from franca.mlperf.inference.wishes import system_fields
    from franca.mlperf.submission.build_hardware import hand_written
    from franca.mlperf.submission.build_system import Submitter, describe_system
    from franca.mlperf.submission.fields import UNDEFINED

    notes: list[str] = []
    name = bound.text("hw_name") or "default"
    who = Submitter(
        bound.text("submitter") or "TheCommunity",
        bound.text("division") or "open",
        bound.text("category") or "edge",
        name,
    )
    written = hand_written(bound.text("results") or "mlperf-results", name, notes.append)
    backend = bound.text("backend") or "onnxruntime"
    found = describe_system(
        who,
        machine.describe(bound.text("device") or "cpu"),
        versions_here(backend),
        framework_here(backend),
        {**written, **system_fields(bound.text("system_file"))},
        powered=bound.flag("power"),
    )
    undefined = sorted(field for field, value in found.fields.items() if value.lower() == UNDEFINED)
    if undefined:
        notes.append(f"the closed and network divisions need a value for {', '.join(undefined)}")
    rows = tuple((field, found.sources[field], value) for field, value in sorted(found.fields.items()))
    data = {"system": found.fields, "sources": found.sources, "undefined": undefined}
    return Answer(data, tuple(notes), Table(("field", "source", "value"), rows))
