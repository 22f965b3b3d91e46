"""Where it stands how a result was made: the README of its measurement, in its tree and on the web."""

from __future__ import annotations

import re

from franca.model.result import Result

MERGED_FROM = (6, 0)  #: from this round on, measurements lie beside the logs (mlperf-inference 11.1)
_ROUND = re.compile(r"v?(\d{1,3})\.(\d{1,3})")


def readme_of(result: Result) -> str:
    """The README with the way to make a result again: its address, else its path in its tree; '' when unknown."""
    if not result.location:
        return ""
    place = f"{result.location}/README.md"
    found = _ROUND.fullmatch(result.round)
    if found and (int(found[1]), int(found[2])) < MERGED_FROM:
        place = place.replace("/results/", "/measurements/", 1)
    base = result.url.removesuffix(result.location)
    return base + place if result.url.startswith("https://") and base != result.url else place
