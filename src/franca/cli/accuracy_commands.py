"""`franca bench accuracy`: score an accuracy log that is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from franca.cli.command import Command, Example, Option
from franca.cli.output import Answer, Table
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.errors import UsageError

if TYPE_CHECKING:
    from franca.mlperf.tasks.score import Verdict

ACCURACY = Command(
    name="bench",
    group="MLPerf benchmarks",
    summary="score an accuracy log with the official metric of its task",
    usage="accuracy [TASK LOG] [--OPTION=VALUE ...]",
    handler="franca.cli.accuracy_commands:accuracy",
    takes_kind=False,
    options=(
        Option("model", "compare with the targets of this benchmark", metavar="NAME"),
        Option("round", "round of these targets", metavar="vX.Y"),
        Option("scenario", "scenario of these targets, where they differ", metavar="NAME"),
        Option("to", "folder for accuracy.txt instead of that of the log; - does not write it", metavar="FOLDER"),
        Option("replace", "write over an accuracy.txt that says something else", repeats=False),
        Option("incomplete", "score the samples that have an answer, instead of refusing", repeats=False),
    ),
    free_options=True,
    description=(
        "TASK is imagenet, openimages, coco, squad, cnndm, openorca, librispeech, kits19 or terabyte; LOG is "
        "mlperf_log_accuracy.json or its folder. Other options are those of the task's data set and metric "
        "(docs/how-to/score-accuracy.md)."
    ),
    examples=(
        Example("franca bench accuracy", "the tasks"),
        Example("franca bench accuracy squad ./accuracy --path=dev-v1.1.json --vocabulary=vocab.txt", "a log of BERT"),
        Example(
            "franca bench accuracy imagenet ./accuracy --path=./imagenet --model=resnet --round=v5.1",
            "and whether it is good enough",
        ),
    ),
    statuses=((3, "scored, and below a target"),),
)


def accuracy(bound: Bound, session: Session) -> Answer:
    """The official line, and how it stands to the targets."""
    from franca.mlperf.tasks.score import MISSED, Request, report, score

    names = bound.words[1:]
    if not names and not bound.inputs:
        return _tasks()
    if len(names) != 2:
        raise UsageError("expected a task and a log", hint="franca bench accuracy --help")
    request = Request(
        names[0],
        names[1],
        {key: _text(value) for key, value in bound.inputs.items()},
        bound.flag("incomplete"),
        bound.flag("replace"),
        bound.text("to"),
        bound.text("model"),
        bound.text("round"),
        bound.text("scenario"),
    )
    outcome = score(request)
    data = {
        "metric": outcome.score.name,
        "value": outcome.score.value,
        "line": outcome.score.line,
        "more": outcome.score.more,
        "answered": outcome.answered,
        "samples": outcome.samples,
        "targets": [_record(verdict) for verdict in outcome.verdicts],
        "written": outcome.written,
    }
    return Answer(data, tuple(report(outcome)), status=0 if outcome.passed else MISSED)


def _tasks() -> Answer:
    """The tasks, when none is named."""
    from franca.mlperf.tasks.catalog import TASKS

    rows = tuple((t.name, t.title, t.payload, ", ".join(t.benchmarks)) for t in TASKS.values())
    columns = ("task", "what", "one sample in the log", "benchmarks")
    return Answer({"tasks": [t._asdict() for t in TASKS.values()]}, table=Table(columns, rows))


def _record(verdict: Verdict) -> dict[str, object]:
    target = verdict.target
    return {
        "metric": target.metric,
        "found": verdict.found,
        "least": target.target,
        "most": target.limit,
        "met": verdict.met,
    }


def _text(value: object) -> str:
    """A free option as it was typed: a flag alone means yes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(str(one) for one in value) if isinstance(value, list) else str(value)
