"""What the measurements of a tree's results say of weights, and the calibration document that follows from them.

The closed and network divisions take the weights of the reference: no retraining, and quantisation only with a
document on how it was done (mlperf-inference sections 11.1, 12.4).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from franca.errors import Location, UsageError
from franca.mlperf.submission.build_source import MEASUREMENTS, ModelSource
from franca.mlperf.submission.documents import read_object

STRICT = ("closed", "network")
#: Types that weights are quantised to, as submissions name them; wider ones need no calibration.
_QUANTISED = re.compile(r"(?:u?int|i|u)[1248]|(?:mx|nv)?fp[468]\w*|nf4|fp8\w*|float[48]\w*", re.IGNORECASE)
_RETRAINED = ("yes", "y", "true", "1")
_UNKNOWN = "unknown"


class Weights(NamedTuple):
    """The statement of one result."""

    place: str  #: SYSTEM/MODEL/SCENARIO
    path: str
    types: str
    transformations: str
    retraining: str

    @property
    def quantised(self) -> bool:
        return any(_QUANTISED.fullmatch(word) for word in re.split(r"[^\w]+", self.types))


def stated(sources: Sequence[ModelSource]) -> list[Weights]:
    """The statements of all results. Raises MalformedFile: one cannot be read."""
    found = []
    for source in sources:
        for scenario in source.scenarios:
            path = os.path.join(scenario.performance, MEASUREMENTS)
            fields = read_object(path)
            types, changes, retraining = (
                str(fields.get(name, "")).strip()
                for name in ("weight_data_types", "weight_transformations", "retraining")
            )
            place = f"{source.sut}/{source.model}/{scenario.name}"
            found.append(Weights(place, path, types, changes, retraining))
    return found


def check_weights(weights: Sequence[Weights], division: str, calibrated: bool) -> None:
    """Refuse a tree of the strict divisions that its own statements speak against.

    Raises:
        UsageError: weights that were retrained, that nobody describes, or that were quantised without a document.
    """
    if division not in STRICT:
        return
    say = "say what is right with --measurements_file=FILE in the command that ran it; nothing is measured again"
    for one in weights:
        where = Location(one.path)
        if one.retraining.lower() in _RETRAINED:
            raise UsageError(
                f"{one.place} declares retraining, which the {division} division forbids", where=where, hint=say
            )
        unknown = [
            name
            for name, text in (("retraining", one.retraining), ("weight_data_types", one.types))
            if text.lower() in ("", _UNKNOWN)
        ]
        if unknown:
            raise UsageError(f"{one.place}: the {division} division needs {unknown[0]}", where=where, hint=say)
        if one.quantised and not calibrated:
            raise UsageError(
                f"{one.place}: weights are {one.types}, and the {division} division wants to know how they were "
                "quantised",
                where=where,
                hint="write it down and give the document with --calibration_file=FILE",
            )


def calibration_text(weights: Sequence[Weights]) -> str:
    """``calibration.md`` of results none of which was quantised: their types, and what changed them."""
    changed = sorted({one.place for one in weights if one.transformations.lower() not in ("", "no", "none")})
    head = "No weights were quantised" + (": the models run in the types of their own files." if not changed else ".")
    lines = ["# Calibration", "", f"{head} No calibration data was used.", ""]
    lines += ["| result | types of the weights | transformations |", "|---|---|---|"]
    lines += [f"| {one.place} | {one.types} | {one.transformations} |" for one in weights]
    return "\n".join(lines) + "\n"
