"""Rules that no checker sees, as lines that the submitter signs off (mlperf-inference section 12.4)."""

from __future__ import annotations

from typing import NamedTuple

from franca.mlperf.submission.build_weights import STRICT


class Kind(NamedTuple):
    """What decides which rules are asked of a result."""

    division: str
    category: str  #: one or two with a comma
    status: str = "available"
    compliance: bool = False  #: whether compliance tests were run
    power: bool = False  #: whether power was measured


REFERENCE = (
    "Weights and topology are those of the reference.",
    "Weights were quantised by calibration alone, if at all, with samples of the published list.",
    "Nothing was retrained, pruned or distilled.",
    "The precision of a computation does not depend on the sample.",
)
ALWAYS = (
    "Nothing was cached across queries.",
    "No knowledge of the test set was used.",
    "Work outside the timed part is limited to loading and to the pre-processing that the rules list.",
)
DATACENTER = (
    "The memory of the system corrects errors (ECC).",
    "The system has the networking that its description states.",
)
AVAILABLE = "Every part of the system, hardware and software, can be bought or downloaded by others."
LOGS = (
    "No log was edited. Runs may be repeated and the best one taken; accuracy logs are shortened as the rules ask, "
    "with the digest of the whole log kept."
)


def checklist(kind: Kind) -> list[str]:
    """The rules for one result, in the order of the section."""
    place = "the load node" if kind.division == "network" else "the host of the system under test"
    rules = [f"LoadGen is unmodified, of the round's version, and ran on {place}."]
    rules += REFERENCE if kind.division in STRICT else ()
    rules += ALWAYS
    runs = ["Performance", "accuracy", *(["compliance"] if kind.compliance else []), *(["power"] if kind.power else [])]
    rules.append(f"{', '.join(runs[:-1])} and {runs[-1]} runs used the same system, software and model file.")
    rules += DATACENTER if "datacenter" in kind.category.split(",") else ()
    rules += [AVAILABLE] if kind.status.lower() == "available" else []
    return [*rules, LOGS]
