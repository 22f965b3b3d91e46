"""Which results of a folder belong into a tree: a trial over part of the data beside whole ones is left out, and named.

A model of one's own stands for an official benchmark, and checkers then ask for as many samples in memory as that
benchmark has (P6). Trials that were never made for a submission have fewer. Where there is nothing but trials, they
are what is wanted, and the checker says what they lack.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import msgspec

from franca.mlperf.logs.detail import read_detail
from franca.mlperf.submission.build_source import ModelSource, ScenarioSource
from franca.mlperf.submission.tables import Round, official_model

DETAIL = "mlperf_log_detail.txt"


def submittable(
    sources: list[ModelSource], table: Round, division: str, mapping: Mapping[str, str], say: Callable[[str], None]
) -> list[ModelSource]:
    """The sources without runs over too few samples; all of them when nothing else is there."""
    left_out: list[str] = []
    kept = [_kept(source, table, division, mapping, left_out.append) for source in sources]
    found = [source for source in kept if source.scenarios]
    if not found:
        return sources
    for line in left_out:
        say(line)
    return found


def _kept(
    source: ModelSource, table: Round, division: str, mapping: Mapping[str, str], say: Callable[[str], None]
) -> ModelSource:
    if source.model in table.models:
        return source  # an official model has its official data: fewer samples are a fault to be told
    official = official_model(source.model, table, {**source.mapping, **mapping}, division)
    if official is None:
        return source
    least = table.models[official].performance_samples
    scenarios = []
    for scenario in source.scenarios:
        count = _samples(scenario)
        if count >= least:
            scenarios.append(scenario)
        else:
            place = f"{source.sut}/{source.model}/{scenario.name}"
            say(f"left out: {place} ran over {count} samples, {official} asks for {least}")
    return msgspec.structs.replace(source, scenarios=scenarios)


def _samples(scenario: ScenarioSource) -> int:
    return read_detail(os.path.join(scenario.performance, DETAIL)).integer("effective_performance_sample_count")
