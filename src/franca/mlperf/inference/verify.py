"""Verifies compliance tests that were run already, by whatever harness (sections 9.4 to 9.6)."""

from __future__ import annotations

import os
from typing import NamedTuple

import msgspec

from franca.catalog.files import write_text_atomic
from franca.errors import NotFound, UsageError
from franca.mlperf.inference.accuracy import ACCURACY_LOG
from franca.mlperf.inference.compliance import compare_logs, comparison_lines, verify_performance
from franca.mlperf.inference.results import DETAIL, Performance, read_performance
from franca.mlperf.inference.scenarios import Mode, Scenario
from franca.mlperf.logs.detail import read_detail
from franca.mlperf.submission import tables
from franca.mlperf.submission.documents import read_text
from franca.mlperf.submission.sampled_scores import Gap, gaps

TESTS = ("TEST01", "TEST04", "TEST05")
RUN = Mode.PERFORMANCE.folder
SCORES = ("baseline_accuracy.txt", "compliance_accuracy.txt")


class Thresholds(NamedTuple):
    """Whose limits apply to the scores of TEST01; without a model its answers must be equal."""

    model: str = ""
    round: str = ""


class Verified(msgspec.Struct, frozen=True):
    """The verdict on one test, and the lines of the two files that are submitted."""

    test: str
    scenario: str
    passed: bool
    performance: list[str]
    accuracy: list[str]  #: of TEST01
    remarks: list[str]

    def lines(self) -> list[str]:
        """For people."""
        word = "passed" if self.passed else "NOT passed"
        body = [*self.performance, *self.accuracy, *self.remarks]
        return [f"{self.test} of {self.scenario}: {word}", *(f"  {line}" for line in body)]


def verify_test(result: str, test: str, limits: Thresholds, *, write: bool = False) -> Verified:
    """Hold a test against the runs of its scenario.

    Args:
        result: folder of the scenario, with ``performance/run_1`` and for TEST01 ``accuracy``.
        test: a name, for a folder of this name in ``result``; or a folder whose name begins with one.
        write: write the files that are submitted into the test's folder.

    Raises:
        NotFound, MalformedFile: a log is not there, or is not what it should be. UsageError: no such test.
    """
    folder = test if os.path.isdir(test) else os.path.join(result, test)
    name = os.path.basename(os.path.normpath(test)).upper()[:6]
    if name not in TESTS:
        raise UsageError(f"{test!r} is none of {', '.join(TESTS)}", hint="others are judged when they are run")
    reference, scenario = _run(os.path.join(result, RUN))
    found, other = _run(os.path.join(folder, RUN), audited=name != "TEST05")
    if other is not scenario:
        raise UsageError(f"{folder} is of {other.value}, {result} of {scenario.value}")
    good, lines = verify_performance(name, scenario, reference, found)
    remarks = [
        f"the {what} run is INVALID" for what, run in (("reference", reference), ("test", found)) if not run.good
    ]
    accuracy: list[str] = []
    if name == "TEST01":
        accuracy, more, equal = _answers(result, folder, scenario, limits)
        good, remarks = good and equal, remarks + more
    if write:
        _write(folder, "verify_performance.txt", lines)
        _write(folder, "verify_accuracy.txt", accuracy)
    return Verified(name, scenario.value, good and reference.good and found.good, lines, accuracy, remarks)


def _run(folder: str, *, audited: bool = False) -> tuple[Performance, Scenario]:
    log = read_detail(os.path.join(folder, DETAIL))
    scenario = Scenario(log.text("effective_scenario"))
    return read_performance(folder, scenario, audited=audited), scenario


def _answers(result: str, folder: str, scenario: Scenario, limits: Thresholds) -> tuple[list[str], list[str], bool]:
    """Lines of ``verify_accuracy.txt``, remarks, and whether the answers are equal or their scores close enough."""
    log = os.path.join(result, Mode.ACCURACY.folder, ACCURACY_LOG)
    places = [os.path.join(folder, part, ACCURACY_LOG) for part in (Mode.ACCURACY.folder, RUN)]
    sampled = next((place for place in places if os.path.isfile(place)), "")
    for path in (log, sampled or places[0]):
        if not os.path.isfile(path):
            raise NotFound(f"there is no accuracy log {path}", hint="TEST01 compares it; a truncated one will not do")
    compared = compare_logs(log, sampled)
    lines = comparison_lines(compared)
    if compared.equal:
        return lines, [], True
    scores = [os.path.join(folder, Mode.ACCURACY.folder, name) for name in SCORES]
    if compared.missing or not (limits.model and all(os.path.isfile(path) for path in scores)):
        return lines, [f"scores of both logs in {' and '.join(SCORES)} and --model=NAME would decide"], False
    found = _gaps(scores, scenario, limits)
    remarks = [f"{gap.metric} differs by {gap.percent:.3g} %, {gap.allowed:g} % are allowed" for gap in found]
    return lines, remarks, bool(found) and all(gap.small for gap in found)


def _gaps(scores: list[str], scenario: Scenario, limits: Thresholds) -> list[Gap]:
    table = tables.load_round(limits.round or tables.rounds()[-1])
    official = table.aliases.get(limits.model, limits.model)
    if official not in table.models:
        raise UsageError(f"--model={limits.model}: round {table.round} has no such benchmark", hint="--round=vX.Y")
    baseline, compliance = (read_text(path) for path in scores)
    return gaps(table.models[official], official, scenario.value, baseline, compliance)


def _write(folder: str, name: str, lines: list[str]) -> None:
    if lines:
        write_text_atomic(os.path.join(folder, name), "\n".join(lines) + "\n")
