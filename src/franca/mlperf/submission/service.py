"""Results of the service form (v6.1): a model behind an endpoint, measured by requests instead of by LoadGen.

Three files stand for LoadGen's logs: `config.yaml` in the scenario directory, `performance/result_summary.json` and
`accuracy/accuracy_results.json`. A value is looked for in the summary first and then in the configuration, as the
official checker does (submission structure of v6.1, service form).
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable

import msgspec

from franca.catalog.files import read_yaml
from franca.errors import Location, MalformedFile
from franca.mlperf.logs.detail import DetailLog
from franca.mlperf.logs.entry import DetailEntry
from franca.mlperf.logs.lines import excerpt
from franca.mlperf.submission.documents import MAX_SMALL, read_object
from franca.mlperf.submission.index import Node

CONFIGS = ("config.yaml", "config.yml")
SUMMARY = "performance/result_summary.json"
ACCURACY = "accuracy/accuracy_results.json"
AUDIT = "audit"
"""Directory of the records of compliance tests."""

LOGS = ("performance/run_1/mlperf_log_detail.txt", "accuracy/mlperf_log_detail.txt")
SINCE = (6, 1)
"""Round from which on results may have this form."""

ONLINE = "online"
"""How the service form calls Server."""

LARGEST = 1e18
"""Nanoseconds in 30 years: no figure of a run is larger."""

Path = tuple[str, ...]
PERCENTILES = "early_stopping_percentiles"


def is_service(scenario: Node) -> bool:
    """True for a scenario directory with files of the service form and without LoadGen's logs."""
    if any(scenario.get(log) for log in LOGS):
        return False
    return any(scenario.get(name) for name in (*CONFIGS, SUMMARY, ACCURACY))


class Document(msgspec.Struct, frozen=True):
    """One file as nested mappings, with values taken out of it by their place and checked."""

    path: str
    content: dict[str, object]

    def find(self, place: Path) -> object:
        """The value at a place; None where there is none. `99.0` finds `99` and the number 99 as well."""
        node: object = self.content
        for part in place:
            if not isinstance(node, dict):
                return None
            node = next((node[name] for name in _spellings(part) if name in node), None)
        return node

    def number(self, place: Path) -> float | None:
        """A number at a place; None where there is none. Raises MalformedFile: something else is there."""
        value = self.find(place)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not -LARGEST < value < LARGEST:
            shown = _shown(value)
            raise MalformedFile(f"{'.'.join(place)} is {shown}, expected a finite number", where=Location(self.path))
        return float(value)

    def text(self, place: Path) -> str:
        """A text at a place; '' where there is none. Raises MalformedFile: something else is there."""
        value = self.find(place)
        if value is None:
            return ""
        if not isinstance(value, str):
            shown = _shown(value)
            raise MalformedFile(f"{'.'.join(place)} is {shown}, expected a text", where=Location(self.path))
        return value


def _shown(value: object) -> str:
    """A value for a message; of a list or a mapping, which may be endless, only what it is."""
    return excerpt(repr(value), 60) if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"


def _spellings(part: str) -> tuple[object, ...]:
    if not part.replace(".", "", 1).isdigit():
        return (part,)
    value = float(part)
    return (part, f"{value:g}", value)


def read_summary(path: str) -> Document:
    """A JSON file of the service form. Raises MalformedFile."""
    return Document(path, read_object(path))


def read_config(path: str, size: int) -> Document:
    """The YAML file. Raises MalformedFile: too long, no YAML, or no mapping."""
    if size > MAX_SMALL:
        raise MalformedFile(f"file is longer than {MAX_SMALL} bytes", where=Location(path))
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise MalformedFile(f"holds a {type(content).__name__}, expected a mapping", where=Location(path))
    return Document(path, content)


RUNTIME: Path = ("settings", "runtime")
LOAD: Path = ("settings", "load_pattern")


class ServiceRun(msgspec.Struct, frozen=True):
    """A performance run: what it was told to do, and what it counted and timed."""

    summary: Document
    config: Document

    def number(self, in_summary: Path, in_config: Path = ()) -> float | None:
        """From the summary, else from the configuration. Raises MalformedFile."""
        found = self.summary.number(in_summary) if in_summary else None
        return self.config.number(in_config) if found is None and in_config else found

    @property
    def kind(self) -> str:
        """Scenario that the run was configured for, as written there."""
        return self.summary.text(("effective_scenario",)) or self.config.text(("type",))

    @property
    def min_duration_ms(self) -> float | None:
        return self.number(("min_duration_ms",), (*RUNTIME, "min_duration_ms"))

    @property
    def sample_index_seed(self) -> int | None:
        return self._seed("effective_sample_index_rng_seed", "dataloader_random_seed")

    @property
    def schedule_seed(self) -> int | None:
        return self._seed("effective_schedule_rng_seed", "scheduler_random_seed")

    def _seed(self, in_summary: str, in_config: str) -> int | None:
        """Seeds are larger than a floating-point number can hold exactly."""
        for document, place in ((self.summary, (in_summary,)), (self.config, (*RUNTIME, in_config))):
            value = document.find(place)
            if value is not None:
                if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 64:
                    shown = _shown(value)
                    raise MalformedFile(
                        f"{'.'.join(place)} is {shown}, expected a whole number", where=Location(document.path)
                    )
                return value
        return None

    @property
    def issued(self) -> float | None:
        return self.number(("n_samples_issued",))

    @property
    def completed(self) -> float | None:
        found = self.number(("result", "total"))
        return self.number(("n_samples_completed",)) if found is None else found

    @property
    def failed(self) -> float | None:
        found = self.number(("result", "failed"))
        return self.number(("n_samples_failed",)) if found is None else found

    @property
    def duration_ns(self) -> float | None:
        return self.number(("duration_ns",))

    def percentile(self, what: str, percent: str) -> float | None:
        """ns; of `latency`, `ttft` (first token) or `tpot` (further tokens), as early stopping estimates it."""
        return self.number((what, PERCENTILES, percent))

    @property
    def rate(self) -> float | None:
        """Samples/s, as the official tools derive it: issued over the whole duration."""
        issued, duration = self.issued, self.duration_ns
        return issued / duration * 1e9 if issued is not None and duration else None


def settings_log(run: ServiceRun, scenario: str) -> DetailLog:
    """The run under the keys of LoadGen's log, for the records of results; what is missing or wrong is left out."""
    log = DetailLog(run.summary.path)
    for key, take in _settings(run, scenario).items():
        with contextlib.suppress(MalformedFile):  # the rule of that value has found it already
            value = take()
            if value is not None:
                whole = isinstance(value, float) and value.is_integer()
                log.first[key] = DetailEntry(key, int(value) if whole else value, 0.0, 0, False, False)  # type: ignore[call-overload]
    return log


def _settings(run: ServiceRun, scenario: str) -> dict[str, Callable[[], object]]:
    summary, config = run.summary, run.config
    return {
        "loadgen_version": lambda: summary.find(("endpoints_version",)) or config.find(("version",)),
        "test_datetime": lambda: summary.find(("test_datetime",)) or summary.find(("test_started_at",)),
        "effective_scenario": lambda: scenario,
        "effective_target_qps": lambda: run.number(("target_qps",), (*LOAD, "target_qps")),
        "effective_min_duration_ms": lambda: run.min_duration_ms,
        "effective_min_query_count": lambda: run.number(("min_sample_count",), (*RUNTIME, "n_samples_to_issue")),
        "effective_sample_index_rng_seed": lambda: run.sample_index_seed,
        "effective_schedule_rng_seed": lambda: run.schedule_seed,
        "qsl_reported_total_count": lambda: run.issued,
        "result_query_count": lambda: run.completed,
        "result_99.00_percentile_latency_ns": lambda: run.percentile("latency", "99.0"),
    }


class Scores(msgspec.Struct, frozen=True):
    """What an accuracy run found: the first score as written, and the samples of all its data sets."""

    first: object
    samples: int | None
    failed: float
    sets: int


def read_scores(document: Document) -> Scores:
    """The scores of `accuracy_results.json`. Raises MalformedFile: they are not a list of mappings."""
    entries = document.find(("accuracy_scores",))
    if entries is None:
        entries = []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise MalformedFile("accuracy_scores is no list of objects", where=Location(document.path))
    each = [Document(document.path, entry) for entry in entries]
    scores = [one.find(("score",)) for one in each]
    counts = [_samples(one) for one in each if one.find(("dataset_type",)) in (None, "accuracy")]
    known = [count for count in counts if count is not None]
    total = sum(known) if known else document.number(("n_samples_issued",))
    return Scores(
        first=next((score for score in scores if score is not None), None),
        samples=None if total is None else int(total),
        failed=document.number(("result", "failed")) or document.number(("n_samples_failed",)) or 0.0,
        sets=sum(score is not None for score in scores),
    )


def _samples(entry: Document) -> float | None:
    found = entry.number(("total_samples",))
    return entry.number(("response_counts", "issued")) if found is None else found


def metrics_of(first: object) -> dict[str, float]:
    """A score as numbers by name, '' where it is one number; texts that are numbers count."""
    items = first.items() if isinstance(first, dict) else [("", first)]
    return {str(name): value for name, raw in items if (value := _value(raw)) is not None}


def _value(raw: object) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return None
    try:
        value = float(raw)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None
