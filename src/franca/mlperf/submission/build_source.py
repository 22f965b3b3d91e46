"""What a results tree holds for a submission: one record a scenario, found by names (mlperf-inference 7.3, 7.4).

The trees of this harness and of other tools that keep the same names are read alike; what only ours has
(``results.json`` with host facts and the command) makes the documents richer.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import msgspec

from franca.errors import FrancaError, Location, MalformedFile, NotFound
from franca.mlperf.submission.documents import read_object
from franca.mlperf.submission.tables import canonical_scenario

STYLES = ("valid", "fast", "test")
SUFFIX = "_results"
RESULTS = "results.json"
USER_CONF = "user.conf"
MEASUREMENTS = "measurements.json"


class ScenarioSource(msgspec.Struct, frozen=True):
    """The folders of one scenario's runs; '' where there is none. ``tests`` maps TESTxx to its folder."""

    name: str
    performance: str
    accuracy: str = ""
    tests: dict[str, str] = {}


class ModelSource(msgspec.Struct, frozen=True):
    """One model on one system under test, with everything that was recorded beside the logs."""

    sut: str
    model: str
    folder: str
    scenarios: list[ScenarioSource]
    record: dict[str, Any] = {}
    """Content of ``results.json``; empty for the trees of other tools."""
    meta: dict[str, str] = {}
    """Content of ``system_meta.json``: fields of the system description in the official names."""
    sut_info: dict[str, str] = {}
    """Content of ``cm-sut-info.json``."""
    mapping: dict[str, str] = {}
    """Content of ``model_mapping.json``."""
    unmeasured: list[str] = []
    """Scenarios without performance logs."""
    request: dict[str, Any] = {}
    """Content of ``request.json``: the inputs of the run."""

    def told(self, scenario: str) -> dict[str, Any]:
        """What ``results.json`` knows that belongs beside a result (15.1, 14.4): batch limit, harness ratio."""
        found = {"max_batchsize": (self.record.get("settings") or {}).get("max_batchsize")}
        for one in self.record.get("scenarios") or []:
            if isinstance(one, dict) and one.get("scenario") == scenario:
                found["harness_ratio"] = ((one.get("performance") or {}).get("overhead") or {}).get("ratio")
        return {name: value for name, value in found.items() if value is not None}


def find_results(results_dir: str, style: str = "", say: Callable[[str], None] | None = None) -> list[ModelSource]:
    """Models with at least one performance run below ``<results_dir>/<style>_results``.

    Args:
        style: ``valid``, ``fast`` or ``test``; '' takes the first of them that is there.
        say: gets a line for each scenario that is left out because it was not measured.

    Raises:
        NotFound: no such results. MalformedFile: ``user.conf`` or ``measurements.json`` of a run is missing.
    """
    for one in (style,) if style else STYLES:
        root = os.path.join(results_dir, one + SUFFIX)
        found = [_model(root, sut, model) for sut in _folders(root) for model in _folders(os.path.join(root, sut))]
        found = found if any(source.scenarios for source in found) else []
        if found:
            for source in found:
                for name in source.unmeasured:
                    (say or _silent)(f"left out: {source.sut}/{source.model}/{name} has no performance logs")
            return [source for source in found if source.scenarios]
    raise NotFound(
        f"no benchmark results in {results_dir}" + (f" of style {style}" if style else ""),
        hint='run the benchmark first: franca run script "run mlperf inference"',
    )


def _silent(text: str) -> None:
    pass


def _folders(path: str) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return sorted(e.name for e in entries if e.is_dir(follow_symlinks=False) and e.name[0] != ".")
    except OSError:
        return []


def _model(root: str, sut: str, model: str) -> ModelSource:
    folder = os.path.join(root, sut, model)
    scenarios = [_scenario(folder, name) for name in _folders(folder) if canonical_scenario(name)]
    there = [s for s in scenarios if s.performance]
    part = there[0].performance if there else folder
    return ModelSource(
        sut,
        model,
        folder,
        there,
        unmeasured=[s.name for s in scenarios if not s.performance],
        record=_optional(os.path.join(folder, RESULTS)),
        meta=_texts(_optional(os.path.join(part, "system_meta.json"))),
        sut_info=_texts(_optional(os.path.join(root, sut, "cm-sut-info.json"))),
        mapping=_texts(_optional(os.path.join(part, "model_mapping.json"))),
        request=_optional(os.path.join(part, "request.json")),
    )


def _scenario(folder: str, name: str) -> ScenarioSource:
    place = os.path.join(folder, name)
    performance = os.path.join(place, "performance", "run_1")
    if not os.path.isfile(os.path.join(performance, "mlperf_log_detail.txt")):
        return ScenarioSource(name, "")
    for needed in (USER_CONF, MEASUREMENTS):
        if not os.path.isfile(os.path.join(performance, needed)):
            raise MalformedFile(f"{needed} of this run is missing", where=Location(os.path.join(performance, needed)))
    accuracy = os.path.join(place, "accuracy")
    tests = {test: os.path.join(place, test) for test in _folders(place) if test.startswith("TEST")}
    return ScenarioSource(name, performance, accuracy if os.path.isdir(accuracy) else "", tests)


def _optional(path: str) -> dict[str, Any]:
    if not os.path.isfile(path):
        return {}
    try:
        return dict(read_object(path))
    except FrancaError as error:
        raise MalformedFile(f"cannot be used: {error.message}", where=Location(path)) from error


def _texts(data: dict[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in data.items() if isinstance(value, (str, int, float))}
