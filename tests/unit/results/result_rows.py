"""Rows as published summaries hold them, for tests of the store."""

from __future__ import annotations

from typing import Any

ROW: dict[str, Any] = {
    "Organization": "Acme", "Availability": "available", "Division": "closed", "SystemType": "edge",
    "SystemName": "Acme Box", "Platform": "box", "Model": "resnet50", "MlperfModel": "resnet",
    "Scenario": "Offline", "Result": 1000.0, "Accuracy": 76.0, "number_of_nodes": 2,
    "host_processors_per_node": 2, "host_processor_core_count": 8, "accelerators_per_node": "4",
    "Location": "closed/Acme/results/box/resnet50/Offline", "framework": "own 1.0", "version": "v3.0",
    "inferred": 0, "compliance": 1, "has_power": False, "Units": "Samples/s", "uid": "0123456789abcdef",
}  # fmt: skip


def row(**changes: Any) -> dict[str, Any]:
    """A row with other values; a None removes the column. A place of its own for another platform or scenario."""
    made = {**ROW, **changes}
    if "Location" not in changes:
        made["Location"] = f"{made['Division']}/{made['Organization']}/results/{made['Platform']}/{made['Scenario']}"
    return {key: value for key, value in made.items() if value is not None}
