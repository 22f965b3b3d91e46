"""TEST01 where payloads differ: scores of the sampled responses of both runs must be alike (specification 9.5, C4)."""

from __future__ import annotations

import math
from typing import NamedTuple

from franca.mlperf.submission.documents import find_metric
from franca.mlperf.submission.tables import Model


class Gap(NamedTuple):
    """How far one metric of the two scores is apart, in percent of the compliance run's."""

    metric: str
    percent: float  #: infinite where a score is missing or 0
    allowed: float

    @property
    def small(self) -> bool:
        return self.percent <= self.allowed


def usual_percent(official: str) -> float:
    """What a benchmark allows where its round states nothing: 1 %, and 0.1 % for -99.9."""
    return 0.1 if official.endswith("-99.9") else 1.0


def gaps(rules: Model, official: str, scenario: str, baseline: str, compliance: str) -> list[Gap]:
    """Every metric of the benchmark in the two texts, which are in the form of ``accuracy.txt``."""
    found = []
    for metric in [target.metric for target in rules.targets(scenario)]:
        allowed = rules.test01_delta_percent.get(metric, usual_percent(official))
        percent = delta_percent(find_metric(baseline, metric), find_metric(compliance, metric))
        found.append(Gap(metric, percent, allowed))
    return found


def delta_percent(base: str | None, test: str | None) -> float:
    if base is None or test is None or float(base) == 0 or float(test) == 0:
        return math.inf
    return abs(1 - float(base) / float(test)) * 100
