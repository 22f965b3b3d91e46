"""`mlperf_log_summary.txt`: what LoadGen prints for people (specification 4.1).

The metric line is the plain percentile or rate, not the metric of the round: that one is in the detail log.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from franca.errors import Location, MalformedFile
from franca.mlperf.logs.lines import excerpt, read_lines

MAX_SUMMARY = 16 * 1024 * 1024
_METRIC = re.compile(
    r"\d+(\.\d+)?th percentile latency \(ns\)|(Completed|Scheduled) samples per second|Samples per second"
)
_COUNT = re.compile(r"(\d+) (warnings?|errors?) encountered\.", re.IGNORECASE)
_NONE = re.compile(r"No (warnings|errors) encountered during test\.")


class Summary(NamedTuple):
    """A summary file. In accuracy mode everything but the two counts is empty.

    `flags` holds the lines "... satisfied" by their first words ("Min duration": True); `stats` and
    `parameters` the two blocks below, name to text; `tokens` the lines about tokens above these blocks, and what is
    said about early stopping of the token latencies (3.9). Counts are -1 when the file does not say.
    """

    path: str
    sut_name: str
    scenario: str
    mode: str
    metric_label: str
    metric: float | None
    validity: str
    flags: dict[str, bool]
    recommendations: tuple[str, ...]
    early_stopping: tuple[str, ...]
    stats: dict[str, str]
    parameters: dict[str, str]
    warnings: int
    errors: int
    tokens: dict[str, str] = {}


def read_summary(path: str) -> Summary:
    """Read a summary file. Raises MalformedFile: a line too long, not UTF-8, or a value no number."""
    reader = _Reader(path)
    for number, line in read_lines(path, max_line=1024 * 1024, max_file=MAX_SUMMARY):
        reader.line(number, line)
    return reader.summary()


class _Reader:
    def __init__(self, path: str) -> None:
        self.path = path
        self.section = "MLPerf Results Summary"
        self.lines_after = ""
        self.head: dict[str, str] = {}
        self.flags: dict[str, bool] = {}
        self.metric_label = ""
        self.metric: float | None = None
        self.bullets: dict[str, list[str]] = {"Recommendations": [], "Early Stopping Result": []}
        self.blocks: dict[str, dict[str, str]] = {"Additional Stats": {}, "Test Parameters Used": {}}
        self.counts = {"warning": -1, "error": -1}

    def line(self, number: int, line: str) -> None:
        if line.startswith("===") or not line.strip():
            return
        if line in self.blocks or line == "MLPerf Results Summary":
            self.section = line
        elif "encountered" in line and self._count(line):
            return
        elif self.section in self.blocks:
            name, separator, value = line.partition(":")
            if separator:
                self.blocks[self.section].setdefault(name.strip(), value.strip())
        elif line.startswith(" *"):
            self.bullets.setdefault(self.lines_after, []).append(line[2:].strip())
        else:
            self._result(number, line)

    def _count(self, line: str) -> bool:
        none = _NONE.match(line)
        if none:
            self.counts[none.group(1)[:-1]] = 0
            return True
        some = _COUNT.match(line)
        if some:
            self.counts[some.group(2).lower().rstrip("s")] = int(some.group(1))
        return bool(some)

    def _result(self, number: int, line: str) -> None:
        name, separator, value = (part.strip() for part in line.partition(":"))
        if not separator:
            return
        self.lines_after = name
        if name.endswith("satisfied"):
            self.flags[name[: -len("satisfied")].strip()] = value.lower() == "yes"
        elif _METRIC.fullmatch(name):
            self._metric(number, name, value)
        else:
            self.head.setdefault(name, value)

    def _metric(self, number: int, name: str, value: str) -> None:
        if self.metric_label:
            return
        self.metric_label = name
        try:
            self.metric = float(value)
        except ValueError:
            raise MalformedFile(
                f"{name} is {excerpt(value, 40)!r}, expected a number", where=Location(self.path, number)
            ) from None

    def summary(self) -> Summary:
        return Summary(
            path=self.path,
            sut_name=self.head.get("SUT name", ""),
            scenario=self.head.get("Scenario", ""),
            mode=self.head.get("Mode", ""),
            metric_label=self.metric_label,
            metric=self.metric,
            validity=self.head.get("Result is", ""),
            flags=self.flags,
            recommendations=tuple(self.bullets["Recommendations"]),
            early_stopping=tuple(self.bullets["Early Stopping Result"]),
            stats=self.blocks["Additional Stats"],
            parameters=self.blocks["Test Parameters Used"],
            warnings=self.counts["warning"],
            errors=self.counts["error"],
            tokens=self._tokens(),
        )

    def _tokens(self) -> dict[str, str]:
        found = {name: value for name, value in self.head.items() if "token" in name.lower()}
        stopping = {name: " ".join(lines) for name, lines in self.bullets.items() if name.startswith(("TTFT", "TPOT"))}
        return {**found, **stopping}
