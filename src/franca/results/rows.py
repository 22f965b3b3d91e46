"""Rows of ``cm-result.json`` and of ``summary.csv`` as typed results (mlperf-inference 14.1, 14.4).

Real rows are uneven: numbers as text, texts in place of numbers, power in a row of its own or beside the result,
every result twice. What had to be repaired is counted, what cannot be used is listed, and nothing stops the rest.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from franca.model.result import Metric, Result, Scalar
from franca.results.derived import HIGHER, LOWER, MULTI_STREAM_SAMPLES, derived_metrics

_NAMED = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,40}): (-?[0-9]{1,15}(?:\.[0-9]{1,17})?)(?=\s|$)")
POWER_UNITS = ("Watts", "millijoules")
SUITE = "mlperf-inference"
_TEXTS = {
    "organization": "Organization", "platform": "Platform", "system": "SystemName", "division": "Division",
    "category": "SystemType", "availability": "Availability", "benchmark": "MlperfModel", "model": "Model",
    "scenario": "Scenario", "location": "Location", "url": "url", "round": "version", "task": "task",
}  # fmt: skip
_TAKEN = frozenset([*_TEXTS.values(), "Result", "Units", "Result_Units", "Result_Power", "Result_Power_Units",
                    "inferred", "compliance", "uid"])  # fmt: skip
_LOGGED = {
    "latency_p99_ms": ("latency_p99_ms", "ms", LOWER),
    "queries": ("queries", "queries", ""),
    "duration_s": ("duration_s", "s", ""),
    "harness_ratio": ("measurements.harness_ratio", "", HIGHER),
}
"""Metrics from columns of trees. The harness ratio is the rate through LoadGen over that of the bare model (5.6)."""
SHORT_NOTE = "SHORT RUN, no submission."
"""How the notes of a summary begin where the runs were too short to count; its rows hold nothing else about it."""
MEASURED = "settings.test_datetime"
"""Column that tells two runs at one place of a tree apart."""

Row = Mapping[str, Any]


class Reading(msgspec.Struct, frozen=True):
    """What rows gave. ``repairs`` counts what was put right, ``rejected`` says which rows are no results and why."""

    results: list[Result]
    repairs: dict[str, int]
    rejected: list[str]


def key_of(row: Row) -> str:
    """The identity of a result: suite, round, place, scenario and time of the run; not its random uid (EX-92)."""
    parts = (SUITE, *(_text(row.get(c)) for c in ("version", "Location", "Scenario", MEASURED)))
    if not _text(row.get("Location")):
        names = ("Organization", "Division", "Platform", "Model", "Accuracy", "Result")
        parts += tuple(_text(row.get(c)) for c in names)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def is_power_row(row: Row) -> bool:
    """A row that holds nothing but the power of another one (rounds from v4.0, and our own)."""
    return number(row.get("Result")) is None and number(row.get("Result_Power")) is not None


def read_rows(rows: Iterable[Row]) -> Reading:
    """Typed results of rows in any order; the later of two rows of one result counts."""
    repairs: Counter[str] = Counter()
    rejected: list[str] = []
    plain: dict[str, Row] = {}
    power: dict[str, Row] = {}
    for row in rows:
        problem = problem_of(row)
        if problem:
            rejected.append(f"{place_of(row)}: {problem}")
            continue
        place = power if is_power_row(row) else plain
        key = key_of(row)
        repairs["duplicate rows"] += key in place
        place[key] = row
    results = []
    for key, row in plain.items():
        extra = power.pop(key, None)
        repairs["power rows joined"] += extra is not None
        results.append(_result(key, row, extra, repairs))
    rejected += [f"{_text(row.get('Location'))}: power without a result" for row in power.values()]
    return Reading(results, {name: count for name, count in repairs.items() if count}, rejected)


def place_of(row: Row) -> str:
    """Where a row is from, for messages."""
    named = isinstance(row, Mapping) and (_text(row.get("Location")) or _text(row.get("uid")))
    return named or "a row"


def problem_of(row: Row) -> str:
    """Why a row is no result; '' when it is one."""
    if not isinstance(row, Mapping):
        return f"a {type(row).__name__}, expected an object"
    if not _text(row.get("Scenario")):
        return "no scenario: not an inference result"
    if number(row.get("Result")) is None and number(row.get("Result_Power")) is None:
        return f"the result is {row.get('Result')!r}, expected a number"
    return ""


def _result(key: str, row: Row, power_row: Row | None, repairs: Counter[str]) -> Result:
    texts = {field: _text(row.get(column)) for field, column in _TEXTS.items()}
    unit = _text(row.get("Units") or row.get("Result_Units"))
    more = [(name, value) for name, value in row.items() if name not in _TAKEN]
    info = {name: _scalar(value) for name, value in more if _known(value)}
    repairs["unusable values left out"] += len(more) - len(info)
    return Result(
        key=key,
        suite=SUITE,
        **texts,
        unit=unit,
        inferred=bool(number(row.get("inferred"))),
        compliant=_text(row.get("compliance")) not in ("0", "False"),
        measured=_text(row.get(MEASURED)),
        metrics=_metrics(row, power_row, texts["scenario"], unit),
        info=info,
    )


def _metrics(row: Row, power_row: Row | None, scenario: str, unit: str) -> dict[str, Metric]:
    better = LOWER if unit.startswith("Latency") else HIGHER
    value = number(row.get("Result"))
    metrics = {} if value is None else {"result": Metric(value, unit, better)}
    metrics |= _accuracy(row.get("Accuracy"))
    power = number((power_row or row).get("Result_Power"))
    if power is not None:
        label = _text((power_row or {}).get("Units") or row.get("Result_Power_Units"))
        default = "millijoules" if scenario.endswith("Stream") else "Watts"
        metrics["power"] = Metric(power, label if label in POWER_UNITS else default, LOWER)
    for name, (column, label, direction) in _LOGGED.items():
        found = number(row.get(column))
        if found is not None:
            metrics[name] = Metric(found, label, direction)
    if "result" in metrics:
        metrics |= derived_metrics(
            scenario,
            metrics["result"],
            power=power,
            accelerators=accelerators(row),
            cores=_cores(row),
            per_query=_per_query(row),
        )
    return metrics


def _accuracy(said: object) -> dict[str, Metric]:
    """``76.7``, or since v4.1 ``acc: 76.7``; of several figures (``ROUGE1: 44.3  ROUGE2: 22.0``) each has its name."""
    plain = number(said)
    if plain is not None:
        return {"accuracy": Metric(plain, "", HIGHER)}
    pairs = _NAMED.findall(said) if isinstance(said, str) else []
    if len(pairs) == 1:
        return {"accuracy": Metric(float(pairs[0][1]), pairs[0][0], HIGHER)}
    return {f"accuracy_{name}": Metric(float(value), name, HIGHER) for name, value in pairs}


def accelerators(row: Row) -> int:
    """Accelerators of all nodes; 0 when there are none or nobody says."""
    return int((number(row.get("number_of_nodes")) or 1) * (number(row.get("accelerators_per_node")) or 0))


def _per_query(row: Row) -> int:
    """Samples in a query of MultiStream. An inferred result was measured with others, and is for the usual number."""
    told = None if number(row.get("inferred")) else number(row.get("settings.effective_samples_per_query"))
    return int(told) if told and told >= 1 else MULTI_STREAM_SAMPLES


def _cores(row: Row) -> int:
    each = (number(row.get("host_processors_per_node")) or 0) * (number(row.get("host_processor_core_count")) or 0)
    return int((number(row.get("number_of_nodes")) or 1) * each)


def number(value: object) -> float | None:
    """A number or the text of one; None for truth values, texts such as N/A, and what is no finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _text(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    return "" if value is None else str(value).strip()


def _known(value: object) -> bool:
    if isinstance(value, str):
        return value.strip() not in ("", "None", "null")
    return value is not None and not isinstance(value, (list, dict))


def _scalar(value: object) -> Scalar:
    return value if isinstance(value, (str, int, float, bool)) else str(value)
