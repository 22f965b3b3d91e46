"""What a tracker is told about a benchmark: one entry for each scenario, plain settings and numbers."""

from __future__ import annotations

import msgspec

from franca.publish.report.records import Results, Scenario

SETTINGS = (
    "benchmark", "model", "model_sha256", "dataset", "dataset_sha256", "samples", "sut", "profile", "round", "note",
    "submission_grade", "started", "finished", "command",
)  # fmt: skip


class Entry(msgspec.Struct, frozen=True):
    """One run of a tracker. Metrics are plain numbers; the unit is part of the name."""

    name: str
    group: str
    settings: dict[str, str]
    metrics: dict[str, float]


def entries_of(results: Results) -> list[Entry]:
    """One entry for each scenario of a results file."""
    return [_entry(results, one) for one in results.scenarios]


def _entry(results: Results, one: Scenario) -> Entry:
    settings = {name: str(getattr(results, name)) for name in SETTINGS}
    settings |= {f"software.{name}": version for name, version in results.software.items()}
    settings |= {f"system.{name}": str(field.get("value", "")) for name, field in results.system.items()}
    settings["scenario"] = one.scenario
    return Entry(f"{results.sut} {results.model} {one.scenario}", results.sut, settings, _metrics(one))


def _metrics(one: Scenario) -> dict[str, float]:
    found: dict[str, float] = {}
    performance, accuracy = one.performance, one.accuracy
    if performance is not None:
        found[f"{performance.metric} ({performance.unit})"] = performance.value
        found["samples per second"] = performance.samples_per_second
        found["valid"] = float(performance.good)
        found["duration (s)"] = performance.duration_s
        found["peak memory (bytes)"] = float(performance.peak_memory_bytes)
        for percentile, nanoseconds in performance.latency.percentiles.items():
            found[f"latency p{float(percentile):g} (ms)"] = nanoseconds / 1e6
        if performance.power is not None:
            found[f"power ({performance.power.unit})"] = performance.power.value
            found["samples per joule"] = performance.power.samples_per_joule
    if accuracy is not None:
        found[f"accuracy {accuracy.name}"] = accuracy.value
        found["accuracy passed"] = float(accuracy.passed)
    return found
