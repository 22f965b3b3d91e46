"""The search for Server's rate: short runs, each verdict explained and kept, within a limit of time.

A rate that is too high needs a lower one, and a lower rate needs longer for the queries that a verdict asks for: on a
busy machine, where no rate seems good, probes would grow to minutes. So the next probe is only run when it fits.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from typing import NamedTuple

from franca.mlperf.inference import peak, targets
from franca.mlperf.inference.advice import busy_words
from franca.mlperf.inference.peak import Probe
from franca.mlperf.inference.profiles import Length, Profile
from franca.mlperf.inference.results import Performance
from franca.mlperf.inference.scenarios import Scenario

PEAK_RECORD = "peak-server.json"  #: beside the scenarios
CAREFUL_RECORD = "search-server.json"
PROBE_BOUNDS = 10  #: a probe of the peak search lasts this many latency bounds at least
LEAST_PROBE = 500  #: queries of a careful probe; 459 are the least that early stopping takes
MAX_CAREFUL = 12  #: probes, each at half the rate of the one before
LEAST_PEAK_PROBE = 662  #: of a peak probe (section 7.2)

Run = tuple[str, Performance]  #: the staged folder of a run, and its result


class Budget:
    """Seconds that a search may take."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self._began = time.monotonic()

    @property
    def spent_s(self) -> float:
        return time.monotonic() - self._began

    def fits(self, seconds: float) -> bool:
        return self.spent_s + seconds <= self.limit_s


class Outcome(NamedTuple):
    """The rate to run with; or, where none was VALID, the last probe, which stands for the run."""

    choice: targets.Choice
    stands: Run | None = None


class Tools(NamedTuple):
    """What the search needs of the measurement."""

    once: Callable[[targets.Choice, Profile], Run]  #: one run
    seconds: Callable[[targets.Choice, Profile], float]  #: how long it will take
    say: Callable[[str], None]
    root: str  #: folder of the records
    identity: str
    fresh: bool  #: take no probes of an earlier search


class ServerSearch:
    """One search. ``steps`` is what was found out, line by line, for the results."""

    def __init__(self, tools: Tools, profile: Profile, bound_ms: float, budget: Budget) -> None:
        self._tools = tools
        self._profile = profile
        self._bound_ms = bound_ms
        self._budget = budget
        self._last: Run | None = None
        self._narrow = 0.0  #: highest rate that was VALID, but too close to its bound
        self.steps: list[str] = []

    def careful(self, start: targets.Choice) -> Outcome:
        """Halve the rate until a probe is VALID with room to spare: a target that holds, not the peak."""
        profile = self._probes(Length(self._profile.probe_ms, LEAST_PROBE))
        self.steps.append(start.reason)
        probes = self._known(CAREFUL_RECORD)
        keep = self._keeper(CAREFUL_RECORD)
        while len(probes) < MAX_CAREFUL and not any(probe.valid for probe in probes):
            rate = targets.halved(min(probe.rate for probe in probes)) if probes else start.value
            if rate < peak.FLOOR_QPS or not self._allowed(rate, profile):
                break
            probes.append(self._probe(rate, profile, _has_room))
            keep(probes)
        return self._outcome(peak.Peak(peak.bounds(probes)[0], probes), "taken (careful, not the peak)")

    def highest(self, start: targets.Choice, ceiling: float) -> Outcome:
        """The highest rate that is VALID in short runs; the run itself confirms it."""
        # A run that is short against its bound would end before a queue that grows for ever shows.
        length = Length(int(max(self._profile.probe_ms, PROBE_BOUNDS * self._bound_ms)), LEAST_PEAK_PROBE)
        profile = self._probes(length)
        found = peak.search(
            start.value,
            lambda rate: self._probe(rate, profile, lambda performance: True),
            known=self._known(PEAK_RECORD),
            ceiling=ceiling,
            keep=self._keeper(PEAK_RECORD),
            allowed=lambda rate: self._allowed(rate, profile),
        )
        return self._outcome(found, f"the highest VALID rate of {len(found.probes)} tried")

    def _probes(self, length: Length) -> Profile:
        return self._profile._replace(lengths={Scenario.SERVER: length})

    def _known(self, name: str) -> list[Probe]:
        tools = self._tools
        known = [] if tools.fresh else peak.read_record(os.path.join(tools.root, name), tools.identity)
        if known:
            tools.say(f"Server: {len(known)} verdicts of a search that was stopped are kept")
        return known

    def _keeper(self, name: str) -> Callable[[list[Probe]], None]:
        tools = self._tools
        return lambda probes: peak.write_record(os.path.join(tools.root, name), tools.identity, probes)

    def _allowed(self, rate: float, profile: Profile) -> bool:
        seconds = self._tools.seconds(_choice(rate), profile)
        if self._last is None or self._budget.fits(seconds):
            return True
        text = (
            f"the search ends after {self._budget.spent_s:.0f} s of {self._budget.limit_s:g} s: a probe at "
            f"{rate:g} queries/s would take {seconds:.0f} s more"
        )
        self._tools.say(f"Server: {text}")
        self.steps.append(text)
        return False

    def _probe(self, rate: float, profile: Profile, enough: Callable[[Performance], bool]) -> Probe:
        found = self._verdict(rate, profile, enough)
        seconds = self._tools.seconds(_choice(rate), profile)
        if not found.valid and found.noisy and self._budget.fits(seconds):
            self._tools.say(f"Server at {rate:g} queries/s: tried once more, as the machine was busy")
            found = self._verdict(rate, profile, enough)
        return found

    def _verdict(self, rate: float, profile: Profile, enough: Callable[[Performance], bool]) -> Probe:
        self._drop_last()
        self._last = self._tools.once(_choice(rate), profile)
        performance = self._last[1]
        good, room = performance.good, enough(performance)
        missed = [flag.name for flag in performance.flags if flag.met is False] + performance.errors[:1]
        why = "; ".join(str(tail) for tail in performance.tails)
        if good and not room:
            self._narrow = max(self._narrow, rate)
            why += f"; more than {targets.SERVER_HEADROOM:.0%} of the bound, too close to hold"
        why += f"; not met: {', '.join(missed)}" if missed else ""
        busy = busy_words(performance.host)
        why += f"; the machine was busy: {busy}" if busy and not (good and room) else ""
        word = "VALID" if good else "INVALID"
        self._tools.say(f"Server at {rate:g} queries/s: {word}, {why}")
        return Probe(rate, good and room, why, bool(busy))

    def _outcome(self, found: peak.Peak, what: str) -> Outcome:
        self.steps += found.steps
        if found.rate:
            self._drop_last()
            return Outcome(targets.Choice(found.rate, f"{found.rate:g} queries/s: {what}"))
        if self._narrow:
            self._drop_last()
            return Outcome(
                targets.Choice(self._narrow, f"{self._narrow:g} queries/s: VALID, though close to its bound")
            )
        tried = min((probe.rate for probe in found.probes), default=0.0)
        text = f"no rate was VALID; the lowest that was tried is {tried:g} queries/s"
        self._tools.say(f"Server: {text}")
        return Outcome(targets.Choice(tried, text), self._last)

    def _drop_last(self) -> None:
        if self._last is not None:
            shutil.rmtree(self._last[0], ignore_errors=True)
            self._last = None


def _choice(rate: float) -> targets.Choice:
    return targets.Choice(rate, f"try {rate:g} queries/s")


def _has_room(performance: Performance) -> bool:
    return all(tail.share <= targets.SERVER_HEADROOM for tail in performance.tails)
