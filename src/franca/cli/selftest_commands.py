"""`franca bench selftest` and `franca bench verify`: LoadGen alone, and compliance tests that were run already."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from franca.cli.command import Command, Example, Option
from franca.cli.output import Answer, Table
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.errors import UsageError

if TYPE_CHECKING:
    from franca.mlperf.inference.selftest import SelfTest

_GROUP = "MLPerf benchmarks"
_HERE = "franca.cli.selftest_commands:"

SELFTEST = Command(
    name="bench",
    group=_GROUP,
    summary="try LoadGen with a system that does nothing: version, round, seeds, and its rates in four scenarios",
    usage="selftest",
    handler=_HERE + "selftest",
    takes_kind=False,
    options=(
        Option("python", "Python that has LoadGen; if absent this one, else that of its recipe", metavar="FILE"),
        Option("output", "keep the logs in this new folder", metavar="DIR"),
    ),
    description="Takes some seconds. Every result must be VALID: what is not is wrong with LoadGen or this machine.",
    examples=(Example("franca bench selftest", "is LoadGen here, and does it work"),),
    statuses=((3, "a scenario is INVALID"),),
)
VERIFY = Command(
    name="bench",
    group=_GROUP,
    summary="verify compliance tests that were run, as the official scripts do",
    usage="verify RESULT TEST...",
    handler=_HERE + "verify",
    takes_kind=False,
    options=(
        Option("write", "write verify_performance.txt and verify_accuracy.txt into the folder of the test"),
        Option("model", "benchmark whose thresholds apply where answers differ", metavar="NAME"),
        Option("round", "round of these thresholds, the newest if absent", metavar="vX.Y"),
    ),
    description=(
        "RESULT is the folder of a scenario, with performance/run_1 and accuracy; TEST is TEST01, TEST04 or TEST05, or "
        "the folder of such a test elsewhere. Where answers of TEST01 differ, the scores in its accuracy folder decide."
    ),
    examples=(
        Example("franca bench verify ./results/box/resnet/offline TEST01 TEST04", "tests beside the runs"),
        Example("franca bench verify ./offline ./compliance/TEST01 --model=bert-99", "a test elsewhere"),
    ),
    statuses=((3, "a test is not passed"),),
)


def selftest(bound: Bound, session: Session) -> Answer:
    """The rates as a table."""
    import os
    import shutil
    import tempfile

    from franca.errors import AlreadyExists
    from franca.mlperf.inference.selftest import self_test

    if bound.words[1:]:
        raise UsageError(f"{bound.words[1]!r} means nothing here", hint="franca bench selftest --help")
    python, output = bound.text("python") or _python(session), bound.text("output")
    if output:
        try:
            os.makedirs(output)
        except FileExistsError as error:
            raise AlreadyExists(f"--output={output} exists", hint="name a new folder") from error
        return _told(self_test(python, os.path.abspath(output)))
    folder = tempfile.mkdtemp(prefix="franca-selftest-")
    found = self_test(python, folder)
    shutil.rmtree(folder, ignore_errors=True)  # the logs of one that failed stay: the message names them
    return _told(found)


def _python(session: Session) -> str:
    """This Python where it has LoadGen, else that of the recipe, which installs it where it is not there yet."""
    from importlib.util import find_spec

    from franca.cli.bench_commands import delegated
    from franca.cli.tables.runs import RUN

    if find_spec("mlperf_loadgen"):
        return sys.executable
    env = delegated(RUN, "run", "get mlperf inference loadgen", {"quiet": True}, session).data["new_env"]
    return str(env.get("CM_PYTHON_VENV_BIN_WITH_PATH") or env["CM_PYTHON_BIN_WITH_PATH"])


def _told(found: SelfTest) -> Answer:
    import msgspec

    rows = tuple(
        (r.scenario, "VALID" if r.valid else "INVALID", f"{r.value:.6g} {r.unit}", f"{r.samples_per_second:,.0f}",
         f"{r.seconds:.1f}")
        for r in found.rates
    )  # fmt: skip
    seeds = ", ".join(f"{name} {value}" for name, value in found.seeds.items())
    lines = [f"LoadGen {found.loadgen}, round {found.round or 'unknown'}", f"seeds: {seeds}"]
    lines += [f"{r.scenario}: {text}" for r in found.rates for text in r.problems]
    data = {**msgspec.to_builtins(found), "valid": found.valid}
    columns = ("scenario", "result", "figure", "samples/s", "seconds")
    return Answer(data, tuple(lines), Table(columns, rows), status=0 if found.valid else 3)


def verify(bound: Bound, session: Session) -> Answer:
    """Each test's verdict, with the lines of the files that are submitted."""
    import msgspec

    from franca.mlperf.inference.verify import Thresholds, verify_test

    words = bound.words[1:]
    if len(words) < 2:
        raise UsageError(
            "expected the folder of a scenario and tests", hint="franca bench verify ./results/.../offline TEST01"
        )
    limits = Thresholds(bound.text("model"), bound.text("round"))
    found = [verify_test(words[0], test, limits, write=bound.flag("write")) for test in words[1:]]
    lines = [line for one in found for line in one.lines()]
    status = 0 if all(one.passed for one in found) else 3
    return Answer({"tests": msgspec.to_builtins(found)}, tuple(lines), status=status)
