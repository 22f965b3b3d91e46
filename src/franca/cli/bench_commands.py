"""`franca bench inference`: the benchmark in a few words, asking on a terminal for what is missing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from franca.cli import registry
from franca.cli.bench_questions import PEAK, PURPOSE, PURPOSES, SUBMIT, TRY, Question, answered, questions
from franca.cli.command import QUIET, Command, Example, Option
from franca.cli.output import Answer
from franca.cli.parsing import Bound, bind
from franca.cli.session import Session
from franca.cli.tables.runs import EXECUTION, PLAN, REQUEST, RUN
from franca.errors import FrancaError, UsageError
from franca.grammar.argv import Invocation, flags_of
from franca.grammar.shell import command_line
from franca.grammar.suggest import closest

if TYPE_CHECKING:
    from franca.mlperf.inference.results import BenchmarkResult

_GROUP = "MLPerf benchmarks"
_HERE = "franca.cli.bench_commands:"
SCRIPT_WORDS = "run mlperf inference generate-run-cmds"
VARIATIONS = {TRY: "short", PEAK: "find-performance", "performance": "performance-only", "accuracy": "accuracy-only"}
FULL_BY_DEFAULT = ("performance-only", "accuracy-only")  #: variations that are long unless another length is named
PASSED_ON = ("nvidia_", "debug")  #: beginnings of flags for recipes below, without meaning here (16.3)
_OWN = ("purpose", "length", "plan", "dry_run")

INFERENCE = Command(
    name="bench",
    group=_GROUP,
    summary="benchmark inference with MLPerf LoadGen, from the model to a checked submission",
    usage="inference [FLAGS]",
    handler=_HERE + "inference",
    takes_kind=False,
    options=(
        Option("purpose", "what the runs are for", metavar="WORD", choices=PURPOSES),
        Option("length", "short: seconds, to try out; full: the official durations", metavar="WORD",
               choices=("short", "full")),
        Option("plan", "say what would be done and why, and do nothing", repeats=False),
        Option("dry_run", "print the command with all answers filled in, and do nothing", repeats=False),
        QUIET,
    ),
    free_options=True,
    description=(
        "Flags are those of `run mlperf inference generate-run-cmds` (franca run \"run mlperf inference\" "
        "--help lists them). On a "
        "terminal it asks for what is missing; elsewhere it says so in one message, and --quiet takes the defaults."
    ),
    examples=(
        Example("franca bench inference", "asks, then runs"),
        Example("franca bench inference --model=digits-cnn --scenario=Offline --device=cpu", "no question"),
        Example("franca bench inference --purpose=submission --quiet --dry-run", "what would be run"),
    ),
    statuses=((2, "a run failed; the message names its log"), (3, "--strict: a result is INVALID, or refused")),
)  # fmt: skip
BENCH = Command(
    name="bench",
    group=_GROUP,
    summary="MLPerf benchmarks and their parts",
    usage="inference | accuracy | verify | selftest | system",
    handler=_HERE + "overview",
    takes_kind=False,
    examples=(Example("franca bench inference", "asks for what it needs, then runs"),),
)


def overview(bound: Bound, session: Session) -> Answer:
    """What can be benchmarked, when nothing is named."""
    if bound.words:
        raise UsageError(f"nothing is benchmarked as {bound.words[0]!r}", hint="franca bench inference")
    everything = [command for key, command in registry.all_commands() if key.startswith("bench ")]
    lines = tuple(f"franca bench {command.usage}: {command.summary}" for command in everything)
    return Answer({"commands": [command.usage.split()[0] for command in everything]}, lines)


def inference(bound: Bound, session: Session) -> Answer:
    """Ask for what is missing, then hand everything to the script."""
    if bound.words[1:]:
        raise UsageError(f"{bound.words[1]!r} means nothing here", hint="franca bench inference --help")
    _check_flags(bound)
    flags = _flags(bound, session)
    words = _script_words(flags)
    inputs = {key: value for key, value in flags.items() if key not in _OWN}
    command = command_line(["cmr", words, *(flag for key, value in inputs.items() for flag in _flag(key, value))])
    if bound.flag("dry_run"):
        return Answer({"command": command, "inputs": inputs}, (command,))
    if bound.flag("plan"):
        return delegated(PLAN, "plan", words, inputs, session)
    if not bound.flag("silent"):
        session.output.note(f"# {command}")
    done = delegated(RUN, "run", words, {**inputs, "quiet": True}, session)
    return _with_results(done, command)


def _check_flags(bound: Bound) -> None:
    """Free flags pass only when the benchmark or the engine knows them."""
    from franca.mlperf.inference.flags import FLAGS

    engine = {option.name for option in (*REQUEST, *EXECUTION)}
    known = engine | set(FLAGS)
    for key in bound.inputs:
        if key.split(".")[0] not in known and not key.startswith(PASSED_ON):
            near = ", ".join(f"--{name}" for name in closest(key, sorted(known)))
            raise UsageError(
                f"there is no flag --{key}" + (f" (closest: {near})" if near else ""),
                hint='franca run "run mlperf inference" --help lists the flags',
            )


def _flags(bound: Bound, session: Session) -> dict[str, Any]:
    """Everything given, and the answers for the rest."""
    from franca.mlperf.inference.models import ALIASES
    from franca.mlperf.inference.scenarios import Scenario
    from franca.mlperf.inference.workloads import MODELS

    given = {**bound.inputs, **{name: bound.text(name) for name in ("purpose", "length") if bound.text(name)}}
    ask = _Prompt(session).ask if session.can_ask() and not bound.flag("quiet") else None
    quiet = bound.flag("quiet")
    purpose = answered([PURPOSE], {"purpose": TRY, **given} if ask is None else given, ask, quiet=quiet)
    wanted = questions(
        purpose["purpose"], tuple(MODELS), tuple(s.value for s in Scenario), tuple(filter(None, ALIASES))
    )
    return {**given, **purpose, **answered(wanted, given, ask, quiet=quiet)}


class _Prompt:
    """Puts questions to the person at the terminal."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ask(self, question: Question) -> str:
        """An answer that holds; Enter takes the default. Raises UsageError at the end of the input."""
        err = self._session.output.err
        while True:
            err.write(question.line())
            err.flush()
            line = sys.stdin.readline()
            if not line:
                raise UsageError(f"no answer to: {question.text}", hint="--quiet takes the defaults")
            answer = line.strip() or question.default
            problem = question.problem(answer)
            if not problem:
                return answer
            self._session.output.note(f"{answer!r}: {problem}")


def _script_words(flags: dict[str, Any]) -> str:
    """The script with the variations that purpose and length mean."""
    purpose, length = flags["purpose"], flags.get("length", "short")
    if purpose == SUBMIT:
        names = ["full-performance"] if length == "full" else ["submission", "short"]
    else:
        says = length == "full" or VARIATIONS[purpose] in FULL_BY_DEFAULT
        names = [VARIATIONS[purpose], *([length] if says else [])]
    return " ".join([SCRIPT_WORDS, *(f"_{name}" for name in names)])


def _flag(key: str, value: Any) -> list[str]:
    try:
        return flags_of((key,), value)
    except UsageError:  # lists and numbers, out of a file
        return [f"--{key}={value}"]


def delegated(command: Command, action: str, words: str, inputs: dict[str, Any], session: Session) -> Answer:
    """The answer of `franca run` or `franca plan` for the script."""
    bound = bind(command, Invocation(action, "", (words,), inputs), session.is_kind, session.environ)
    answer: Answer = registry.load(command.handler)(bound, session)
    return answer


def _with_results(done: Answer, command: str) -> Answer:
    """The run's answer with the figures of the benchmark instead of its environment."""
    env: dict[str, str] = done.data["new_env"]
    prefix = "CM_MLPERF_INFERENCE_"
    data: dict[str, Any] = {
        "command": command,
        "results": _results(env.get(prefix + "RESULTS_FILE", "")),
        "report": env.get(prefix + "REPORT", ""),
        "tree": env.get(prefix + "SUBMISSION_TREE", ""),
        "verdict": env.get(prefix + "SUBMISSION_VERDICT", ""),
        "journal": done.data["journal"],
    }
    lines = [f"{name}: {data[name]}" for name in ("report", "tree", "verdict") if data[name]]
    return Answer(data, tuple(lines), status=done.status)


def _results(path: str) -> BenchmarkResult | None:
    """The typed record of the run, for ``--json``; a run of generated inputs may leave none."""
    from franca.mlperf.inference.finish import read_results

    try:
        return read_results(path) if path else None
    except FrancaError:
        return None
