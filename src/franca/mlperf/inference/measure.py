"""Performance of one scenario: choose a target, run, correct the target when it proves wrong, judge."""

from __future__ import annotations

import os
import shutil

import msgspec

from franca.errors import Unavailable
from franca.mlperf.inference import configs, peak, system, targets
from franca.mlperf.inference.bench import Baseline, Bench
from franca.mlperf.inference.profiles import Length, Profile
from franca.mlperf.inference.results import Histogram, Overhead, Performance, read_performance
from franca.mlperf.inference.runner import watchdog_limit
from franca.mlperf.inference.scenarios import FACTS, Mode, Scenario

MAX_RUNS = 4  #: of one scenario when its target was found here and proved wrong
MAX_PROBES = 8  #: of the careful Server search
PROBE_BOUNDS = 10  #: a probe of the peak search lasts this many latency bounds at least
PEAK_RECORD = "peak-server.json"  #: beside the scenarios
MEMORY_SHARE = 0.7  #: of free memory that pre-generated queries may take


class Measurement:
    """One scenario's performance run and the search for its target."""

    def __init__(self, bench: Bench, baseline: Baseline, scenario: Scenario, identity: str = "") -> None:
        self.identity = identity
        self.bench = bench
        self.baseline = baseline
        self.scenario = scenario
        self.final = bench.tree.folder(scenario, Mode.PERFORMANCE)
        self.steps: list[str] = []

    def run(self, offline_rate: float) -> tuple[str, Performance]:
        """The staged folder of the last run, and its result.

        Args:
            offline_rate: samples/s measured in Offline, 0 when not known; the Server search starts from it.
        """
        spec = self.bench.spec
        asked = targets.asked(self.scenario, spec.targets, self.bench.given, spec.model_key)
        choice = asked or self._found(offline_rate)
        steady = bool(asked) or not self.bench.profile.search
        for left in reversed(range(self._runs())):
            self.steps.append(choice.reason)
            staged, performance = self._once(choice, self.bench.profile)
            good = performance.valid and not performance.errors
            again = None if good or steady or not left else self._corrected(performance)
            if again is None:
                break
            choice = again
            shutil.rmtree(staged)
        return staged, msgspec.structs.replace(
            performance, steps=self.steps, overhead=self._overhead(performance), folder=self.final
        )

    def _runs(self) -> int:
        return peak.MAX_STEPS_DOWN + 1 if self._peaks() else MAX_RUNS

    def _peaks(self) -> bool:
        return self.bench.spec.peak and self.scenario is Scenario.SERVER and self.bench.profile.search

    def _corrected(self, performance: Performance) -> targets.Choice | None:
        if not self._peaks():
            return targets.corrected(self.scenario, performance)
        target = performance.target_qps or 0.0
        value = float(f"{target * peak.STEP_DOWN:.4g}")
        return targets.Choice(value, f"{target:g} queries/s was INVALID at full length: 2 % less")

    def _found(self, offline_rate: float) -> targets.Choice:
        """A target that nobody asked for: fixed, searched, of an earlier run, or from the bare loop."""
        profile = self.bench.profile
        if self.scenario in profile.targets:
            value = profile.targets[self.scenario]
            return targets.Choice(value, f"{targets.target_key(self.scenario)} = {value:g} in {profile.name} runs")
        choice = targets.first_choice(self.scenario, self.baseline.rates(), offline_rate)
        if self._peaks():
            return self._peak(choice, offline_rate)
        stored = configs.stored_choice(self.bench.spec, self.scenario)
        if stored is not None:
            return stored
        return self._search(choice) if self.scenario is Scenario.SERVER and profile.search else choice

    def _peak(self, choice: targets.Choice, offline_rate: float) -> targets.Choice:
        """The highest rate that short runs find VALID; the run itself confirms it."""
        path = os.path.join(self.bench.tree.root, PEAK_RECORD)
        known = [] if self.bench.spec.rerun else peak.read_record(path, self.identity)
        if known:
            self.bench.say(f"Server peak: {len(known)} probes of a search that was stopped are kept")
        found = peak.search(
            choice.value,
            self._peak_probe,
            known=known,
            ceiling=offline_rate or targets.expected_offline(self.baseline.rates()),
            keep=lambda probes: peak.write_record(path, self.identity, probes),
        )
        self.steps += found.steps
        if not found.rate:
            return targets.Choice(choice.value, "no rate that was tried is VALID")
        return targets.Choice(found.rate, f"{found.rate:g} queries/s is the highest VALID rate of {len(found.probes)}")

    def _peak_probe(self, rate: float) -> peak.Probe:
        staged, performance = self._once(targets.Choice(rate, f"try {rate:g} queries/s"), self._probe_profile())
        shutil.rmtree(staged)
        missed = [f.name for f in performance.flags if f.met is False] + performance.errors[:1]
        why = "; ".join(str(tail) for tail in performance.tails)
        valid = performance.valid and not performance.errors
        self.bench.say(f"Server at {rate:g} queries/s: {'VALID' if valid else 'INVALID'}, {why}")
        return peak.Probe(rate, valid, why + (f"; not met: {', '.join(missed)}" if missed else ""))

    def _probe_profile(self) -> Profile:
        # 662 queries are the least that section 7.2 asks of a probe. A run that is short against its bound would
        # end before a queue that grows for ever shows.
        bound_ms = self.bench.spec.targets.server_bound_ms
        length = Length(int(max(self.bench.profile.probe_ms, PROBE_BOUNDS * bound_ms)), 662)
        return self.bench.profile._replace(lengths={Scenario.SERVER: length})

    def _search(self, choice: targets.Choice) -> targets.Choice:
        """Halve the Server target until a short probe passes with room to spare."""
        length = Length(self.bench.profile.probe_ms, 500)  # 459 queries are the least that early stopping takes
        probe = self.bench.profile._replace(lengths={Scenario.SERVER: length})
        for _ in range(MAX_PROBES):
            self.steps.append(choice.reason)
            staged, performance = self._once(choice, probe)
            shutil.rmtree(staged)
            text = f"probe at {choice.value:g} queries/s: " + "; ".join(str(tail) for tail in performance.tails)
            if performance.valid and all(tail.share <= targets.SERVER_HEADROOM for tail in performance.tails):
                return targets.Choice(choice.value, f"{text}: taken (careful, not the peak)")
            choice = targets.Choice(
                targets.halved(choice.value), f"{text}: too close or not valid, try {targets.halved(choice.value):g}"
            )
        return choice

    def _once(self, choice: targets.Choice, profile: Profile) -> tuple[str, Performance]:
        plan = self._plan(choice, profile)
        bench = self.bench
        what = "probe" if profile is not bench.profile else "performance"
        bench.say(f"{self.scenario.value} {what}, about {plan.expected_s:.0f} s: {choice.reason}")
        staged = bench.tree.stage(f"{self.scenario.slug}-{what}")
        job = bench.loadgen_job(self.scenario, Mode.PERFORMANCE, staged, plan.entries)
        child = bench.child(job, self.final, watchdog_limit(plan.expected_s, plan.queries))
        histogram = child.answer.get("histogram")
        performance = msgspec.structs.replace(
            read_performance(staged, self.scenario),
            loadgen_seconds=float(child.answer["loadgen_seconds"]),
            child_seconds=child.seconds,
            peak_memory_bytes=int(child.answer["peak_memory_bytes"]),
            estimated_power_w=child.answer.get("estimated_power_w"),
            histogram=msgspec.convert(histogram, Histogram) if histogram else None,
        )
        return staged, performance

    def _plan(self, choice: targets.Choice, profile: Profile) -> targets.Plan:
        spec, given = self.bench.spec, self.bench.given if profile is self.bench.profile else []
        bound_ms = self.bench.bound_ms(self.scenario)
        plan = targets.plan(self.scenario, profile, choice, bound_ms, given, spec.model_key)
        free = system.available_memory()
        if free and plan.memory_bytes > MEMORY_SHARE * free:
            raise Unavailable(
                f"{self.scenario.value}: LoadGen would generate {plan.queries:,.0f} queries before the run, "
                f"about {plan.memory_bytes / 1e9:.1f} GB of memory; {free / 1e9:.1f} GB are free",
                hint="use a heavier model, a lower target, or the short profile",
            )
        return plan

    def _overhead(self, performance: Performance) -> Overhead | None:
        """Against the bare loop with the batch that the scenario uses; none for Server, which is paced."""
        if self.scenario is Scenario.SERVER or not performance.duration_s:
            return None
        size = FACTS[self.scenario].samples_per_query
        loop = self.baseline.loop(size or self.bench.spec.max_batchsize)
        rate = performance.samples / performance.duration_s
        if self.scenario is Scenario.OFFLINE:
            rate, difference = performance.value, None
        else:
            difference = performance.latency.mean / 1e3 - loop.mean_s * 1e6
        return Overhead(loop.samples_per_second, rate, rate / loop.samples_per_second, difference, loop.batch)
