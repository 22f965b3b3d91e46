"""Scores an accuracy log alone: data set, metric and log in, the official ``accuracy.txt`` out.

``python -m franca.mlperf.tasks.score TASK LOG --path=DATA [--OPTION=VALUE ...]``; ``score`` is the function.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_type_hints

from franca.errors import AlreadyExists, FrancaError, NotFound, Unavailable, UsageError
from franca.mlperf.inference.accuracy import (
    ACCURACY_LOG,
    ACCURACY_TXT,
    check_complete,
    decode,
    read_answers,
    subset,
    write_accuracy_txt,
)
from franca.mlperf.inference.plugs import Score, resolve
from franca.mlperf.submission.documents import find_metric
from franca.mlperf.tasks.catalog import TASKS, Task, task
from franca.mlperf.tasks.files import need, read_text

if TYPE_CHECKING:
    from franca.mlperf.submission.tables import Target

MISSED = 3  #: exit status: scored, but below a target
USAGE = (
    "usage: python -m franca.mlperf.tasks.score TASK LOG --path=DATA [--OPTION=VALUE ...]\n"
    "  LOG        mlperf_log_accuracy.json, or the folder that has it; accuracy.txt is written beside it\n"
    "  --model=NAME --round=vX.Y   compare with the targets of a benchmark\n"
    "  --to=FOLDER                 write accuracy.txt elsewhere; - = do not write it\n"
    "  --replace                   write over an accuracy.txt that says something else\n"
    "  --incomplete                score the samples that have an answer, instead of refusing\n"
    "  other options are those of the task's data set and metric\n"
    f"  TASK       {', '.join(TASKS)}"
)


class Request(NamedTuple):
    """What to score. ``options`` are texts, as typed, for the data set and the metric."""

    task: str
    log: str  #: the accuracy log, or the folder that has it
    options: dict[str, str] = {}
    incomplete: bool = False  #: score the samples that are there
    replace: bool = False  #: an accuracy.txt that says something else
    to: str = ""  #: folder for accuracy.txt; "" = beside the log, "-" = nowhere
    model: str = ""  #: benchmark whose targets apply
    round: str = ""
    scenario: str = ""


class Verdict(NamedTuple):
    """One figure against its target."""

    target: Target
    found: float | None

    @property
    def met(self) -> bool:
        """True when the figure is there and within its limits."""
        if self.found is None:
            return False
        return self.found >= self.target.target and (self.target.limit is None or self.found <= self.target.limit)


class Outcome(NamedTuple):
    """What came out of a scoring."""

    score: Score
    answered: int
    samples: int
    verdicts: list[Verdict]
    written: str  #: path of accuracy.txt; "" = not written

    @property
    def passed(self) -> bool:
        return all(verdict.met for verdict in self.verdicts)


def score(request: Request) -> Outcome:
    """Score a log.

    Raises:
        FrancaError: an unknown task or option, data that is missing or malformed, a log that is not that of
            this data set, a library that is not installed.
    """
    chosen = task(request.task)
    need("numpy", "scoring")
    targets = _targets(request)
    dataset, metric = build_parts(chosen, request.options)
    _read(dataset, chosen)
    folder, path = _place(request.log)
    answers = read_answers(path, dataset.count)
    if not request.incomplete or not answers:
        check_complete(answers, dataset.count, path)
    complete = len(answers) == dataset.count
    labels = dataset.labels() if complete else subset(dataset.labels(), list(answers))
    result: Score = metric.score(decode(metric, answers, path), labels)
    written = _write(request.to or folder, result.line, request.replace)
    verdicts = [Verdict(target, _figure(result.line, target.metric)) for target in targets]
    return Outcome(result, len(answers), dataset.count, verdicts, written)


def _read(dataset: Any, chosen: Task) -> None:
    """Read the truth; what is missing gets the command that brings it."""
    try:
        dataset.read()
    except NotFound as error:
        error.hint = error.hint or f'get the data: cmr "{chosen.recipe.replace(",", " ")}"'
        raise


def build_parts(chosen: Task, options: dict[str, str]) -> tuple[Any, Any]:
    """Data set and metric of a task with the options that each takes.

    Raises:
        UsageError: an option that neither takes, a value of the wrong kind, or a missing one.
    """
    makers = [resolve("dataset", chosen.dataset), resolve("metric", chosen.metric)]
    known = [inspect.signature(maker).parameters for maker in makers]
    usual = {"dtype": chosen.dtypes[0]} if "dtype" in known[1] else {}
    taken: list[dict[str, Any]] = [{}, {**usual, **chosen.scoring}]
    for name, text in options.items():
        if not any(name in one for one in known):
            names = sorted({*known[0], *known[1]})
            raise UsageError(f"the task {chosen.name} has no option --{name}", hint=f"it has {', '.join(names)}")
        for maker, parameters, values in zip(makers, known, taken, strict=True):
            if name in parameters:
                values[name] = _value(maker, name, text)
    for parameters, values in zip(known, taken, strict=True):
        missing = [n for n, p in parameters.items() if p.default is inspect.Parameter.empty and n not in values]
        if missing:
            wanted = " ".join(f"--{name}=..." for name in missing)
            raise UsageError(f"the task {chosen.name} needs {wanted}")
    if taken[1].get("dtype", chosen.dtypes[0]) not in chosen.dtypes:
        known_types = ", ".join(chosen.dtypes)
        raise UsageError(f"--dtype={taken[1]['dtype']}: logs of {chosen.name} hold one of {known_types}")
    return makers[0](**taken[0]), makers[1](**taken[1])


def _value(maker: Callable[..., Any], name: str, text: str) -> Any:
    """``text`` as the type of the parameter; a list is parted by commas."""
    kind = get_type_hints(maker.__init__)[name]
    try:
        if kind is bool:
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]
        if get_args(kind):
            return [get_args(kind)[0](word.strip()) for word in text.split(",")]
        return kind(text)
    except (ValueError, KeyError):
        raise UsageError(f"--{name}={text}: expected {getattr(kind, '__name__', kind)}") from None


def _place(log: str) -> tuple[str, str]:
    """Folder and file of an accuracy log, whichever was given."""
    if os.path.isdir(log):
        return log, os.path.join(log, ACCURACY_LOG)
    return os.path.dirname(os.path.abspath(log)), log


def _targets(request: Request) -> list[Target]:
    """The targets asked for; none when no model is named."""
    if not request.model:
        return []
    if not request.round:
        raise UsageError("targets differ between rounds: --model needs --round=vX.Y as well")
    from franca.mlperf.submission.tables import load_round  # needs a package that a benchmark's Python may lack

    table = load_round(request.round)
    name = table.aliases.get(request.model, request.model)
    if name not in table.models:
        raise UsageError(f"round {table.round} has no benchmark {request.model!r} ({', '.join(table.models)})")
    return table.models[name].targets(request.scenario)


def _figure(line: str, metric: str) -> float | None:
    """What the submission checker reads from the line."""
    found = find_metric(line, metric)
    return None if found is None else float(found)


def _write(folder: str, line: str, replace: bool) -> str:
    """Write the line; a file that begins with it, and may have digests behind it, stays as it is.

    Raises:
        AlreadyExists: the file says something else. Unavailable: it cannot be written.
    """
    if folder == "-":
        return ""
    path = os.path.join(folder, ACCURACY_TXT)
    said = read_text(path, "accuracy file").splitlines() if os.path.isfile(path) else []
    if said[:1] == [line]:
        return path
    if said and not replace:
        raise AlreadyExists(
            f"{path} says {said[0]!r:.100}, the log scores {line}",
            hint="--replace writes the new line, --to=FOLDER writes it elsewhere",
        )
    try:
        write_accuracy_txt(folder, line)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}") from error
    return path


def parse(words: Sequence[str]) -> Request:
    """A request from the words of a command line. Raises UsageError."""
    names: list[str] = []
    options: dict[str, str] = {}
    for word in words:
        if not word.startswith("--"):
            names.append(word)
            continue
        key, _, value = word[2:].partition("=")
        options[key.replace("-", "_")] = value
    if len(names) != 2:
        raise UsageError(f"expected a task and a log, found {' '.join(names) or 'nothing'}", hint=USAGE)
    own = {key: options.pop(key, "") for key in ("to", "model", "round", "scenario")}
    incomplete, replace = (
        options.pop(key, "no").lower() in ("", "yes", "true", "1") for key in ("incomplete", "replace")
    )
    return Request(names[0], names[1], options, incomplete, replace, **own)


def report(outcome: Outcome) -> list[str]:
    """The outcome for people: the line, what it covers, each target, where it was written."""
    lines = [outcome.score.line]
    if outcome.answered < outcome.samples:
        lines.append(f"only {outcome.answered} of {outcome.samples} samples: NOT the accuracy of the benchmark")
    for verdict in outcome.verdicts:
        target = verdict.target
        wanted = f"at least {target.target:.10g}" if target.target else ""
        if target.limit is not None:
            wanted += f"{' and ' if wanted else ''}at most {target.limit:.10g}"
        found = "missing" if verdict.found is None else f"{verdict.found:.10g}"
        lines.append(f"{'met   ' if verdict.met else 'MISSED'} {target.metric}: {found}, {wanted}")
    return [*lines, f"written to {outcome.written}"] if outcome.written else lines


def run_and_exit(words: Sequence[str]) -> None:
    """For ``inference.boot``, which starts modules in the Python of a benchmark."""
    sys.exit(main(words))


def main(words: Sequence[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(USAGE)
        return 0
    try:
        outcome = score(parse(words))
    except FrancaError as error:
        print("franca: error: " + "\n  ".join(error.lines()), file=sys.stderr)
        return error.status
    print("\n".join(report(outcome)))
    return 0 if outcome.passed else MISSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
