"""The system description (systems/<system>.json): host facts, defaults, and what the user says, in this order.

Sources of fields and defaults: mlperf-inference 11.3 and 18. Every field keeps where its value came from:
``detected``, ``default`` or ``user``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from franca.mlperf.submission.fields import KNOWN, NETWORK, POWER, REQUIRED, REQUIRED_LATER, UNDEFINED

DEFAULTS = {
    "status": "available",
    "number_of_nodes": "1",
    "accelerators_per_node": "0",
    "accelerator_model_name": "N/A",
    "accelerator_memory_capacity": "N/A",
    "accelerator_host_interconnect": "N/A",
    "accelerator_memory_configuration": "N/A",
    "accelerator_interconnect": "N/A",
    "accelerator_frequency": "N/A",
    "accelerator_interconnect_topology": "N/A",
    "accelerator_on-chip_memories": "N/A",
    "cooling": "air",
    "host_networking": "Gig Ethernet",
    "host_networking_topology": "N/A",
    "host_network_card_count": "1",
    "host_memory_configuration": UNDEFINED,
    "host_processor_interconnect": "N/A",
    "host_storage_capacity": UNDEFINED,
    "host_storage_type": "SSD",
    "hw_notes": "",
    "sw_notes": "",
}
#: Facts that have no field of their own go into the notes, so that nothing measured is lost.
HARDWARE_NOTES = (
    "machine", "host_processor_flags", "hypervisor", "governor", "turbo", "numa_nodes", "host_processor_usable_threads",
    "accelerator_driver",
)  # fmt: skip
POWERED = (*POWER, "system_power_only")
"""Fields of submissions with power alone (10.7)."""
MAY_BE_EMPTY = frozenset({"hw_notes", "sw_notes"})


class Submitter(NamedTuple):
    """Who submits what: the fields of a description that no machine can tell."""

    submitter: str
    division: str
    category: str
    hw_name: str
    hw_notes: str = ""
    sw_notes: str = ""


class Described(NamedTuple):
    """A description, and the source of each of its fields."""

    fields: dict[str, str]
    sources: dict[str, str]


def describe_system(
    who: Submitter,
    facts: Mapping[str, Any],
    software: Mapping[str, str],
    framework: str,
    given: Mapping[str, str],
    *,
    powered: bool = False,
) -> Described:
    """The fields of the official schema, all of them texts.

    Args:
        facts: ``{field: {"value": ..., "source": ...}}`` as ``inference.system.describe`` gives them.
        software: package versions, ``python`` among them.
        given: fields that the user wrote; they win, except over division and submitter, which follow the path.
        powered: whether power was measured.
    """
    fields: dict[str, tuple[str, str]] = {name: (value, "default") for name, value in DEFAULTS.items()}
    for name, fact in facts.items():
        if name in KNOWN and (powered or name not in POWERED):
            fields[name] = (str(fact["value"]), str(fact["source"]))
    fields["system_name"] = (f"{who.hw_name} (auto detected)", "detected")
    fields["system_type_detail"] = (f"{who.category.split(',')[0]} server", "default")
    fields["framework"] = (framework, "detected")
    fields["other_software_stack"] = (_stack(facts, software), "detected")
    fields["hw_notes"] = (_joined(who.hw_notes, _notes(facts)), "user" if who.hw_notes else "detected")
    fields["sw_notes"] = (who.sw_notes, "user" if who.sw_notes else "default")
    fields |= {name: (str(value), "user") for name, value in given.items() if str(value).strip() and name in KNOWN}
    fields["division"] = (who.division, "user")
    fields["submitter"] = (who.submitter, "user")
    fields["system_type"] = (who.category, "user")
    wanted = (*REQUIRED, *REQUIRED_LATER, *(NETWORK if who.division == "network" else ()))
    for name in (*wanted, *(POWERED if powered else ())):
        value, source = fields.get(name, ("", "default"))
        if not value.strip() and name not in MAY_BE_EMPTY:
            value, source = "N/A", "default"
        fields[name] = (value, source)
    known = {name: pair for name, pair in fields.items() if name in KNOWN and name != "host_load"}
    return Described({n: value for n, (value, _) in known.items()}, {n: source for n, (_, source) in known.items()})


def _stack(facts: Mapping[str, Any], software: Mapping[str, str]) -> str:
    """``Python: 3.11.2, gcc-12.2.0, CUDA 12.4 Docker version: 28.2.2``, then the packages (section 18.1)."""
    python, cuda, docker = software.get("python"), _value(facts, "cuda"), _value(facts, "docker")
    names = (f"Python: {python}" if python else "", _value(facts, "compiler"), f"CUDA {cuda}" if cuda else "")
    first = ", ".join(filter(None, names)) + (f" Docker version: {docker}" if docker else "")
    packages = (f"{name}-{version}" for name, version in software.items() if name != "python")
    return ", ".join(filter(None, (first.strip(), *packages))) or "N/A"


def _value(facts: Mapping[str, Any], name: str) -> str:
    return str(facts[name]["value"]) if name in facts else ""


def _notes(facts: Mapping[str, Any]) -> str:
    found = [(name, str(facts[name]["value"])) for name in HARDWARE_NOTES if name in facts]
    return "; ".join(f"{name}: {value}" for name, value in found if value not in ("", "undefined"))


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
