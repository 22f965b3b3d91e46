"""`franca submission power`: the eleven deep checks of power measurements, one line each."""

from __future__ import annotations

from franca.cli.command import Command, Example
from franca.cli.output import Answer
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.cli.submission_commands import GROUP, ROUND, directory

POWER = Command(
    name="submission",
    group=GROUP,
    summary="show the eleven checks of power measurements, passed or not",
    usage="power DIRECTORY",
    handler="franca.cli.submission_power:power",
    takes_kind=False,
    options=(ROUND,),
    description="DIRECTORY is a submission tree, or one directory with power, ranging and run_1. [x] passed, [ ] did "
    "not; what was found stands below.",
    examples=(Example("franca submission power ./submission", "every measurement of a tree"),),
    statuses=((1, "a check did not pass"),),
)


def power(bound: Bound, session: Session) -> Answer:
    """All measurements with their checks."""
    import msgspec

    from franca.mlperf.submission.power_report import power_reports

    reports = power_reports(directory(bound, 1), bound.text("round"))
    passed = all(report.passed for report in reports)
    lines = tuple(line for report in reports for line in report.lines())
    return Answer({"passed": passed, "measurements": msgspec.to_builtins(reports)}, lines, status=0 if passed else 1)
