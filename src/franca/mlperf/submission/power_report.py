"""The eleven deep checks of power measurements, each with its name and what it found (specification 10.5)."""

from __future__ import annotations

import msgspec

from franca.errors import MalformedFile, NotFound
from franca.mlperf.logs.detail import read_detail
from franca.mlperf.submission.context import DETAIL
from franca.mlperf.submission.documents import join
from franca.mlperf.submission.index import Node, index_tree, shown
from franca.mlperf.submission.power_checks import CHECKS, Problem, deep_checks, read_records
from franca.mlperf.submission.power_records import mean_watts
from franca.mlperf.submission.tables import detect_round, load_round, rounds


class PowerCheck(msgspec.Struct, frozen=True):
    """One of the eleven checks: passed, and what was found; warnings do not fail it."""

    name: str
    passed: bool
    problems: list[str]
    warnings: list[str]

    def lines(self) -> list[str]:
        """The check as the official tool marks it, and its problems below."""
        found = [f"    {problem}" for problem in self.problems]
        return [f"[{'x' if self.passed else ' '}] {self.name}", *found, *(f"    warning: {w}" for w in self.warnings)]


class PowerReport(msgspec.Struct, frozen=True):
    """The checks of one measurement. `error` says why none could be made; `watts` is the mean of the testing run."""

    path: str
    round: str
    checks: list[PowerCheck]
    simulated: bool = False
    watts: float | None = None
    error: str = ""

    @property
    def passed(self) -> bool:
        """True when all eleven passed."""
        return len(self.checks) == len(CHECKS) and all(check.passed for check in self.checks)

    def lines(self) -> list[str]:
        """The report as text."""
        if self.error:
            return [f"{self.path}: no check was made: {self.error}"]
        count = sum(check.passed for check in self.checks)
        power = "no sample in the measured time" if self.watts is None else f"{self.watts:.6g} W"
        first = f"{self.path}: {count} of {len(self.checks)} checks passed, round {self.round}, {power}"
        first += " (simulated)" if self.simulated else ""
        return [first, *(line for check in self.checks for line in check.lines())]


def power_reports(root: str, round_name: str = "") -> list[PowerReport]:
    """Reports on all measurements of a tree, or on the one of a `performance` directory.

    Args:
        round_name: whose table counts; that of each run's seeds if empty.

    Raises:
        NotFound: no such directory, or no power measurement in it.
    """
    chosen = load_round(round_name).round if round_name else ""
    top = index_tree(root)
    places = [node for node in (top, *top.walk()) if node.directory("power") and node.directory("run_1")]
    if not places:
        raise NotFound(
            f"no power measurement in {root!r}", hint="give a tree, or a directory with power, ranging and run_1"
        )
    return [_report(root, node, chosen) for node in places]


def _report(root: str, place: Node, round_name: str) -> PowerReport:
    path = shown(place.path) or "."
    try:
        chosen = round_name or _round_of(root, place)
        records = read_records(root, place)
    except MalformedFile as error:
        return PowerReport(path, round_name, [], error=error.message)
    return PowerReport(
        path,
        chosen,
        [_check(name, problems) for name, problems in deep_checks(records, chosen).items()],
        bool(records.client.simulated or records.server.simulated),
        mean_watts(records.samples, *records.window, chosen),
    )


def _round_of(root: str, place: Node) -> str:
    node = place.file(f"run_1/{DETAIL}")
    if node is None:
        raise MalformedFile(f"run_1/{DETAIL} is missing")
    return detect_round(read_detail(join(root, node.path)).integer("effective_qsl_rng_seed")) or rounds()[-1]


def _check(name: str, problems: list[Problem]) -> PowerCheck:
    wrong = [_said(problem) for problem in problems if not problem.warn]
    return PowerCheck(name, not wrong, wrong, [_said(problem) for problem in problems if problem.warn])


def _said(problem: Problem) -> str:
    parts = [
        f"{word} {value}" for word, value in (("expected", problem.expected), ("found", problem.found)) if value != ""
    ]
    return shown(problem.message) + (f" ({shown(', '.join(parts))})" if parts else "")
