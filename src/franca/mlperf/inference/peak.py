"""The highest rate at which Server is VALID, by bisection over short runs (mlperf-inference section 7.2).

Every verdict is written down before the next run starts, so a search that was stopped goes on where it was,
and asks nothing twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import msgspec

from franca.catalog.files import write_bytes_atomic

RESOLUTION = 0.03  #: the search ends when the lowest INVALID rate is this share above the highest VALID one
MAX_PROBES = 24
GROWTH = 2.0  #: step while no INVALID rate is known
FLOOR_QPS = 0.1  #: below this rate no run is tried
STEP_DOWN = 0.98  #: after an INVALID run of full length
MAX_STEPS_DOWN = 5


class Probe(msgspec.Struct, frozen=True):
    """One tried rate, queries/s, and what LoadGen said; ``why`` is for people."""

    rate: float
    valid: bool
    why: str
    noisy: bool = False  #: the machine was busy with something else


class Peak(msgspec.Struct, frozen=True):
    """The result: the highest VALID rate that was tried, 0 when none was."""

    rate: float
    probes: list[Probe]

    @property
    def steps(self) -> list[str]:
        """The search in words, one line a probe."""
        return [f"{p.rate:g} queries/s: {'VALID' if p.valid else 'INVALID'}, {p.why}" for p in self.probes]


class Record(msgspec.Struct, frozen=True):
    """What is on disk: the probes of a search of this identity."""

    identity: str
    probes: list[Probe]


def search(
    start: float,
    probe: Callable[[float], Probe],
    *,
    known: list[Probe] | None = None,
    ceiling: float = 0.0,
    keep: Callable[[list[Probe]], None] | None = None,
    allowed: Callable[[float], bool] | None = None,
) -> Peak:
    """Find the highest VALID rate.

    Args:
        start: first rate to try. known: probes of a stopped search.
        ceiling: no rate above it is tried; 0 = none. Offline's rate is one: nothing serves faster.
        keep: called with all probes after each one. allowed: asked before each one; the search ends at False.
    """
    probes = list(known or [])
    while len(probes) < MAX_PROBES:
        rate = next_rate(probes, start, ceiling)
        if rate is None or (allowed and not allowed(rate)):
            break
        probes.append(probe(rate))
        if keep:
            keep(probes)
    return Peak(bounds(probes)[0], probes)


def bounds(probes: list[Probe]) -> tuple[float, float]:
    """(highest VALID rate below every INVALID one, lowest INVALID rate); 0 where there is none.

    A VALID rate above an INVALID one is luck on a noisy machine: the lower verdict counts.
    """
    worst = min((p.rate for p in probes if not p.valid), default=0.0)
    best = max((p.rate for p in probes if p.valid and (not worst or p.rate < worst)), default=0.0)
    return best, worst


def next_rate(probes: list[Probe], start: float, ceiling: float = 0.0) -> float | None:
    """The next rate to try, or None when the search is over."""
    best, worst = bounds(probes)
    if not probes:
        rate = max(start, FLOOR_QPS)
    elif not worst:
        rate = best * GROWTH
    elif not best:
        rate = worst / GROWTH
    elif worst <= best * (1 + RESOLUTION):
        return None
    else:
        rate = (best + worst) / 2
    rate = float(f"{min(rate, ceiling) if ceiling else rate:.3g}")
    if rate < FLOOR_QPS or rate in {p.rate for p in probes}:
        return None
    return rate


def read_record(path: str, identity: str) -> list[Probe]:
    """Probes of a search that was stopped; none when it was another one.

    What was INVALID on a busy machine is left out: it may have been the machine.
    """
    try:
        with open(path, "rb") as source:
            record = msgspec.json.decode(source.read(), type=Record)
    except (OSError, msgspec.DecodeError):
        return []
    return [p for p in record.probes if p.valid or not p.noisy] if record.identity == identity else []


def write_record(path: str, identity: str, probes: list[Probe]) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_bytes_atomic(path, msgspec.json.encode(Record(identity, probes)))
